"""What each measured quality costs recognition, on LFW made worse on purpose: the floors' origin.

    GATEHOUSE_TEST_DATA=… python -m bench.quality [--probes 300]

1,480 people are enrolled with one photo each and sought with another one, as it is and made worse
step by step. Prints the level of the measured component at each step beside the share still named
right, the levels of the photos as they are, what the floors refuse, how well covered eyes and
mouths are told from open ones, and the error-versus-reject curves. Seven minutes of one core.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.occlusions import EYE_COVERS, MOUTH_COVERS, cover
from bench.threshold_prior import engine, read_conflicts
from recognition.alignment import align_faces
from recognition.alignment.frontal import frontalise
from recognition.contracts import Face, FaceQuality, Picture
from recognition.decision import ENROLMENT_FLOORS, PROBE_FLOORS, quality_issues, threshold_for
from recognition.images import decode_image
from tests.realdata import REAL_DATA

COMPONENTS = [field.name for field in fields(FaceQuality)]


@dataclass(frozen=True, slots=True)
class Probe:
    """One photo of somebody enrolled: their row in the gallery, the pixels, the face found in them."""

    person: int
    picture: Picture
    face: Face


@dataclass(frozen=True, slots=True)
class Step:
    """One way of making pictures worse, and the components that are to show it."""

    name: str
    components: tuple[str, ...]
    amounts: tuple[float, ...]
    change: Callable[[Probe, float], Picture]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--probes", type=int, default=300, help="of 1,480; taken evenly")
    options = parser.parse_args()
    folder = REAL_DATA / "lfw"
    if not folder.is_dir():
        raise SystemExit(f"{folder} is not there; set GATEHOUSE_TEST_DATA.")
    gallery, probes = read_protocol(folder)
    threshold = threshold_for(len(gallery))
    print(f"{len(gallery)} people, {len(probes)} probes, threshold {threshold:.3f}")
    print_as_they_are(probes)
    print_rejects(gallery, probes, threshold)
    print_turned(gallery, probes, threshold)
    chosen = probes[:: max(1, len(probes) // options.probes)]
    print_steps(gallery, chosen, threshold)
    print_covered(gallery, chosen, threshold)
    print_frontal(gallery, probes, threshold)


def read_protocol(folder: Path) -> tuple[NDArray[np.float32], list[Probe]]:
    """``openset_1.json``: ``(N, D)`` templates of one photo, and a probe of everyone who has one."""
    entries: list[dict[str, str]] = json.loads((folder / "openset_1.json").read_text("utf-8"))
    disputed = read_conflicts(folder / "label_conflicts.txt")
    rows: dict[str, int] = {}
    templates: list[NDArray[np.float32]] = []
    probes: list[Probe] = []
    seen: set[str] = set()
    for role in ("enroll", "probe"):
        wanted = [
            entry
            for entry in entries
            if entry["role"] == role
            and entry["identity"] not in disputed
            and (role == "enroll" or entry["identity"] in rows)
        ]
        pictures = [decode_image((folder / entry["file"]).read_bytes()).picture for entry in wanted]
        for entry, picture, face in zip(wanted, pictures, main_faces(pictures), strict=True):
            who = entry["identity"]
            if face is None:
                continue
            if role == "enroll":
                rows[who] = len(templates)
                templates.append(face.embedding)
            elif who not in seen:
                seen.add(who)
                probes.append(Probe(rows[who], picture, face))
    return np.stack(templates), probes


def main_faces(pictures: Sequence[Picture]) -> list[Face | None]:
    return [
        analysis.faces[0] if analysis.faces else None
        for start in range(0, len(pictures), 64)
        for analysis in engine().analyse_pictures(pictures[start : start + 64])
    ]


def named_right(
    gallery: NDArray[np.float32], faces: Sequence[Face | None], people: Sequence[int], at: float
) -> tuple[float, float]:
    """The share named right, and comparisons with others that reach the threshold, of 10,000."""
    known = [(face, who) for face, who in zip(faces, people, strict=True) if face is not None]
    if not known:
        return 0.0, 0.0
    scores = np.stack([face.embedding for face, _ in known]) @ gallery.T
    own = np.array([who for _, who in known])
    best = scores.argmax(axis=1)
    right = (best == own) & (scores.max(axis=1) >= at)
    scores[np.arange(len(own)), own] = -1.0
    return float(right.sum()) / len(people), 10_000 * float((scores >= at).mean())


def values(faces: Sequence[Face | None], component: str) -> NDArray[np.float64]:
    return np.array([getattr(face.quality, component) for face in faces if face is not None])


# --- pictures made worse -------------------------------------------------------------------------


def blurred(probe: Probe, sigma: float) -> Picture:
    """``sigma`` in pixels of the aligned crop, whatever the face's size in the picture."""
    return np.asarray(cv2.GaussianBlur(probe.picture, (0, 0), sigma * _crop_px(probe)), np.uint8)


def exposed(probe: Probe, factor: float) -> Picture:
    return (probe.picture * float(factor)).clip(0, 255).astype(np.uint8)


