"""``freeze``: an embedding network as one file for other programs."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from recognition.cli._command import Command
from recognition.cli._output import print_json
from recognition.config import DEFAULT_MODEL
from recognition.embedding_spec import Scaling

__all__ = ["COMMAND"]

_FORMATS = ("torchscript", "onnx", "safetensors")

_DESCRIPTION = """\
Write an embedding network to one file, load it again, and compare its vectors with the engine's.

  python -m recognition freeze --format onnx sface.onnx
  python -m recognition freeze --model facenet-vggface2 --format torchscript facenet.pt
  python -m recognition freeze --file trained.safetensors --format onnx trained.onnx

  torchscript   torch.jit.load, no code of ours needed (torch itself advises against it by now)
  onnx          for OpenVINO, ONNX Runtime and `models add` of another Gatehouse
  safetensors   the weights alone, by name: nothing in it can run

The network takes prepared pixels, (N, 3, S, S) float32, and the file says in its metadata how to
prepare them: crop, channel order, scaling; also the embedding size and the digest of its source
(TorchScript: the extra file gatehouse.json; ONNX: properties gatehouse.*). --file takes a network
that was trained here and is not installed (any of `networks`); `models add` takes the same file.

The difference printed is the largest between two unit vectors of the same picture, in float32.
Above 1e-5 the export has failed: exit code 1, and no file is left. Load times are from the file
to the first answer for one face, with the libraries loaded already.
"""


def _add_arguments(parser: ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--model", default=DEFAULT_MODEL, help="id, see `models list`")
    source.add_argument("--file", type=Path, help="a trained network's .safetensors")
    parser.add_argument(
        "--preprocessing", choices=get_args(Scaling), help="of --file, where it does not say"
    )
    parser.add_argument("--format", choices=_FORMATS, required=True)
    parser.add_argument("--models-dir", type=Path, help="folder of models that you added")
    parser.add_argument("--cache-dir", type=Path, help="folder for derived weight files")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("out", type=Path, metavar="OUT")


def _run(options: Namespace) -> int:
    from recognition.export.freeze import freeze_model
    from recognition.models import find_model
    from recognition.models.reading import read_trained

    if options.file is None:
        item = find_model(options.model, models_dir=options.models_dir)
    else:
        item = read_trained(options.file, scaling=options.preprocessing)
    frozen = freeze_model(item, form=options.format, out=options.out, cache_dir=options.cache_dir)
    if options.json:
        print_json({**asdict(frozen), "path": str(frozen.path), "model": item.id})
        return 0
    print(
        f"{frozen.path}: {item.id} as {frozen.form}, {frozen.size_bytes / 1e6:.1f} MB\n"
        f"  largest difference to the engine's vectors  {frozen.max_abs_diff:.1e} (limit 1e-05)\n"
        f"  load time  {frozen.load_ms:.0f} ms, from the model's own weights "
        f"{frozen.source_load_ms:.0f} ms"
    )
    return 0


COMMAND = Command(
    "freeze",
    "write a network as TorchScript, ONNX or safetensors",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
