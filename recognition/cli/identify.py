"""``identify``: who of an enrolled folder is in these pictures (1:N), or nobody."""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recognition.classification import NamingScores, score_names
from recognition.cli._arguments import add_profile_argument, cosine
from recognition.cli._command import Command
from recognition.cli._engine import add_engine_arguments, open_engine
from recognition.cli._faces import (
    People,
    find_pictures,
    pictures_with_faces,
    read_people,
    report_problems,
    usable_threshold,
)
from recognition.cli._names import print_scores
from recognition.cli._output import print_json, print_table
from recognition.config import DEFAULT_MODEL
from recognition.contracts import Decision, EmbeddingSpace, Face, VectorIndex
from recognition.decision import DecisionPolicy
from recognition.decision.comparison import (
    PROFILES,
    ComparisonProfile,
    false_match_rate,
    identify,
)
from recognition.decision.intra_class import IntraClassRule, intra_class_rule
from recognition.errors import RecognitionError
from recognition.geometry.centring import centred

if TYPE_CHECKING:
    from recognition.index import TemplateMode
    from recognition.pipeline import Engine

__all__ = ["COMMAND"]

_DESCRIPTION = """\
Enrol PEOPLE/<name>/<photo> and say for every face of the pictures who it is, or that it is nobody
enrolled.

  python -m recognition identify people/ door/*.jpg
  python -m recognition identify people/ door/*.jpg --rule max-intra
  python -m recognition identify people/ probes/ --truth

--rule threshold (default): one template a person, the mean of their photos. A face is named from
the threshold on, unless a second person is nearly as similar ("too close"); slightly below it the
decision is "uncertain". The threshold follows from the share of strangers that may be named (FPIR,
set by the profile) and from how many people are enrolled.
--rule max-intra: every photo is kept. T is the greatest distance between two photos of one person,
over all people; a face is named after its nearest photo if that is no farther than T. Whoever has
the widest photos sets T for everybody: one poor or wrong photo is enough to name every stranger. So
they are named, beside the share of strangers that T lets in.

decision: match, uncertain (let somebody look), unknown, poor (too bad to judge), with the reason,
the score (cosine), the margin to the second person, and the nearest people.
--truth judges the main face of each picture, takes its folder for the name, and prints rank-1,
right names and the share of strangers named. Exit code 1: a picture or photo was left out.
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Gallery:
    """``rule`` is set for ``max-intra`` only."""

    index: VectorIndex
    policy: DecisionPolicy
    rule: IntraClassRule | None


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    path: Path
    face: Face
    decision: Decision


def _add_arguments(parser: ArgumentParser) -> None:
    add_engine_arguments(parser)
    parser.add_argument("people", type=Path, metavar="PEOPLE")
    parser.add_argument("inputs", nargs="+", type=Path, metavar="FILE_OR_FOLDER")
    parser.add_argument("--rule", choices=("threshold", "max-intra"), default="threshold")
    add_profile_argument(parser)
    parser.add_argument("--threshold", type=cosine, help="a cosine in place of the profile's")
    parser.add_argument("--truth", action="store_true", help="score against the folders' names")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _run(options: Namespace) -> int:
    if options.rule == "max-intra" and options.threshold is not None:
        raise RecognitionError(
            "The rule max-intra finds its own threshold; leave --threshold out, or use the rule "
            "threshold.",
            code="input.contradiction",
        )
    files = find_pictures(options.inputs)
    engine = open_engine(options)
    profile = PROFILES[options.profile]
    people = read_people(engine, options.people, floors=profile.enrolment_floors)
    if options.rule == "max-intra":
        gallery = _all_photos(engine, people, profile)
    else:
        gallery = _mean_templates(engine, people, profile, options.threshold)
    problems = dict(people.problems)
    judged = _judge(engine, files, gallery, problems, main_only=options.truth)
    enrolled = sorted(set(people.names))
    scores = _scores(judged, enrolled) if options.truth else None
    if options.json:
        print_json(
            {
                "rule": options.rule,
                "profile": profile.name,
                "people": len(enrolled),
                "photos": len(people.names),
                "threshold": gallery.policy.threshold,
                "max_intra": _rule_fields(gallery.rule) if gallery.rule else None,
                "faces": [_fields(item) for item in judged],
                "scores": asdict(scores) if scores else None,
                "problems": {str(path): message for path, message in problems.items()},
            }
        )
        return 1 if problems else 0
    _print_faces(judged)
    print(_about_threshold(gallery, engine.space, profile, people))
    if scores:
        print_scores(scores)
    return report_problems(problems)


def _mean_templates(
    engine: Engine, people: People, profile: ComparisonProfile, asked: float | None
) -> _Gallery:
    limit = usable_threshold(
        engine.space, asked, default=profile.identification_threshold(len(set(people.names)))
    )
    policy = DecisionPolicy(limit, floors=profile.probe_floors)
    return _Gallery(_enrol(engine, people, "fused"), policy, None)


def _all_photos(engine: Engine, people: People, profile: ComparisonProfile) -> _Gallery:
    try:
        vectors = centred(people.vectors, mean=engine.site_mean(people.vectors))
        rule = intra_class_rule(vectors, person_ids=people.names)
        policy = rule.policy(floors=profile.probe_floors)
    except ValueError as error:
        raise RecognitionError(str(error), code="input.unsuitable") from error
    return _Gallery(_enrol(engine, people, "best_of"), policy, rule)


def _enrol(engine: Engine, people: People, mode: TemplateMode) -> VectorIndex:
    from recognition.index import PersonGallery

    gallery = PersonGallery(engine.space, mode=mode, index=engine.new_index())
    gallery.upsert(people.names, people.vectors)
    return gallery


def _judge(
    engine: Engine,
    files: Sequence[Path],
    gallery: _Gallery,
    problems: dict[Path, str],
    *,
    main_only: bool,
) -> list[_Judged]:
    judged: list[_Judged] = []
    for path, analysis in pictures_with_faces(engine, files, problems=problems):
        faces = analysis.faces[:1] if main_only else analysis.faces
        decisions = identify(
            gallery.index,
            np.stack([face.embedding for face in faces]),
            qualities=[face.quality for face in faces],
            policy=gallery.policy,
        )
        judged += [
            _Judged(path, face, decision) for face, decision in zip(faces, decisions, strict=True)
        ]
    return judged


def _scores(judged: Sequence[_Judged], enrolled: Sequence[str]) -> NamingScores:
    return score_names(
        [item.path.parent.name.replace("_", " ") for item in judged],
        best=[
            item.decision.candidates[0].person_id if item.decision.candidates else None
            for item in judged
        ],
        named=[
            item.decision.person_id if item.decision.kind == "match" else None for item in judged
        ],
        known=enrolled,
    )


def _print_faces(judged: Sequence[_Judged]) -> None:
    print_table(
        ("picture", "at", "decision", "name", "score", "margin", "reason", "nearest"),
        [
            (
                str(item.path),
                f"{item.face.detection.box.x:.0f},{item.face.detection.box.y:.0f}",
                item.decision.kind,
                item.decision.person_id or "–",
                _number(item.decision.score),
                _number(item.decision.margin),
                item.decision.reason.replace("_", " "),
                ", ".join(f"{c.person_id} {c.score:.2f}" for c in item.decision.candidates[:3]),
            )
            for item in judged
        ],
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _about_threshold(
    gallery: _Gallery, space: EmbeddingSpace, profile: ComparisonProfile, people: People
) -> str:
    limit, count = gallery.policy.threshold, len(set(people.names))
    is_known = space.model_id == DEFAULT_MODEL
    rate = str(false_match_rate(limit)) if is_known else "an unknown rate"
    text = (
        f"\n{count:,} people, named from a cosine of {limit:.4f} on. A stranger's face reaches it "
        f"with any one template at a rate of {rate}."
    )
    if gallery.rule is None:
        return text
    widest = gallery.rule.widest
    text += (
        f"\nT = {gallery.rule.distance:.4f}, the distance between two of the {widest.photos} photos "
        f"of {widest.person_id}: look at them."
    )
    if is_known:
        photos = len(people.names)
        named = -math.expm1(photos * math.log1p(-false_match_rate(limit).value))
        calibrated = profile.identification_threshold(photos)
        text += (
            f" At T, about {named:.1%} of strangers would be given a name among {photos:,} photos; "
            f"for {profile.fpir:.1%}, the profile {profile.name}, a cosine of {calibrated:.4f} is "
            "needed."
        )
    return text


def _rule_fields(rule: IntraClassRule) -> dict[str, Any]:
    return {
        "distance": rule.distance,
        "widest": asdict(rule.widest),
    }


def _fields(item: _Judged) -> Mapping[str, Any]:
    return {
        "file": str(item.path),
        "box": asdict(item.face.detection.box),
        **asdict(item.decision),
    }


COMMAND = Command(
    "identify",
    "who of an enrolled folder is in these pictures, or nobody",
    _DESCRIPTION,
    _add_arguments,
    _run,
)
