"""How commands print who a face is. Public surface: ``prediction_cells``, ``print_scores``."""

from __future__ import annotations

from recognition.classification import NamingScores, Prediction

__all__ = ["prediction_cells", "print_scores"]


def prediction_cells(prediction: Prediction) -> tuple[str, str, str, str]:
    """Name, probability, cosine, and for an unknown face the reason."""
    because = {
        "accepted": "",
        "improbable": f"perhaps {prediction.best}, but improbable",
        "unlike": f"unlike the photos of {prediction.best}, the nearest",
    }[prediction.reason]
    return (
        prediction.name or "unknown",
        f"{prediction.probability:.4f}",
        f"{prediction.cosine:.4f}",
        because,
    )


def print_scores(scores: NamingScores) -> None:
    """Accuracy, then what the rejection of unknown faces costs and brings."""
    if scores.known:
        print(
            f"Known faces: {scores.known:,}, {_percent(scores.rank_one)} have the right person "
            f"first, {_percent(scores.true_positive_rate)} are named right and "
            f"{_percent(scores.named_wrong / scores.known)} wrong; the others are called unknown."
        )
    if scores.strangers:
        print(
            f"Strangers: {scores.strangers:,}, {_percent(scores.false_positive_rate)} are given "
            "somebody's name (FPIR)."
        )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"
