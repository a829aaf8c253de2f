"""Pages about privacy: the public policy, the retention, consent texts, one person, erasures."""

from portal.privacy.views.overview import dry_run, overview, save_notice, save_retention
from portal.privacy.views.person import (
    erase,
    evidence,
    export,
    hold,
    person,
    record,
    release,
    withdraw,
)
from portal.privacy.views.public import policy, policy_qr
from portal.privacy.views.records import (
    ask_again,
    certificate,
    erasures,
    publish,
    text,
    text_file,
    texts,
)

__all__ = [
    "ask_again",
    "certificate",
    "dry_run",
    "erase",
    "erasures",
    "evidence",
    "export",
    "hold",
    "overview",
    "person",
    "policy",
    "policy_qr",
    "publish",
    "record",
    "release",
    "save_notice",
    "save_retention",
    "text",
    "text_file",
    "texts",
    "withdraw",
]
