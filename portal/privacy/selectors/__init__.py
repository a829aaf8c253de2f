"""Reads about privacy: the retention in force, the public notice, one person, the erasures."""

from portal.privacy.selectors.erasures import Certificate, certificate, certificate_of, certificates
from portal.privacy.selectors.notice import NoticeView, default_text, notice
from portal.privacy.selectors.person import (
    visible_consent,
    visible_text,
    what_is_kept,
)
from portal.privacy.selectors.retention import (
    Rule,
    days_of,
    expired_rows,
    next_purge_at,
    retention,
    would_delete,
)

__all__ = [
    "Certificate",
    "NoticeView",
    "Rule",
    "certificate",
    "certificate_of",
    "certificates",
    "days_of",
    "default_text",
    "expired_rows",
    "next_purge_at",
    "notice",
    "retention",
    "visible_consent",
    "visible_text",
    "what_is_kept",
    "would_delete",
]
