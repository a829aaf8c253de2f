"""What a measurement found, as the page shows it and as ``CalibrationRun.result`` keeps it.

Numbers, intervals, counts and curves; of people only the ids of those whom the page has to name,
and never a vector. Public surface: ``Figures`` with its parts, ``to_json``, ``from_json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

__all__ = [
    "CameraFigure",
    "Claimed",
    "Counts",
    "DetFigure",
    "Distribution",
    "Figures",
    "GrowthFigure",
    "Lacking",
    "LowMarginFigure",
    "MissedFigure",
    "NearFigure",
    "PriorFigure",
    "RuleFigure",
    "SeedFigure",
    "SizeFigure",
    "Span",
    "StrangerFigure",
    "WishFigure",
    "from_json",
    "to_json",
]


@dataclass(frozen=True, slots=True)
class Span:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class WishFigure:
    """``recognition.calibration.Wish``."""

    fpir: float
    days: float | None = None
    strangers_a_day: float | None = None


@dataclass(frozen=True, slots=True)
class StrangerFigure:
    """The share of strangers who get a name: all together, by the site's own searches alone
    (``named`` of ``people``), and by the model's own measure, which counts for ``prior_searches``."""

    rate: Span
    named: float
    people: float
    observed: float | None
    prior: float | None
    prior_searches: float
    is_supported: bool


@dataclass(frozen=True, slots=True)
class MissedFigure:
    """The share of enrolled people who are not named, and what becomes of them."""

    rate: Span
    misnamed: Span
    to_review: Span
    searches: int
    people: int


@dataclass(frozen=True, slots=True)
class RuleFigure:
    """What one threshold does here; either is None where nothing is known."""

    threshold: float
    strangers: StrangerFigure | None
    missed: MissedFigure | None


@dataclass(frozen=True, slots=True)
class CameraFigure:
    """``missed`` is None where too few people passed the camera to say; it is by the camera's own
    threshold, ``offset`` above that of the rule."""

    camera_id: str
    people: int
    searches: int
    missed: MissedFigure | None
    # Measurements of before it was kept judged every camera by the rule as it is.
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class GrowthFigure:
    """So many times the people: strangers named if the threshold stays, and the one that keeps
    the wish."""

    factor: float
    gallery_size: int
    fpir_unchanged: float
    threshold: float | None
    missed: Span | None
    is_supported: bool


@dataclass(frozen=True, slots=True)
class PriorFigure:
    """What the model's own measure on a public set would have chosen, knowing nothing of the site."""

    name: str
    measured_on: str
    threshold: float
    fpir: float
    is_extrapolated: bool
    searches: float


@dataclass(frozen=True, slots=True)
class NearFigure:
    """Two people and how alike. ``person_id`` of a stranger is that of ``review.Stranger``."""

    score: float
    person_id: str
    other_id: str


@dataclass(frozen=True, slots=True)
class SeedFigure:
    """A rule in common use, and what it would do here."""

    name: str
    promise: float
    comparisons: int
    person_id: str
    rule: RuleFigure


@dataclass(frozen=True, slots=True)
class Counts:
    """What stands behind the figures. ``refused_names`` say whom a face is not, and not who it is:
    they are counted, and are no strangers until somebody settles theirs."""

    stranger_searches: int
    stranger_comparisons: int
    people_strangers: int
    people_left_out: int
    mated_searches: int
    mated_people: int
    photos: int
    confirmed: int = 0
    refused_names: int = 0


@dataclass(frozen=True, slots=True)
class Claimed:
    """What can be said without a threshold for the wish: at ``threshold`` at most so many."""

    threshold: float
    named: float
    people: float
    fpir_at_most: float


@dataclass(frozen=True, slots=True)
class Lacking:
    """Why there is no threshold, and what would help. ``reason`` is ``too_few`` or
    ``no_threshold``."""

    reason: str
    people: float
    needed: int
    more_needed: int
    lowest_fpir: float | None
    claim: Claimed
    prior_missed: MissedFigure | None


@dataclass(frozen=True, slots=True)
class Distribution:
    """Scores counted in equal steps from ``low`` by ``step``: of an enrolled person with
    themselves, with others enrolled, and of strangers with anybody."""

    low: float
    step: float
    genuine: tuple[int, ...]
    other_enrolled: tuple[int, ...]
    stranger: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DetFigure:
    threshold: float
    fpir: float
    fnir: float


@dataclass(frozen=True, slots=True)
class SizeFigure:
    gallery_size: int
    fpir: Span


@dataclass(frozen=True, slots=True)
class LowMarginFigure:
    """Somebody enrolled to whom another came close in a search, or closer (``margin`` below 0)."""

    person_id: str
    other_id: str
    own_score: float
    other_score: float
    margin: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One measurement. ``chosen`` is None exactly where ``lacking`` says why; ``now`` is the rule
    that was in force when it was made."""

    wish: WishFigure
    gallery_size: int
    grey_band: float
    min_margin: float
    now: RuleFigure
    chosen: RuleFigure | None
    threshold: Span | None
    evidence_threshold: float | None
    prior: PriorFigure | None
    lacking: Lacking | None
    counts: Counts
    cameras: tuple[CameraFigure, ...]
    growth: tuple[GrowthFigure, ...]
    nearest_stranger: NearFigure | None
    nearest_other: NearFigure | None
    seeds: tuple[SeedFigure, ...]
    distribution: Distribution
    det: tuple[DetFigure, ...]
    sizes: tuple[SizeFigure, ...]
    low_margin: tuple[LowMarginFigure, ...] = ()


def to_json(figures: Figures) -> dict[str, Any]:
    """For a JSON field."""
    return asdict(figures)


def from_json(data: Mapping[str, Any]) -> Figures:
    """The way back. Raises ``KeyError`` or ``TypeError`` for what no measurement wrote."""
    return _read(Figures, data)  # type: ignore[no-any-return]


def _read(kind: Any, value: Any) -> Any:
    if get_origin(kind) in {Union, UnionType}:
        (kind,) = (one for one in get_args(kind) if one is not type(None))
        return None if value is None else _read(kind, value)
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], one) for one in value)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(  # type: ignore[operator]
            **{f.name: _read(hints[f.name], value[f.name]) for f in fields(kind) if f.name in value}
        )
    return value