def flattened(probe: Probe, factor: float) -> Picture:
    return ((probe.picture - 128.0) * factor + 128).clip(0, 255).astype(np.uint8)


def lit_from_the_side(probe: Probe, factor: float) -> Picture:
    """The half left of the nose gets only ``factor`` of the light; the step is soft."""
    nose_x = float(probe.face.detection.landmarks[2, 0])
    softness = 0.15 * probe.face.quality.eye_distance_px
    x = np.arange(probe.picture.shape[1])
    light = factor + (1 - factor) / (1 + np.exp(-(x - nose_x) / softness))
    return (probe.picture * light[None, :, None]).clip(0, 255).astype(np.uint8)


def shrunk(probe: Probe, eyes_px: float) -> Picture:
    ratio = eyes_px / max(probe.face.quality.eye_distance_px, 1.0)
    return np.asarray(
        cv2.resize(probe.picture, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA), np.uint8
    )


def cut_left(probe: Probe, part: float) -> Picture:
    """Only ``part`` of the width of the face's box stays in the picture; so for the others."""
    box = probe.face.detection.box
    return np.ascontiguousarray(probe.picture[:, max(int(box.x + box.width * (1 - part)), 0) :])


def cut_above(probe: Probe, part: float) -> Picture:
    box = probe.face.detection.box
    return np.ascontiguousarray(probe.picture[max(int(box.y + box.height * (1 - part)), 0) :])


def cut_below(probe: Probe, part: float) -> Picture:
    box = probe.face.detection.box
    return np.ascontiguousarray(probe.picture[: int(box.y + box.height * part)])


def _crop_px(probe: Probe) -> float:
    return probe.face.quality.eye_distance_px / 35.24  # the template's distance between the eyes


STEPS = [
    Step("blur, sigma", ("sharpness",), (1, 2, 3, 4, 5), blurred),
    Step("light times", ("brightness", "dark_fraction"), (0.25, 0.12, 0.06), exposed),
    Step("light times", ("brightness", "bright_fraction"), (1.5, 2, 3, 4), exposed),
    Step("contrast times", ("contrast", "dynamic_range_bits"), (0.25, 0.12, 0.06), flattened),
    Step(
        "side light",
        ("light_evenness", "contrast"),
        (0.5, 0.25, 0.12, 0.06, 0.03),
        lit_from_the_side,
    ),
    Step("px of eyes", ("eye_distance_px",), (16, 12, 10, 8, 6), shrunk),
    Step("left cut, rest", ("visible_fraction", "crop_left"), (0.9, 0.8, 0.7, 0.6), cut_left),
    Step("top cut, rest", ("visible_fraction", "crop_above"), (0.9, 0.8, 0.7, 0.6), cut_above),
    Step("chin cut, rest", ("visible_fraction", "crop_below"), (0.9, 0.8, 0.7, 0.6), cut_below),
]


# --- tables --------------------------------------------------------------------------------------


def print_as_they_are(probes: Sequence[Probe]) -> None:
    levels = (0.1, 0.5, 1, 5, 50, 95, 99, 99.5, 99.9)
    print("\nas they are             " + "".join(f"{level:7} %" for level in levels))
    faces = [probe.face for probe in probes]
    for name in COMPONENTS:
        at = np.percentile(values(faces, name), levels)
        print(f"  {name:22}" + "".join(f"{value:9.3f}" for value in at))
    for label, floors in (("probe", PROBE_FLOORS), ("enrolment", ENROLMENT_FLOORS)):
        reasons: dict[str, int] = {}
        refused = 0
        for face in faces:
            issues = quality_issues(face.quality, floors)
            refused += bool(issues)
            for issue in issues:
                reasons[issue] = reasons.get(issue, 0) + 1
        print(f"  {label} floors refuse {refused / len(faces):.2%}: {reasons}")


def print_steps(gallery: NDArray[np.float32], probes: Sequence[Probe], threshold: float) -> None:
    people = [probe.person for probe in probes]
    right, false = named_right(gallery, [probe.face for probe in probes], people, threshold)
    print(
        f"\n{len(probes)} probes made worse: named right; found; false matches of 10,000 "
        "comparisons; 5 %, 50 %, 95 % of the component\n"
        f"  {'as they are':22}{right:8.1%}{1:8.1%}{false:7.2f}"
    )
    for step in STEPS:
        for amount in step.amounts:
            faces = main_faces([step.change(probe, amount) for probe in probes])
            right, false = named_right(gallery, faces, people, threshold)
            found = sum(face is not None for face in faces) / len(faces)
            levels = "".join(
                f"   {name}" + "".join(f"{at:8.3f}" for at in np.percentile(some, [5, 50, 95]))
                for name in step.components
                if (some := values(faces, name)).size
            )
            print(f"  {step.name:16}{amount:6}{right:8.1%}{found:8.1%}{false:7.2f}{levels}")


