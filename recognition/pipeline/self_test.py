"""Does this engine, on this machine, answer what it answered when it was made?

Public surface: ``run_self_test``, ``SelfTestReport``, ``SelfTestCheck``. The golden picture is a
drawn face of nobody. The shipped model's answer to it is stored beside it, an added model's in
its manifest, written when it was added.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Vectors
from recognition.errors import RecognitionError, SelfTestFailed
from recognition.models import find_model
from recognition.models.golden import GoldenFace, golden_face, shipped_golden
from recognition.weights import Golden, WeightsEntry, manifest, verified, verified_path

if TYPE_CHECKING:
    from recognition.pipeline.engine import Engine

__all__ = ["SelfTestCheck", "SelfTestReport", "run_self_test"]

_VECTOR_TOLERANCE = 1e-3
# Cosine distance by which int8 moves a vector: the golden one by 0.0009, LFW's faces by 0.0017 on
# average, three of 7,701 by more than 0.01.
_INT8_TOLERANCE = 1e-2
# Cosine distance by which bf16 moves a vector: SFace by 0.00003; 5e-3 leaves room for networks
# of a hundred layers, and is still a tenth of what another network or another crop would do.
_ADDED_BF16_TOLERANCE = 5e-3
# Exchanging red and blue moves the shipped model's golden vector by 0.09 in cosine distance, bf16
# arithmetic by 0.00003: a third of the first is a clear verdict. An added model's distance was
# measured when it was added; one that hardly looks at colours cannot be tested by them.
_LEAST_SWAP_SHARE = 1 / 3
_COLOUR_BLIND_DISTANCE = 3 * _ADDED_BF16_TOLERANCE
# Against YuNet's landmarks after the second look, f32. bf16 and MTCNN's start move them by up to
# 0.9 px here, where the eyes are 35 px apart; without the second look both are 2.4 px off.
_LANDMARK_TOLERANCE_PX = 1.5
_FIRST_LOOK_TOLERANCE_PX = 4.0


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
class _Expected:
    """The model in force, the golden face cut for it, and what it must answer."""

    item: WeightsEntry
    face: GoldenFace
    crop: NDArray[np.uint8]
    golden: Golden

    def vectors(self, *, flip_fusion: bool) -> Vectors:
        """``(1, D) float32``."""
        return np.array([self.golden.flip if flip_fusion else self.golden.plain], dtype=np.float32)


def run_self_test(engine: Engine) -> SelfTestReport:
    """Run every check; none raises, a failure is an answer."""
    try:
        expected = _expected(engine)
    except RecognitionError as error:  # the model was removed, or its manifest was changed
        return SelfTestReport(ok=False, checks=(SelfTestCheck("weights", False, error.message),))
    checks: tuple[tuple[str, Callable[[], tuple[bool, str]]], ...] = (
        ("weights", lambda: _check_weights(engine, expected)),
        ("detection", lambda: _check_detection(engine, expected)),
        ("vector", lambda: _check_vector(engine, expected)),
        ("channel order", lambda: _check_channel_order(engine, expected)),
        ("device", lambda: _check_device(engine)),  # after a run: then the runtime knows
        ("index", lambda: _check_index(engine, expected)),
    )
    answers = []
    for name, check in checks:
        try:
            ok, detail = check()
        except RecognitionError as error:
            ok, detail = False, error.message
        answers.append(SelfTestCheck(name, ok, detail))
    return SelfTestReport(all(answer.ok for answer in answers), tuple(answers))


def _expected(engine: Engine) -> _Expected:
    item = find_model(engine.space.model_id, models_dir=engine.config.models_dir)
    face = golden_face()
    return _Expected(item, face, face.crop(item.spec.crop), item.golden or shipped_golden())


def _check_weights(engine: Engine, expected: _Expected) -> tuple[bool, str]:
    prefix = engine.info.detector
    used = [name for name in manifest() if name.startswith(f"{prefix}-")]
    for weights_id in used:
        verified_path(weights_id)
    if expected.item.distribution:
        verified_path(expected.item.id)
    else:
        verified(expected.item)
    used.append(expected.item.id)
    if expected.item.space != engine.space:
        return False, (
            f"The engine answers in the space {engine.space.id}, and the manifest of "
            f"{expected.item.id} says {expected.item.space.id}. Start the engine again."
        )
    return True, f"{', '.join(used)}: every byte is as in the manifest."


def _check_detection(engine: Engine, expected: _Expected) -> tuple[bool, str]:
    # with the careful second look, which the stored landmarks come from
    (analysis,) = engine.analyse([expected.face.data], flip_fusion=True)
    if isinstance(analysis, RecognitionError):
        return False, analysis.message
    if engine.info.detector == "pre-cropped":
        return True, "Pictures are taken as crops: nothing is detected."
    if engine.info.detector == "haar" and not analysis.faces:
        return True, "The Haar cascade ran; drawn faces are none to it, so nothing more is known."
    if len(analysis.faces) != 1:
        return False, f"{len(analysis.faces)} faces were found in the golden picture, expected 1."
    found = analysis.faces[0].detection
    off_px = float(np.abs(found.landmarks - expected.face.detected).max())
    limit_px = _LANDMARK_TOLERANCE_PX if engine.config.second_look else _FIRST_LOOK_TOLERANCE_PX
    return off_px <= limit_px, (
        f"One face, score {found.score:.2f}, landmarks within {off_px:.2f} px of the stored ones "
        f"(limit {limit_px} px)."
    )


def _check_vector(engine: Engine, expected: _Expected) -> tuple[bool, str]:
    got = engine.embed(expected.crop)
    stored = expected.vectors(flip_fusion=engine.config.flip_fusion)
    if got.shape != stored.shape:
        return False, f"A vector of shape {got.shape} came back, expected {stored.shape}."
    precision, limit = engine.choice.precision, _VECTOR_TOLERANCE
    if precision == "f32":
        off, unit = float(np.abs(got - stored).max()), "largest difference"
    else:
        off, unit = 1.0 - float(got[0] @ stored[0]), "cosine distance"
        if engine.choice.int8:
            limit = _INT8_TOLERANCE
        elif precision == "bf16" and expected.item.golden is not None:
            limit = _ADDED_BF16_TOLERANCE
    return off <= limit, f"{unit} to the stored vector {off:.1e} (limit {limit:.0e}, {precision})."


def _check_channel_order(engine: Engine, expected: _Expected) -> tuple[bool, str]:
    """Exchanging red and blue must lead away from the stored vector, not towards it."""
    stored = expected.vectors(flip_fusion=engine.config.flip_fusion)[0]
    right, swapped = (
        1.0 - float(engine.embed(np.ascontiguousarray(crops))[0] @ stored)
        for crops in (expected.crop, expected.crop[..., ::-1])
    )
    if expected.golden.swap_distance < _COLOUR_BLIND_DISTANCE:
        return True, (
            f"{expected.item.id} hardly looks at colours: exchanging red and blue moved its vector "
            f"by {expected.golden.swap_distance:.3f} when it was added, {swapped:.3f} now."
        )
    least = expected.golden.swap_distance * _LEAST_SWAP_SHARE
    return swapped - right >= least, (
        f"Cosine distance to the stored vector {right:.3f}, with red and blue exchanged "
        f"{swapped:.3f} (at least {least:.3f} more expected)."
    )


def _check_device(engine: Engine) -> tuple[bool, str]:
    asked, used = engine.choice, engine.info
    possible = {asked.precision, "int8"} if asked.int8 else {asked.precision}
    ok = used.device == asked.device and used.precision in possible
    return ok, (
        f"{used.runtime} runs on {used.device} ({used.device_name}) in {used.precision}; decided "
        f"at start: {asked.device} in {asked.precision}."
    )


def _check_index(engine: Engine, expected: _Expected) -> tuple[bool, str]:
    vectors = expected.vectors(flip_fusion=engine.config.flip_fusion)
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
