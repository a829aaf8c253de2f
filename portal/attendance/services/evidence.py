"""The picture or PDF that bears a correction out: checked before it is decoded, kept sealed.

Public surface: ``MAX_BYTES``, ``Evidence``, ``check_size``, ``evidence_of``, ``keep_evidence``, ``read_evidence``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from portal.attendance.models import Correction
from portal.core.errors import DomainError, NotFound
from portal.core.vault import vault
from portal.people.models import Person
from portal.people.services import person_key
from recognition.errors import ImageRejected
from recognition.intake import IntakeLimits, reencode_jpeg

__all__ = ["MAX_BYTES", "Evidence", "check_size", "evidence_of", "keep_evidence", "read_evidence"]

MAX_BYTES: Final = 10 * 1024 * 1024
_LIMITS: Final = IntakeLimits(max_bytes=MAX_BYTES, max_pixels=40_000_000)
# A letter that was photographed stays readable.
_MAX_SIDE_PX: Final = 2400
_PDF: Final = b"%PDF-"
# Writers may leave a little after it; what was cut off has none.
_PDF_END: Final = b"%%EOF"
_TAIL_BYTES: Final = 2048


@dataclass(frozen=True, slots=True)
class Evidence:
    """What somebody may be shown: a clean JPEG, or a PDF as it was sent."""

    name: str
    data: bytes

    @property
    def is_pdf(self) -> bool:
        return self.data.startswith(_PDF)


def check_size(size_bytes: int) -> None:
    """Raises ``DomainError`` for more than is kept; asked before anything is read."""
    if size_bytes > MAX_BYTES:
        raise DomainError(
            f"The file has {size_bytes / 2**20:.1f} MB; at most {MAX_BYTES // 2**20} MB are kept. "
            "Send a smaller copy.",
            code="evidence.too_large",
            http_status=413,
        )


def evidence_of(name: str, data: bytes) -> Evidence:
    """Check an upload. A picture is written anew, so that no place, camera or comment stays in
    it. Raises ``DomainError`` for what is neither, or too large."""
    check_size(len(data))
    stem = _clean(PurePosixPath(name.replace("\\", "/")).name)
    if data.startswith(_PDF):
        if _PDF_END not in data[-_TAIL_BYTES:]:
            raise DomainError(
                "The PDF is cut off: its end is missing. Send it again.",
                code="evidence.truncated",
                http_status=422,
            )
        return Evidence(f"{stem}.pdf", data)
    try:
        picture = reencode_jpeg(data, limits=_LIMITS, max_side_px=_MAX_SIDE_PX)
    except ImageRejected as error:
        raise DomainError(
            f"{error.message} A PDF is accepted as well.", code=error.code, http_status=422
        ) from error
    return Evidence(f"{stem}.jpg", picture.data)


def keep_evidence(person: Person, evidence: Evidence) -> str:
    """Seal it under the person's own key, so that it ends with them; returns where it lies."""
    return vault().put("evidence", evidence.data, data_key=person_key(person))


def read_evidence(correction: Correction) -> Evidence:
    """Of a correction that the actor may see. Raises ``NotFound`` where there is none."""
    if not correction.evidence_key:
        raise NotFound("Nothing was sent with this correction.")
    return Evidence(correction.evidence_name, vault().get(correction.evidence_key))


def _clean(name: str) -> str:
    stem = re.sub(r"[^\w .()-]+", "", name.rpartition(".")[0] or name).strip(" .")
    return stem[:100] or "evidence"
