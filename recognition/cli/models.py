"""``models``: which embedding models there are; add one of your own, test it, remove it."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from recognition.cli._command import Command
from recognition.cli._models_add import add_add_arguments, run_add
from recognition.cli._output import complain, print_json, print_table
from recognition.config import Device, EngineConfig, Precision
from recognition.errors import RecognitionError
from recognition.models import added_models, find_model, remove_model
from recognition.weights import WeightsEntry, manifest, verified

__all__ = ["COMMAND"]

_DESCRIPTION = """\
The weight files: those that Gatehouse ships, and embedding models that you added.

  python -m recognition models                     list them and compare every byte
  python -m recognition models verify              and compare the answers to the golden face
  python -m recognition models add FILE --id NAME --licence TEXT ...
  python -m recognition models test NAME           load time, first call, later calls
  python -m recognition models remove NAME

A model is used by naming it: --model NAME. Every model has an embedding space of its own: people
who were enrolled with one are not found by another and must be enrolled again from their photos.
"""

_ADD = """\
Check a weight file and keep it. Files ending in .onnx are ArcFace-family packs (InsightFace's,
for instance); .pt, .pth, .safetensors (facenet-pytorch's names) and .npz (TensorFlow's variable
names, exported by you) are FaceNet's Inception-ResNet-v1. A .safetensors of a network that was
trained here says itself what it is.

  models add w600k_r50.onnx --id buffalo-r50 --licence "non-commercial research" \\
      --channel-order rgb --sha256 DIGEST
  models add 20180402-114759-vggface2.pt --id facenet-vggface2 --licence MIT
  models add trained.safetensors --id site-2 --licence "our own photos, consent of 2026"
  models add facenet.npz --id facenet-2018 --licence MIT --preprocessing fixed

The file is run on a drawn face of nobody and on changed copies of it: one vector per picture, of
a sound length, the same for the same face, another for noise, independent of the batch. What a
file cannot show, you declare; what you declare is compared with what the file shows:

  channel order   one picture cannot tell red from blue first. A golden vector of the publisher
                  (--golden CROP.png:VECTOR.npy, the crop as the network takes it) decides; 20 or
                  more photos of faces (--photos FOLDER) often do; else your word is kept and
                  marked as declared.
  preprocessing   raw: 0..255. fixed: (x - 127.5) / 128. symmetric: (x - 127.5) / 127.5, as
                  InsightFace prepares a pack whose graph does not begin with Sub and Mul.
                  per_image: mean 0 and deviation 1 (FaceNet before 2018).
  alignment       arcface112-similarity: five landmarks onto ArcFace's template. box-margin: the
                  face's box and --margin pixels more, stretched to a square, as FaceNet did.

A file that is wrong is refused with the reason, and nothing is kept.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    parser.set_defaults(action=_list)
    _add_common(parser, is_outer=True)
    actions = parser.add_subparsers(metavar="ACTION")
    _action(actions, "list", _list, "list every weight file and compare its bytes (default)")
    verify = _action(
        actions, "verify", _verify, "compare bytes, and the answers to the golden face"
    )
    verify.add_argument("id", nargs="?", help="one embedding model; default all weight files")
    add = _action(actions, "add", run_add, "check a weight file and keep it", description=_ADD)
    add_add_arguments(add)
    test = _action(
        actions,
        "test",
        _test,
        "time a model: loading, first call, later calls",
        description=(
            "Load a model as a service would and time it. The first call compiles and warms up;\n"
            "p50, p95 and p99 are the times in milliseconds below which that share of the later\n"
            "calls lay. Each face is embedded with its mirror image, as in service.\n\n"
            "  python -m recognition models test sface-2021dec --calls 200"
        ),
    )
    _add_test_arguments(test)
    remove = _action(actions, "remove", _remove, "delete a model that you added")
    remove.add_argument("id", help="the model's id")


def _add_test_arguments(test: ArgumentParser) -> None:
    defaults = EngineConfig()
    test.add_argument("id", help="the model's id")
    test.add_argument("--calls", type=int, default=100, help="calls to time (default 100)")
    test.add_argument(
        "--faces",
        type=int,
        action="append",
        help="faces in a call; may be repeated (default 1 and 16)",
    )
    test.add_argument("--device", choices=get_args(Device), default=defaults.device)
    test.add_argument("--precision", choices=get_args(Precision), default=defaults.precision)
    test.add_argument("--threads", type=int, default=0, help="0 leaves it to the runtime")


