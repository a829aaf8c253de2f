"""``models add``: the options, and the evidence that they name. See ``recognition.cli.models``."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from recognition.cli._output import print_json
from recognition.embedding_spec import Alignment, CropSpec, MarginConvention, OutputNorm, Scaling
from recognition.errors import ImageRejected, ModelRejected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from recognition.models.evidence import Evidence, GoldenPair

__all__ = ["add_add_arguments", "run_add"]

_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
_MAX_PHOTOS = 200


def add_add_arguments(parser: ArgumentParser) -> None:
    """Everything that ``models add`` takes besides the common options."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--id", required=True, help="the name that you will use: a-z 0-9 . _ -")
    parser.add_argument("--licence", required=True, help="under which you may use it")
    parser.add_argument("--origin", default="", help="where it comes from (default: file name)")
    parser.add_argument("--sha256", help="the digest that the publisher names")
    parser.add_argument("--channel-order", choices=("auto", "rgb", "bgr"), default="auto")
    parser.add_argument("--preprocessing", choices=("auto", *get_args(Scaling)), default="auto")
    parser.add_argument("--alignment", choices=("auto", *get_args(Alignment)), default="auto")
    parser.add_argument("--size", type=int, help="input size in px, where the file takes any")
    parser.add_argument("--margin", type=int, help="of box-margin, in px (default 32)")
    parser.add_argument(
        "--margin-convention",
        choices=get_args(MarginConvention),
        help="facenet: pixels of the photo (default); facenet-pytorch: pixels of the crop, which "
        "frames small and large faces alike",
    )
    parser.add_argument("--dimension", type=int, help="refuse the file if it has another")
    parser.add_argument(
        "--output-norm", choices=get_args(OutputNorm), help="refuse the file if it has another"
    )
    parser.add_argument(
        "--golden", type=_golden_argument, metavar="CROP:VECTOR", help="CROP.png:VECTOR.npy"
    )
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="photos of faces, in colour")


def run_add(options: Namespace) -> int:
    """Admit the model; what is wrong with it is raised as ``ModelRejected``."""
    from recognition.models.admission import Declaration, admit_model

    declaration = Declaration(
        id=options.id,
        licence=options.licence,
        origin=options.origin,
        sha256=options.sha256,
        channel_order=_declared(options.channel_order),
        scaling=_declared(options.preprocessing),
        alignment=_declared(options.alignment),
        size_px=options.size,
        margin_px=options.margin,
        margin_convention=options.margin_convention,
        dimension=options.dimension,
        output_norm=options.output_norm,
    )
    admission = admit_model(
        options.file, declaration, evidence=_evidence(options), models_dir=options.models_dir
    )
    item = admission.item
    if options.json:
        print_json({"added": item.id, "space_id": item.space.id, "findings": admission.findings})
        return 0
    for finding in admission.findings:
        print(f"ok   {finding}")
    print(
        f"{item.id} is added: {item.spec.dimension} numbers, {item.space.preprocessing}, embedding "
        f"space {item.space.id}, in {item.folder}.\n"
        f"Prove it: python -m recognition self-test --model {item.id}"
    )
    return 0


def _declared(choice: str) -> Any:
    return None if choice == "auto" else choice


def _golden_argument(text: str) -> tuple[Path, Path]:
    picture, _, vector = text.rpartition(":")
    if not picture or not vector.endswith(".npy"):
        raise ArgumentTypeError(f"{text!r} is not CROP:VECTOR.npy")
    return Path(picture), Path(vector)


def _evidence(options: Namespace) -> Evidence:
    from recognition.models.evidence import Evidence

    golden = _golden_pair(*options.golden) if options.golden else None
    if options.photos is None:
        return Evidence(golden=golden)
    return Evidence(golden=golden, faces=partial(_faces, options.photos, options.cache_dir))


def _golden_pair(picture: Path, vector: Path) -> GoldenPair:
    import numpy as np

    from recognition.images import decode_image
    from recognition.models.evidence import GoldenPair

    try:
        crop = decode_image(picture.read_bytes()).picture
        numbers = np.load(vector, allow_pickle=False)
    except (OSError, ValueError, EOFError, ImageRejected) as error:
        raise ModelRejected(
            f"The golden pair {picture}:{vector} cannot be read: {error}", code="model.golden"
        ) from error
    return GoldenPair(crop, np.asarray(numbers, dtype=np.float32).ravel())


def _faces(folder: Path, cache_dir: Path | None, spec: CropSpec) -> NDArray[np.uint8]:
    """The surest face of each photo, cut as the network will take it."""
    import numpy as np

    from recognition.config import EngineConfig
    from recognition.embedding.cutting import cut_face
    from recognition.images import decode_image
    from recognition.pipeline import load_engine

    files = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in _PICTURES]
    engine = load_engine(EngineConfig(device="cpu", cache_dir=cache_dir))
    crops: list[NDArray[np.uint8]] = []
    for path in files[:_MAX_PHOTOS]:
        try:
            picture = decode_image(path.read_bytes()).picture
        except (OSError, ImageRejected):
            continue
        (found,) = engine.detect([picture])
        crops.extend(cut_face(picture, detection, spec=spec) for detection in found[:1])
    engine.close()
    if not crops:
        raise ModelRejected(
            f"No face was found in the {len(files)} photos of {folder}.",
            code="model.photos",
        )
    return np.stack(crops)
