"""``manage.py calibrate --data DIR``: the threshold for a folder of labelled photos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.calibration import words
from portal.calibration.figures import Figures, MissedFigure, Span
from portal.core.commands import acting_as_command
from portal.core.errors import DomainError
from recognition.calibration import Wish
from recognition.errors import RecognitionError
from workers.calibration.folder import Refused, measure_folder, read_folder
from workers.engine_host import EngineHost

# As `grep` has 1 for "nothing found" and 2 for "amiss": 3 is "not enough to say".
INSUFFICIENT: Final = 3


class Command(BaseCommand):
    help = (
        "Measure the match threshold on labelled photos: one folder a person, and people who are "
        "not enrolled in the folder _strangers. Nothing is stored. The exit status is 3 where the "
        "photos are too few for the error that is asked for; what is missing is printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, required=True, metavar="DIR")
        parser.add_argument(
            "--fpir",
            type=float,
            default=0.01,
            help="the share of strangers who may be given a name (default 0.01: 1 in 100)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        with acting_as_command("calibrate"):
            try:
                wish = Wish(options["fpir"])
                folder = read_folder(options["data"])
                host = EngineHost.build(owner="calibrate")
                outcome = measure_folder(host, folder, wish=wish)
            except (DomainError, RecognitionError) as error:
                raise CommandError(error.message) from error
        if options["json"]:
            content = _json(outcome.figures, outcome.refused, outcome.photos)
            self.stdout.write(json.dumps(content, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(_lines(outcome.figures, outcome.refused)))
        lacking = outcome.figures.lacking
        if lacking is not None:
            raise CommandError(_missing(outcome.figures), returncode=INSUFFICIENT)


def _missing(figures: Figures) -> str:
    lacking = figures.lacking
    if lacking is None:
        return ""
    if lacking.reason == "too_few":
        return (
            f"Insufficient data: {words.count(lacking.more_needed)} more people are needed who are "
            f"not enrolled, or enrolled, to see an error of 1 in {words.count(lacking.needed)}; "
            f"{words.count(lacking.people)} are there."
        )
    return (
        "No threshold grants this: even the highest similarity names too many. Somebody is in two "
        "folders, or in _strangers and enrolled."
    )


def _json(figures: Figures, refused: tuple[Refused, ...], photos: int) -> dict[str, Any]:
    chosen, lacking, counts = figures.chosen, figures.lacking, figures.counts
    found: dict[str, Any] = {
        "state": "done" if lacking is None else "insufficient",
        "wish": {"fpir": figures.wish.fpir},
        "gallery_size": figures.gallery_size,
        "threshold": chosen.threshold if chosen else None,
        "threshold_interval": _ends(figures.threshold),
        "fpir": _span(chosen.strangers.rate) if chosen and chosen.strangers else None,
        "fnir": _missed(chosen.missed) if chosen else None,
        "evidence_threshold": figures.evidence_threshold,
        "prior": {
            "name": figures.prior.name,
            "measured_on": figures.prior.measured_on,
            "threshold": figures.prior.threshold,
        }
        if figures.prior
        else None,
        "comparisons": counts.stranger_comparisons,
        "counts": {
            "photos": photos,
            "people": figures.gallery_size,
            "strangers": counts.people_strangers,
            "people_left_out": counts.people_left_out,
            "stranger_searches": counts.stranger_searches,
            "mated_searches": counts.mated_searches,
            "mated_people": counts.mated_people,
        },
        "unusable": [{"file": str(one.path), "reason": one.reason} for one in refused],
    }
    if lacking is not None:
        found["missing"] = {
            "reason": lacking.reason,
            "people": lacking.people,
            "needed": lacking.needed,
            "more_needed": lacking.more_needed,
            "lowest_fpir": lacking.lowest_fpir,
            "claim": {
                "threshold": lacking.claim.threshold,
                "fpir_at_most": lacking.claim.fpir_at_most,
            },
        }
    return found


def _ends(span: Span | None) -> list[float] | None:
    return None if span is None else [span.low, span.high]


def _span(span: Span) -> dict[str, float]:
    return {"value": span.value, "low": span.low, "high": span.high}


def _missed(missed: MissedFigure | None) -> dict[str, float] | None:
    return None if missed is None else _span(missed.rate)


def _lines(figures: Figures, refused: tuple[Refused, ...]) -> list[str]:
    counts, chosen = figures.counts, figures.chosen
    whose = (
        f"{words.count(figures.gallery_size)} people with {words.count(counts.photos)} photos, "
        f"{words.count(counts.people_strangers)} strangers: "
        f"{words.count(counts.stranger_comparisons)} comparisons of different people."
    )
    lines = [
        whose,
        f"Asked for: {words.one_in(figures.wish.fpir)} strangers named at most.",
    ]
    if chosen is not None and figures.threshold is not None:
        lines.append(
            f"Threshold {chosen.threshold:.4f} "
            f"(95 % sure: {figures.threshold.low:.4f} to {figures.threshold.high:.4f})."
        )
        if chosen.strangers is not None:
            rate = chosen.strangers.rate
            said = words.one_in_with_interval(rate.value, rate.low, rate.high)
            lines.append(f"Strangers named: {said}.")
        if chosen.missed is not None:
            rate = chosen.missed.rate
            said = words.with_interval(rate.value, rate.low, rate.high)
            lines.append(f"Enrolled people missed: {said}.")
        else:
            lines.append("Enrolled people missed: not measured, nobody has two photos.")
    elif figures.lacking is not None:
        claim = figures.lacking.claim
        lines.append(
            f"What can be claimed: at {claim.threshold:.4f} at most "
            f"{words.one_in(claim.fpir_at_most)} strangers are named (95 % sure)."
        )
    if figures.prior is not None:
        lines.append(
            f"The model's own measure alone ({figures.prior.measured_on}) says "
            f"{figures.prior.threshold:.4f}."
        )
    if figures.nearest_other is not None:
        near = figures.nearest_other
        lines.append(f"Nearest two people: {near.person_id} and {near.other_id}, {near.score:.3f}.")
    if figures.nearest_stranger is not None:
        near = figures.nearest_stranger
        lines.append(f"Nearest stranger: {near.person_id} to {near.other_id}, {near.score:.3f}.")
    if refused:
        lines.append(f"Not usable, {len(refused)}:")
        lines += [f"  {one.path}: {one.reason}" for one in refused]
    return lines