def _action(
    actions: Any,
    name: str,
    run: Callable[[Namespace], int],
    summary: str,
    *,
    description: str | None = None,
) -> ArgumentParser:
    parser: ArgumentParser = actions.add_parser(
        name,
        help=summary,
        description=description or f"{summary[0].upper()}{summary[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(action=run)
    _add_common(parser, is_outer=False)
    return parser


def _add_common(parser: ArgumentParser, *, is_outer: bool) -> None:
    """The same options before and after the action; after it, none must undo one before it."""
    unset = None if is_outer else argparse.SUPPRESS
    parser.add_argument(
        "--json",
        action="store_true",
        default=False if is_outer else argparse.SUPPRESS,
        help="one JSON object",
    )
    parser.add_argument(
        "--models-dir", type=Path, default=unset, help="folder of the models that you added"
    )
    parser.add_argument(
        "--cache-dir", type=Path, default=unset, help="folder for derived weight files"
    )


def _run(options: Namespace) -> int:
    action: Callable[[Namespace], int] = options.action
    return action(options)


def _list(options: Namespace) -> int:
    return _report(options, check=_check_bytes)


def _check_bytes(item: WeightsEntry) -> str | None:
    verified(item)
    return None


def _verify(options: Namespace) -> int:
    from recognition.models.service import verify_model

    def check(item: WeightsEntry) -> str | None:
        if item.embedding is None:
            return _check_bytes(item)
        return f"golden vector off by {verify_model(item, cache_dir=options.cache_dir):.0e}"

    return _report(options, check=check)


def _report(options: Namespace, *, check: Callable[[WeightsEntry], str | None]) -> int:
    model_id: str | None = getattr(options, "id", None)
    items = [find_model(model_id, models_dir=options.models_dir)] if model_id else _all(options)
    rows = []
    for item in items:
        note = problem = None
        try:
            note = check(item)
        except RecognitionError as error:
            problem = error.message
        rows.append((item, note, problem))
    if options.json:
        print_json({"models": [_fields(*row) for row in rows]})
    else:
        print_table(
            ("", "id", "kind", "numbers", "space", "licence", "sha256", "origin"),
            [_cells(*row) for row in rows],
        )
        for item, _, problem in rows:
            if problem:
                complain(f"{item.id}: {problem}")
    return 0 if all(problem is None for _, _, problem in rows) else 1


def _all(options: Namespace) -> list[WeightsEntry]:
    return [*manifest().values(), *added_models(options.models_dir)]


def _fields(item: WeightsEntry, note: str | None, problem: str | None) -> dict[str, Any]:
    fields = asdict(item)
    del fields["golden"]
    space = None if item.embedding is None else item.space.id
    return {**fields, "space_id": space, "ok": problem is None, "note": note, "problem": problem}


def _cells(item: WeightsEntry, note: str | None, problem: str | None) -> tuple[str, ...]:
    has_space = item.embedding is not None
    origin = f"{item.origin} ({note})" if note else item.origin
    return (
        "ok" if problem is None else "FAIL",
        item.id,
        item.kind,
        str(item.spec.dimension) if has_space else "–",
        item.space.id if has_space else "–",
        item.licence,
        item.sha256[:12],
        origin,
    )


def _test(options: Namespace) -> int:
    from recognition.device import choose_device
    from recognition.models.service import time_model

    if options.calls < 1 or min(options.faces or [1]) < 1:
        complain("--calls and --faces must be at least 1.")
        return 2
    times = time_model(
        options.id,
        choice=choose_device(options.device, options.precision),
        batches=options.faces or (1, 16),
        calls=options.calls,
        threads=options.threads,
        models_dir=options.models_dir,
        cache_dir=options.cache_dir,
    )
    if options.json:
        print_json({"model": options.id, "times": [asdict(row) for row in times]})
        return 0
    print(f"{options.id} on {times[0].device} in {times[0].precision}, {options.calls} calls each")
    header = ("faces", "load ms", "first ms", "p50 ms", "p95 ms", "p99 ms", "faces/s")
    numbers = ("load_ms", "first_ms", "p50_ms", "p95_ms", "p99_ms", "faces_per_s")
    print_table(
        header,
        [(str(row.faces), *(f"{getattr(row, name):.1f}" for name in numbers)) for row in times],
    )
    return 0


def _remove(options: Namespace) -> int:
    remove_model(options.id, models_dir=options.models_dir, cache_dir=options.cache_dir)
    if options.json:
        print_json({"removed": options.id})
    else:
        print(
            f"{options.id} is removed. Vectors made with it stay where they are, and fit no other."
        )
    return 0


COMMAND = Command(
    "models",
    "list the weight files; add, verify, test and remove models",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
