"""``train mtcnn``: the three networks of the detector, one after the other, and how well they find."""

from __future__ import annotations

import hashlib
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognition.cli._arguments import at_least, share
from recognition.cli._command import Command
from recognition.cli._evaluate_detection import print_scores, scored
from recognition.cli._output import complain, print_json
from recognition.cli._writing import writing
from recognition.errors import RecognitionError
from recognition.whole_files import draft_of

if TYPE_CHECKING:
    from recognition.detection.mtcnn_weights import KerasArrays
    from recognition.detection.training.cascade import CascadeOptions, StageReport
    from recognition.detection.training.samples import Stage
    from recognition.detection.training.scenes import SceneSource

__all__ = ["COMMAND", "WEIGHTS_FILE"]

WEIGHTS_FILE = "mtcnn.safetensors"
_RECORD_FILE = "training.json"
_DROPS = (0.5, 0.75, 0.92)
_DESCRIPTION = """\
Train P-Net, R-Net and O-Net, each on what those before it let through.

  python -m recognition train mtcnn --out run --made 150 --batch-size 192 --epochs 14 6 5
  python -m recognition train mtcnn --out run --wider wider_face_train_bbx_gt.txt --root WIDER/images

Pictures: made scenes (--made N, drawn by --seed), WIDER FACE's list (--wider, --root), or dlib's
imglab files (--imglab). Crops below an IoU of 0.3 are negatives, 0.4 to 0.65 parts, above 0.65
positives; a batch holds positives, parts, landmark crops and negatives 1:1:1:3, the face loss counts
its hardest 70 %, and the three losses weigh 1, 0.5, 0.5, in O-Net 1, 0.5, 1.

OUT gets mtcnn.safetensors, which the engine takes in place of the published weights, training.json
with the arguments, the number of samples and the curves, revision.json with the code's commit and
the versions, and for each finished network a file and its curves as a picture: the same command
goes on after the last of them, to the same result. WIDER's pictures have no points;
without any, landmarks stay untrained. At the end the faces of --holdout made scenes, drawn by
another seed, are looked for by ours and by the published weights.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    pictures = parser.add_argument_group("pictures")
    pictures.add_argument(
        "--made", type=at_least(1), metavar="N", help="made scenes (default 150 without others)"
    )
    pictures.add_argument("--wider", type=Path, metavar="FILE", help="WIDER FACE's list of boxes")
    pictures.add_argument("--root", type=Path, metavar="DIR", help="the folder of WIDER's pictures")
    pictures.add_argument("--imglab", type=Path, nargs="+", default=[], metavar="FILE.xml")
    pictures.add_argument(
        "--holdout", type=at_least(1), default=60, help="made scenes to judge by (default 60)"
    )
    fitting = parser.add_argument_group("fitting")
    fitting.add_argument(
        "--epochs",
        type=at_least(1),
        nargs=3,
        metavar=("P", "R", "O"),
        default=[30, 22, 22],
        help="default 30 22 22, as published",
    )
    fitting.add_argument("--batch-size", type=at_least(6), default=384, help="default 384")
    fitting.add_argument("--learning-rate", type=float, default=0.03, help="default 0.03")
    fitting.add_argument(
        "--drops",
        type=share,
        nargs="*",
        metavar="SHARE",
        default=list(_DROPS),
        help="of the epochs, where the learning rate falls to a tenth: default 0.5 0.75 0.92; "
        "published 0.27 0.63 0.9",
    )
    fitting.add_argument("--no-colour-jitter", action="store_true")
    fitting.add_argument("--seed", type=at_least(0), default=666, help="default 666")
    fitting.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    fitting.add_argument("--threads", type=at_least(0), default=0, help="0 leaves it to torch")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    import torch

    from recognition.detection.mtcnn_weights import save_mtcnn_weights
    from recognition.detection.training import MadeScenes
    from recognition.detection.training.cascade import train_cascade
    from recognition.training.records import RunFolder

    if not 0 < options.learning_rate < float("inf"):
        raise RecognitionError(
            f"--learning-rate is {options.learning_rate:g}; above 0 is needed.", code="input.range"
        )
    if options.threads:
        torch.set_num_threads(options.threads)
    out: Path = options.out
    scenes = _scenes(options)
    training = _training(options)
    record: dict[str, Any] = {"arguments": _arguments(options), "networks": {}}
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        kept = _kept(out, record)
        RunFolder(out).begin(record["arguments"])

        def finished(report: StageReport, arrays: KerasArrays) -> None:
            _keep(out, record, report, arrays)
            complain(
                f"{report.stage}: {report.samples}, accuracy {report.curve[-1].accuracy:.4f}, "
                f"{len(report.unreadable):,} pictures unreadable"
            )

        weights = train_cascade(
            scenes,
            options=training,
            kept=kept,
            finished=finished,
            report=lambda epoch: complain(
                f"{epoch.stage} {epoch.number}: loss {epoch.loss:.4f}, face {epoch.face_loss:.4f}, "
                f"box {epoch.box_loss:.4f}, landmarks {epoch.landmark_loss:.4f}, accuracy "
                f"{epoch.accuracy:.4f}"
            ),
        )
        with draft_of(out / WEIGHTS_FILE, mode=0o666) as draft:
            save_mtcnn_weights(weights, draft)
    held_out = MadeScenes(options.holdout, seed=options.seed + 1)
    scores = {
        name: scored(path, held_out)
        for name, path in (("ours", out / WEIGHTS_FILE), ("published", None))
    }
    record["held_out"] = {name: asdict(score) for name, score in scores.items()}
    with writing(out):
        _write_record(out, record)
    if options.json:
        print_json({"ok": True, "out": str(out / WEIGHTS_FILE), **record})
    else:
        print(f"{out / WEIGHTS_FILE}. On {options.holdout:,} made scenes of another seed:")
        print_scores(scores)
    return 0


def _scenes(options: Namespace) -> SceneSource:
    from recognition.detection.training import MadeScenes, read_imglab, read_wider
    from recognition.detection.training.scenes import JoinedScenes

    if (options.wider is None) != (options.root is None):
        raise RecognitionError("--wider and --root go together.", code="input.missing")
    sources: list[SceneSource] = [read_imglab(path) for path in options.imglab]
    if options.wider is not None:
        sources.append(read_wider(options.wider, root=options.root))
    if options.made is not None or not sources:
        sources.append(MadeScenes(options.made or 150, seed=options.seed))
    return sources[0] if len(sources) == 1 else JoinedScenes(sources)


def _training(options: Namespace) -> CascadeOptions:
    from recognition.detection.training.cascade import STAGES, CascadeOptions

    return CascadeOptions(
        epochs=dict(zip(STAGES, options.epochs, strict=True)),
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        drops=tuple(options.drops),
        jitters_colours=not options.no_colour_jitter,
        seed=options.seed,
        device=options.device,
    )


def _arguments(options: Namespace) -> dict[str, Any]:
    """Everything that the result depends on."""
    names = (
        *("made", "wider", "root", "imglab", "epochs", "batch_size", "learning_rate"),
        *("drops", "no_colour_jitter", "seed", "device"),
    )
    return json.loads(json.dumps({name: getattr(options, name) for name in names}, default=str))  # type: ignore[no-any-return]


def _kept(out: Path, record: dict[str, Any]) -> Mapping[Stage, KerasArrays]:
    """Networks that an interrupted run of the same arguments finished; refuses another run's."""
    from safetensors.numpy import load_file

    from recognition.detection.training.cascade import STAGES

    path = out / _RECORD_FILE
    if not path.is_file():
        return {}
    try:
        before = json.loads(path.read_text("utf-8"))
        # Earlier versions had these drops and noted none.
        is_same = {"drops": list(_DROPS), **before["arguments"]} == record["arguments"]
        networks = before["networks"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecognitionError(
            f"{path} is no record of a training ({error}). Name another --out.",
            code="detector_training.record",
        ) from error
    if not is_same:
        raise RecognitionError(
            f"{out} holds a training with other arguments: {before['arguments']}. Name another "
            "--out, or give the same ones to go on with it.",
            code="detector_training.record",
        )
    kept: dict[Stage, KerasArrays] = {}
    for stage in STAGES:
        file = out / f"{stage}.safetensors"
        if (
            stage not in networks
            or not file.is_file()
            or networks[stage]["sha256"] != _digest(file)
        ):
            break  # what follows was trained on this one's errors
        tensors = load_file(file)
        kept[stage] = tuple(tensors[name] for name in sorted(tensors))
        record["networks"][stage] = networks[stage]
    return kept


def _keep(out: Path, record: dict[str, Any], report: StageReport, arrays: KerasArrays) -> None:
    from safetensors.numpy import save_file

    from recognition.training.curves import save_learning_curves

    path = out / f"{report.stage}.safetensors"
    with draft_of(path, mode=0o666) as draft:
        save_file({f"{number:02d}": array for number, array in enumerate(arrays)}, draft)
    record["networks"][report.stage] = {
        "sha256": _digest(path),
        "samples": report.samples,
        "unreadable": list(report.unreadable),
        "curve": [asdict(epoch) for epoch in report.curve],
    }
    _write_record(out, record)
    rows = [{"epoch": epoch.number, **asdict(epoch)} for epoch in report.curve]
    save_learning_curves(out / f"learning_curves_{report.stage}.png", rows)


def _write_record(out: Path, record: dict[str, Any]) -> None:
    with draft_of(out / _RECORD_FILE, mode=0o666) as draft:
        draft.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


COMMAND = Command(
    "mtcnn", "the detector's three networks, with hard examples", _DESCRIPTION, _add_arguments, _run
)
