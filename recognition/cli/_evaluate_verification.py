"""The one-to-one figures that several evaluations print: points, intervals, calibration, plots.

Public surface: ``ScoredPairs``, ``Draws``, ``draw``, ``verification_figures``.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.cli._evaluate_report import plot_path
from recognition.evaluation.bootstrap import (
    Interval,
    bootstrap_points,
    bootstrap_share,
    draw_people,
    pair_weights,
)
from recognition.evaluation.calibration import (
    Reliability,
    cross_fitted,
    fit_isotonic,
    fit_logistic,
    reliability,
)
from recognition.evaluation.report import Measure, percent, thinned
from recognition.evaluation.verification import (
    OperatingPoint,
    RocCurve,
    area_under,
    equal_error_rate,
    operating_point,
    precision_recall,
    roc_curve,
)

__all__ = ["Draws", "ScoredPairs", "VerificationFigures", "draw", "verification_figures"]


@dataclass(frozen=True, slots=True, eq=False)
class ScoredPairs:
    """Scores ``(N,)``, whether each pair is genuine, its fold, and whom it shows (or nobody knows)."""

    scores: NDArray[np.float64]
    is_genuine: NDArray[np.bool_]
    fold: NDArray[np.int64]
    first: Sequence[str] = ()
    second: Sequence[str] = ()


@dataclass(frozen=True, slots=True, eq=False)
class VerificationFigures:
    """Rows for the table, details for the JSON, and the plots that were drawn."""

    rows: list[Measure]
    details: dict[str, Any]
    plots: list[Path]


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """How often each pair counts in each bootstrap draw, ``(replicates, N)``, of so many people."""

    weights: NDArray[np.int64]
    people: int

    def share_interval(
        self, is_true: NDArray[np.bool_], *, among: NDArray[np.bool_] | None = None
    ) -> Interval:
        """Of all pairs, or of those ``among`` which the share is meant."""
        if among is None:
            return bootstrap_share(is_true, self.weights, people=self.people)
        return bootstrap_share(is_true[among], self.weights[:, among], people=self.people)


def draw(pairs: ScoredPairs, options: Namespace) -> Draws | None:
    """The draws that the options ask for, or None; without names every pair is drawn for itself."""
    if options.replicates < 1:
        return None
    if not pairs.first:
        count = len(pairs.scores)
        return Draws(draw_people(count, replicates=options.replicates, seed=options.seed), count)
    names, codes = np.unique([*pairs.first, *pairs.second], return_inverse=True)
    drawn = draw_people(len(names), replicates=options.replicates, seed=options.seed)
    weights = pair_weights(drawn, codes[: len(pairs.first)], codes[len(pairs.first) :])
    return Draws(weights, len(names))


def verification_figures(
    pairs: ScoredPairs,
    *,
    options: Namespace,
    rates: Sequence[float],
    draws: Draws | None,
    name: str,
) -> VerificationFigures:
    """TMR at each FMR with intervals, EER, AUC, calibration; and the curves drawn where asked."""
    curve = roc_curve(pairs.scores, pairs.is_genuine)
    points = [operating_point(curve, fmr=rate) for rate in rates]
    intervals: list[tuple[Interval, Interval]] | list[tuple[None, None]] = [(None, None)] * len(
        rates
    )
    if draws is not None:
        intervals = bootstrap_points(
            pairs.scores,
            is_genuine=pairs.is_genuine,
            weights=draws.weights,
            rates=rates,
            people=draws.people,
        )
    rows: list[Measure] = []
    for point, (tmr, threshold) in zip(points, intervals, strict=True):
        rows += _point_rows(point, tmr, threshold)
    eer, eer_threshold = equal_error_rate(curve)
    precision, _ = precision_recall(curve)
    at = int(np.searchsorted(-curve.thresholds, -eer_threshold))
    rows += [
        Measure("EER", eer, cases=len(pairs.scores), remark=f"at cosine {eer_threshold:.4f}"),
        Measure("AUC", area_under(curve), cases=len(pairs.scores), is_share=False),
        Measure("precision at the EER", float(precision[at]), cases=len(pairs.scores),
                remark=f"recall {percent(float(curve.tmr[at]))}"),
    ]  # fmt: skip
    calibrations = _calibrations(pairs)
    rows += [
        Measure(f"ECE, {kind}", found.ece, cases=len(pairs.scores),
                remark=f"Brier {found.brier:.4f}; fitted on the other folds", is_share=False)
        for kind, found in calibrations.items()
    ]  # fmt: skip
    plots: list[Path] = []
    if options.plots is not None:
        plots = _draw(
            pairs,
            curve=curve,
            points=points,
            calibrations=calibrations,
            options=options,
            name=name,
        )
    fmr, fnmr, thresholds = thinned(curve.fmr, curve.fnmr, curve.thresholds)
    return VerificationFigures(
        rows,
        {
            "points": points,
            "det": {"fmr": fmr, "fnmr": fnmr, "threshold": thresholds},
            "calibration": calibrations,
        },
        plots,
    )


def _point_rows(
    point: OperatingPoint, tmr: Interval | None, threshold: Interval | None
) -> list[Measure]:
    label = f"{point.target_fmr:g}"
    remark = f"{point.false_matches:,} of {point.impostors:,} impostor pairs match"
    return [
        Measure(f"TMR at FMR {label}", point.tmr, tmr, point.genuine,
                "; ".join(filter(None, [remark, point.note]))),
        Measure(f"threshold at FMR {label}", point.threshold, threshold, point.impostors,
                "cosine", is_share=False),
    ]  # fmt: skip


def _calibrations(pairs: ScoredPairs) -> dict[str, Reliability]:
    """Logistic and isotonic, each judged on folds that it was not fitted on; empty for one fold."""
    if len(np.unique(pairs.fold)) < 2:
        return {}
    return {
        name: reliability(
            cross_fitted(pairs.scores, pairs.is_genuine, fold=pairs.fold, fit=fit),
            pairs.is_genuine,
        )
        for name, fit in (("logistic", fit_logistic), ("isotonic", fit_isotonic))
    }


def _draw(
    pairs: ScoredPairs,
    *,
    curve: RocCurve,
    points: Sequence[OperatingPoint],
    calibrations: dict[str, Reliability],
    options: Namespace,
    name: str,
) -> list[Path]:
    from recognition.evaluation import plots

    point = points[-1]
    says = f"{percent(point.tmr)} of genuine pairs match where {percent(point.fmr)} of impostors do"
    paths = {kind: plot_path(options, f"{name}_{kind}") for kind in ("roc", "det", "scores")}
    plots.save_roc(paths["roc"], curve, title=says)
    eer, _ = equal_error_rate(curve)
    plots.save_det(paths["det"], curve, title=f"Both errors are equal at {percent(eer)}")
    genuine, impostors = pairs.scores[pairs.is_genuine], pairs.scores[~pairs.is_genuine]
    plots.save_histogram(
        paths["scores"], genuine, impostors, threshold=point.threshold,
        title=f"Genuine pairs score {np.median(genuine):.2f}, impostors {np.median(impostors):.2f} (medians)",
    )  # fmt: skip
    if calibrations:
        paths["calibration"] = plot_path(options, f"{name}_calibration")
        best = min(calibrations, key=lambda kind: calibrations[kind].ece)
        plots.save_calibration(
            paths["calibration"], calibrations,
            title=f"Stated probabilities are off by {percent(calibrations[best].ece)} on average ({best})",
        )  # fmt: skip
    return list(paths.values())
