"""Does this engine, on this machine, answer what it answered when it was made?

Public surface: ``run_self_test``, ``SelfTestReport``, ``SelfTestCheck``. The golden picture is a
drawn face of nobody; ``assets/golden_face.json`` tells how it was made.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognition.alignment import align_faces
from recognition.contracts import Picture, Vectors
from recognition.errors import RecognitionError, SelfTestFailed
from recognition.images import decode_image
from recognition.weights import manifest, verified_path

if TYPE_CHECKING:
    from recognition.pipeline.engine import Engine

__all__ = ["SelfTestCheck", "SelfTestReport", "run_self_test"]

_ASSETS = Path(__file__).parent.parent / "assets"
_VECTOR_TOLERANCE = 1e-3
# Exchanging red and blue moves the golden vector by 0.06 in cosine distance, bf16 arithmetic by
# 0.00003: half of the first is a clear verdict.
_LEAST_SWAP_DISTANCE = 0.03
# Against YuNet's landmarks in f32. bf16 moves them by up to 1 px on real photos; MTCNN has other
# habits and lies 1.8 px off here, where the eyes are 35 px apart.
_LANDMARK_TOLERANCE_PX = {"yunet": 1.5, "mtcnn": 4.0}


@dataclass(frozen=True, slots=True)
class SelfTestCheck:
    """One question and its answer; ``detail`` is for people and has the numbers."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class SelfTestReport:
    """All checks were made, also after one failed."""

    ok: bool
    checks: tuple[SelfTestCheck, ...]

    def require(self) -> None:
        """Raise ``SelfTestFailed`` naming every failed check; silent where all is well."""
        failed = [f"{check.name}: {check.detail}" for check in self.checks if not check.ok]
        if failed:
            raise SelfTestFailed(
                "The recognition engine's self-test failed. " + " ".join(failed) + " Do not "
                "recognise anybody with it: install the pinned requirements again, or set "
                "precision to f32 and run: python -m recognition self-test"
            )


@dataclass(frozen=True, slots=True, eq=False)
class _Golden:
    data: bytes
    picture: Picture
    aligned: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    plain: Vectors
    flip: Vectors

    def expected(self, *, flip_fusion: bool) -> Vectors:
        return self.flip if flip_fusion else self.plain


def run_self_test(engine: Engine) -> SelfTestReport:
    """Run every check; none raises, a failure is an answer."""
    golden = _load_golden()
    checks: tuple[tuple[str, Callable[[], tuple[bool, str]]], ...] = (
        ("weights", lambda: _check_weights(engine)),
        ("detection", lambda: _check_detection(engine, golden)),
        ("vector", lambda: _check_vector(engine, golden)),
        ("channel order", lambda: _check_channel_order(engine, golden)),
        ("device", lambda: _check_device(engine)),  # after a run: then the runtime knows
        ("index", lambda: _check_index(engine, golden)),
    )
    answers = []
    for name, check in checks:
        try:
            ok, detail = check()
        except RecognitionError as error:
            ok, detail = False, error.message
        answers.append(SelfTestCheck(name, ok, detail))
    return SelfTestReport(all(answer.ok for answer in answers), tuple(answers))


def _load_golden() -> _Golden:
    data = (_ASSETS / "golden_face.png").read_bytes()
    stored = json.loads((_ASSETS / "golden_face.json").read_text("utf-8"))
    picture = decode_image(data).picture
    landmarks = np.array(stored["landmarks"], dtype=np.float32)
    return _Golden(
        data=data,
        picture=picture,
        aligned=align_faces(picture, [landmarks]),
        landmarks=landmarks,
        plain=np.array([stored["vector_plain"]], dtype=np.float32),
        flip=np.array([stored["vector_flip"]], dtype=np.float32),
    )


def _check_weights(engine: Engine) -> tuple[bool, str]:
    prefix = engine.info.detector
    used = [n for n in manifest() if n.startswith(f"{prefix}-") or n == engine.space.model_id]
    for weights_id in used:
        verified_path(weights_id)
    return True, f"{', '.join(used)}: every byte is as in the manifest."


def _check_detection(engine: Engine, golden: _Golden) -> tuple[bool, str]:
    (analysis,) = engine.analyse([golden.data])
    if isinstance(analysis, RecognitionError):
        return False, analysis.message
    if len(analysis.faces) != 1:
        return False, f"{len(analysis.faces)} faces were found in the golden picture, expected 1."
    found = analysis.faces[0].detection
    off_px = float(np.abs(found.landmarks - golden.landmarks).max())
    limit_px = _LANDMARK_TOLERANCE_PX[engine.info.detector]
    return off_px <= limit_px, (
        f"One face, score {found.score:.2f}, landmarks within {off_px:.2f} px of the stored ones "
        f"(limit {limit_px} px)."
    )


def _check_vector(engine: Engine, golden: _Golden) -> tuple[bool, str]:
    got = engine.embed(golden.aligned)
    expected = golden.expected(flip_fusion=engine.config.flip_fusion)
    if got.shape != expected.shape:
        return False, f"A vector of shape {got.shape} came back, expected {expected.shape}."
    if engine.choice.precision == "f32":
        off, unit = float(np.abs(got - expected).max()), "largest difference"
    else:
        off, unit = 1.0 - float(got[0] @ expected[0]), "cosine distance"
    return off <= _VECTOR_TOLERANCE, (
        f"{unit} to the stored vector {off:.1e} (limit {_VECTOR_TOLERANCE:.0e}, "
        f"{engine.choice.precision})."
    )


def _check_channel_order(engine: Engine, golden: _Golden) -> tuple[bool, str]:
    """Exchanging red and blue must lead away from the stored vector, not towards it."""
    expected = golden.expected(flip_fusion=engine.config.flip_fusion)[0]
    right, swapped = (
        1.0 - float(engine.embed(np.ascontiguousarray(crops))[0] @ expected)
        for crops in (golden.aligned, golden.aligned[..., ::-1])
    )
    return swapped - right >= _LEAST_SWAP_DISTANCE, (
        f"Cosine distance to the stored vector {right:.3f}, with red and blue exchanged "
        f"{swapped:.3f} (at least {_LEAST_SWAP_DISTANCE} more expected)."
    )


def _check_device(engine: Engine) -> tuple[bool, str]:
    asked, used = engine.choice, engine.info
    ok = (used.device, used.precision) == (asked.device, asked.precision)
    return ok, (
        f"{used.runtime} runs on {used.device} ({used.device_name}) in {used.precision}; decided "
        f"at start: {asked.device} in {asked.precision}."
    )


def _check_index(engine: Engine, golden: _Golden) -> tuple[bool, str]:
    vectors = golden.expected(flip_fusion=engine.config.flip_fusion)
    rng = np.random.default_rng(7)
    others = rng.normal(size=(31, engine.space.dimension)).astype(np.float32)
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    index = engine.new_index()
    index.upsert(["golden", *(f"other-{i}" for i in range(31))], np.vstack([vectors, others]))
    ((best, *_),) = index.search(vectors, k=3)
    index.remove(["golden"])
    ((after, *_),) = index.search(vectors, k=3)
    ok = best.person_id == "golden" and abs(best.score - 1.0) < 1e-4 and after.person_id != "golden"
    return ok, (
        f"The stored vector finds itself with {best.score:.5f}; removed, it is "
        f"{'gone' if after.person_id != 'golden' else 'still there'}."
    )
