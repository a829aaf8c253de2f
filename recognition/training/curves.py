"""Learning curves as one picture: losses, what the judge measured, and the learning rate.

matplotlib is loaded when a figure is drawn, without a display. Public surface:
``save_learning_curves``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from recognition.whole_files import draft_of

__all__ = ["save_learning_curves"]

_SIZE_INCHES = (9.6, 4.2)
_DPI = 110
_SHARES = ("accuracy", "satisfied", "auc", "eer", "tmr", "val_rate")
_LOSSES = (
    *("loss", "cross_entropy", "center", "prelogits_norm", "regularisation"),
    *("face_loss", "box_loss", "landmark_loss"),
)
_COLOURS = ("#0b6e99", "#c4431a", "#4b7f2b", "#7a4b9d", "#8a8a8a", "#b8860b", "#222222")


def save_learning_curves(path: Path, epochs: Sequence[Mapping[str, Any]]) -> None:
    """Draw ``epochs`` (rows of a run's ``epochs.jsonl``) to a PNG, whole or not at all."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 9}), draft_of(path) as draft:
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        names = list(dict.fromkeys(name for row in epochs for name in row))
        _draw(left, epochs, [name for name in names if _is_of(name, _LOSSES)])
        _draw(right, epochs, [name for name in names if _is_of(name, _SHARES)])
        left.set_title(f"Loss {epochs[-1]['loss']:.4g} after {len(epochs)} epochs", loc="left")
        left.set_yscale("symlog", linthresh=1e-3)
        rates = left.twinx()
        rates.plot([row["epoch"] for row in epochs], [row["learning_rate"] for row in epochs],
                   color="#8a8a8a", linestyle=":", drawstyle="steps-post")  # fmt: skip
        if all(row["learning_rate"] > 0 for row in epochs):
            rates.set_yscale("log")
        rates.set_ylabel("learning rate (dotted)")
        right.set_ylim(0, 1.02)
        right.set_title(_finding(epochs[-1]), loc="left")
        figure.savefig(draft, dpi=_DPI, format="png", metadata={"Software": None})


def _draw(axes: Any, epochs: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    for name, colour in zip(names, cycle(_COLOURS), strict=False):
        known = [(row["epoch"], row[name]) for row in epochs if name in row]
        axes.plot(*zip(*known, strict=True), color=colour, label=name.replace("_", " "),
                  marker="o" if len(known) < 3 else None, markersize=3)  # fmt: skip
    axes.set_xlabel("epoch")
    axes.grid(visible=True, alpha=0.25)
    if names:
        axes.legend(frameon=False)


def _is_of(name: str, kinds: tuple[str, ...]) -> bool:
    return any(name in {kind, f"val_{kind}", f"lfw_{kind}"} for kind in kinds)


def _finding(last: Mapping[str, Any]) -> str:
    for name, word in (
        ("lfw_accuracy", "LFW accuracy"),
        ("val_auc", "AUC on people held out"),
        ("val_accuracy", "Accuracy on pictures held out"),
        ("accuracy", "Accuracy in training"),
        ("satisfied", "Triplets satisfied"),
    ):
        if name in last:
            return f"{word}: {last[name]:.4f}"
    return "Shares"