def print_turned(gallery: NDArray[np.float32], probes: Sequence[Probe], threshold: float) -> None:
    """Poses cannot be made, so the photos are sorted by theirs."""
    print("\nby pose as it is: photos, named right, false matches of 10,000 comparisons")
    for name in ("yaw_degrees", "pitch_degrees"):
        angles = values([probe.face for probe in probes], name)
        edges = (
            ((0, 10), (10, 20), (20, 30), (30, 40), (40, 50), (50, 90))
            if name == "yaw_degrees"
            else ((-90, -20), (-20, -15), (-15, -10), (-10, 0), (0, 5), (5, 10), (10, 90))
        )
        measured = np.abs(angles) if name == "yaw_degrees" else angles
        for low, high in edges:
            inside = np.flatnonzero((measured >= low) & (measured < high))
            some = [probes[position] for position in inside]
            right, false = named_right(
                gallery, [p.face for p in some], [p.person for p in some], threshold
            )
            print(f"  {name:14} {low:4} to {high:3}: {len(some):5} {right:8.1%} {false:7.2f}")


def print_covered(gallery: NDArray[np.float32], probes: Sequence[Probe], threshold: float) -> None:
    people = [probe.person for probe in probes]
    clean = [probe.face for probe in probes]
    print(
        "\nparts covered: AUC against the photos as they are; below the enrolment floor; named "
        "right; found; false matches of 10,000"
    )
    floors = {
        "eyes_structure": ENROLMENT_FLOORS.min_eyes_structure,
        "mouth_structure": ENROLMENT_FLOORS.min_mouth_structure,
    }
    for component, kinds in (("eyes_structure", EYE_COVERS), ("mouth_structure", MOUTH_COVERS)):
        for kind in kinds:
            rng = np.random.default_rng(1)
            pictures = [
                cover(probe.picture, probe.face.detection.landmarks, kind, rng) for probe in probes
            ]
            faces = main_faces(pictures)
            right, false = named_right(gallery, faces, people, threshold)
            covered = values(faces, component)
            print(
                f"  {kind:12}{component:16} AUC {auc(values(clean, component), covered):.4f}"
                f"{(covered < floors[component]).mean():8.1%}{right:8.1%}"
                f"{len(covered) / len(faces):8.1%}{false:7.2f}"
            )


def auc(good: NDArray[np.float64], bad: NDArray[np.float64]) -> float:
    """The chance that a good one measures higher than a bad one; equals count half."""
    both = np.sort(bad)
    below = np.searchsorted(both, good, "left") + np.searchsorted(both, good, "right")
    return float(below.mean() / 2 / len(bad))


def print_rejects(gallery: NDArray[np.float32], probes: Sequence[Probe], threshold: float) -> None:
    """Not named at the threshold when the worst photos by one component are refused first."""
    scores = np.stack([probe.face.embedding for probe in probes])
    own = (scores * gallery[[probe.person for probe in probes]]).sum(axis=1)
    refused = (0.0, 0.01, 0.02, 0.05, 0.10, 0.20)
    print("\nerror versus reject: own score below the threshold among the rest")
    print("  refused first by       " + "".join(f"{share:8.0%}" for share in refused))
    faces = [probe.face for probe in probes]
    typical = {name: float(np.median(values(faces, name))) for name in COMPONENTS}
    two_sided = ("yaw", "yaw_degrees", "pitch_degrees", "roll_degrees", "brightness")
    for name in (*COMPONENTS, "chance"):
        if name == "chance":
            fitness = np.random.default_rng(1).random(len(faces))
        elif name in two_sided:
            fitness = -np.abs(values(faces, name) - typical[name])
        else:
            fitness = values(faces, name) * (
                -1 if name.endswith("_fraction") and name[0] in "db" else 1
            )
        order = np.argsort(fitness, kind="stable")
        errors = [float((own[order[int(s * len(own)) :]] < threshold).mean()) for s in refused]
        print(f"  {name:22}" + "".join(f"{error:8.2%}" for error in errors))


def print_frontal(gallery: NDArray[np.float32], probes: Sequence[Probe], threshold: float) -> None:
    print("\nfrontalised: photos, named right and mean own score, plain and frontalised")
    for low, high in ((0, 15), (15, 30), (30, 90)):
        some = [p for p in probes if low <= abs(p.face.quality.yaw_degrees) < high]
        own = gallery[[p.person for p in some]]
        answers = []
        for crops in (
            np.concatenate([align_faces(p.picture, [p.face.detection.landmarks]) for p in some]),
            np.stack([frontalise(p.picture, p.face.detection.landmarks) for p in some]),
        ):
            vectors = engine().embed(crops)
            scores = vectors @ gallery.T
            is_right = scores.argmax(axis=1) == [p.person for p in some]
            named = (is_right & (scores.max(axis=1) >= threshold)).mean()
            answers.append((float(named), float((vectors * own).sum(axis=1).mean())))
        (plain, plain_score), (frontal, frontal_score) = answers
        print(
            f"  yaw {low:2} to {high:2}: {len(some):5}  {plain:.1%} {plain_score:.3f}"
            f"   {frontal:.1%} {frontal_score:.3f}"
        )


if __name__ == "__main__":
    main()
