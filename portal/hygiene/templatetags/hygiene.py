"""Words of findings for their page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import template

from portal.hygiene.models import Finding

register = template.Library()


@register.filter
def of(mapping: Mapping[UUID, Any], key: UUID) -> Any:
    """What a mapping holds for ``key``; None where it holds nothing."""
    return mapping.get(key)


@register.filter
def finding_words(finding: Finding) -> str:
    """What is amiss with this person's photos, in numbers."""
    photos = f"{finding.count} photo{'' if finding.count == 1 else 's'}"
    match finding.kind:
        case Finding.Kind.POOR:
            return f"{photos}, the best of quality {finding.score or 0.0:.2f}"
        case Finding.Kind.FEW:
            return f"Only {photos}"
        case Finding.Kind.ONE_SIDED:
            return f"{photos}, none from the front"
        case _:
            return finding.person.code


@register.filter
def right_words(finding: Finding) -> str:
    """The button of somebody who looked and finds nothing wrong."""
    return "It is them" if finding.kind == Finding.Kind.UNLIKE else "Leave as it is"
