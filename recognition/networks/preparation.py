"""How a network wants its faces cut and its pixels scaled, as metadata of its file.

A file that says so can be installed without another word (`manage.py models add FILE`). Imports no
torch. Public surface: ``preparation_metadata``, ``Preparation``, ``read_preparation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from recognition.embedding_spec import (
    Alignment,
    ChannelOrder,
    CropSpec,
    MarginConvention,
    Scaling,
)
from recognition.errors import ModelRejected

__all__ = ["Preparation", "preparation_metadata", "read_preparation"]


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a file says; None is what it does not say."""

    channel_order: ChannelOrder | None = None
    scaling: Scaling | None = None
    alignment: Alignment | None = None
    margin_px: int | None = None
    margin_convention: MarginConvention | None = None


def preparation_metadata(
    crop: CropSpec, *, scaling: Scaling, channel_order: ChannelOrder = "rgb"
) -> dict[str, str]:
    """For ``save_network(extra=...)``: what the training did to its pictures."""
    return {
        "channel_order": channel_order,
        "scaling": scaling,
        "alignment": crop.alignment,
        "margin_px": str(crop.margin_px),
        "margin_convention": crop.margin_convention,
    }


def read_preparation(metadata: Mapping[str, str]) -> Preparation:
    """Raises ``ModelRejected`` (``model.preprocessing``) for a value that is none."""
    for name, choices in _CHOICES.items():
        if name in metadata and metadata[name] not in choices:
            raise ModelRejected(
                f"The file's metadata says {name} {metadata[name]!r}; expected one of "
                f"{', '.join(choices)}.",
                code="model.preprocessing",
            )
    margin = metadata.get("margin_px")
    if margin is not None and not margin.isdecimal():
        raise ModelRejected(
            f"The file's metadata says margin_px {margin!r}; expected a whole number of pixels.",
            code="model.preprocessing",
        )
    return Preparation(
        channel_order=_chosen(metadata, "channel_order"),
        scaling=_chosen(metadata, "scaling"),
        alignment=_chosen(metadata, "alignment"),
        margin_px=None if margin is None else int(margin),
        margin_convention=_chosen(metadata, "margin_convention"),
    )


def _chosen(metadata: Mapping[str, str], name: str) -> Any:
    """One of ``_CHOICES``, as was checked."""
    return metadata.get(name)


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "channel_order": get_args(ChannelOrder),
    "scaling": get_args(Scaling),
    "alignment": get_args(Alignment),
    "margin_convention": get_args(MarginConvention),
}
