"""How a state looks: a tone, an icon and a word, the same on every page.

Public surface: `StateStyle`, `TONES`, `state_style`. A tone names a meaning, never a colour.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TONES", "StateStyle", "state_style"]

TONES = frozenset({"match", "uncertain", "unknown", "danger", "neutral", "accent"})


@dataclass(frozen=True, slots=True)
class StateStyle:
    """One state's tone (see `TONES`), icon (see `portal.ui.icons`) and word."""

    tone: str
    icon: str
    label: str
    is_busy: bool = False


_STATES = {
    # Verdicts about a face
    "match": StateStyle("match", "circle-check", "Match"),
    "uncertain": StateStyle("uncertain", "help-circle", "Uncertain"),
    "unknown": StateStyle("unknown", "user-x", "Unknown"),
    "poor": StateStyle("neutral", "eye-off", "Poor image"),
    "spoof": StateStyle("danger", "shield-alert", "Spoof"),
    "no_face": StateStyle("neutral", "scan-face", "No face"),
    # Visits: a name that is likely, and one that several faces agree on
    "provisional": StateStyle("accent", "circle-dot", "Provisional"),
    "confirmed": StateStyle("match", "circle-check", "Confirmed"),
    "not_a_face": StateStyle("neutral", "ban", "Not a face"),
    "watched": StateStyle("danger", "eye", "Watched"),
    # Work
    "pending": StateStyle("neutral", "clock", "Waiting"),
    "queued": StateStyle("neutral", "clock", "Queued"),
    "running": StateStyle("accent", "loader", "Running", is_busy=True),
    "processing": StateStyle("accent", "loader", "Processing", is_busy=True),
    "retrying": StateStyle("uncertain", "refresh-cw", "Retrying"),
    "done": StateStyle("match", "circle-check", "Done"),
    "finished": StateStyle("match", "circle-check", "Finished"),
    "failed": StateStyle("danger", "alert-triangle", "Failed"),
    "cancelled": StateStyle("neutral", "ban", "Cancelled"),
    "accepted": StateStyle("match", "circle-check", "Accepted"),
    "rejected": StateStyle("danger", "circle-x", "Rejected"),
    "duplicate": StateStyle("uncertain", "copy", "Duplicate"),
    # People
    "active": StateStyle("match", "circle-check", "Active"),
    "suspended": StateStyle("uncertain", "circle-pause", "Suspended"),
    "left": StateStyle("neutral", "log-out", "Left"),
    "archived": StateStyle("neutral", "archive", "Archived"),
    "enrolled": StateStyle("match", "scan-face", "Enrolled"),
    "not_enrolled": StateStyle("uncertain", "scan-face", "Not enrolled"),
    "no_template": StateStyle("uncertain", "scan-face", "No template"),
    "consent_missing": StateStyle("danger", "alert-triangle", "Consent missing"),
    "consent_expiring": StateStyle("uncertain", "clock", "Consent expiring"),
    "lookalike": StateStyle("unknown", "users", "Look-alike"),
    "few_photos": StateStyle("neutral", "image", "Few photos"),
    # Invitations
    "sent": StateStyle("neutral", "link", "Sent"),
    "opened": StateStyle("accent", "eye", "Opened"),
    "submitted": StateStyle("uncertain", "clipboard-check", "Waits for approval"),
    "approved": StateStyle("match", "circle-check", "Approved"),
    "declined": StateStyle("danger", "circle-x", "Declined"),
    "refused": StateStyle("unknown", "user-x", "Said no"),
    "expired": StateStyle("neutral", "clock", "Expired"),
    "revoked": StateStyle("neutral", "ban", "Revoked"),
    # Machines
    "online": StateStyle("match", "wifi", "Online"),
    "offline": StateStyle("danger", "wifi-off", "Offline"),
    "silent": StateStyle("uncertain", "wifi-off", "Silent"),
    "refusing": StateStyle("danger", "lock", "Refused"),
    "ended": StateStyle("neutral", "circle-check", "Played to its end"),
    "never_seen": StateStyle("neutral", "circle-dot", "Never seen"),
    "connecting": StateStyle("accent", "loader", "Connecting", is_busy=True),
    "resting": StateStyle("neutral", "moon", "Outside its hours"),
    "disabled": StateStyle("neutral", "power", "Disabled"),
    "paused": StateStyle("neutral", "circle-pause", "Paused"),
    # Health
    "ok": StateStyle("match", "circle-check", "OK"),
    "warning": StateStyle("uncertain", "alert-triangle", "Warning"),
    "degraded": StateStyle("uncertain", "alert-triangle", "Degraded"),
    "error": StateStyle("danger", "circle-x", "Error"),
    "down": StateStyle("danger", "circle-x", "Down"),
}


def state_style(state: str) -> StateStyle:
    """The look of `state`, in any case and with spaces, dashes or underscores.

    A state this table does not know is drawn neutral, with its own name as the word: a page must
    not fail because a list of states grew.
    """
    key = state.strip().lower().replace(" ", "_").replace("-", "_")
    known = _STATES.get(key)
    return known or StateStyle("neutral", "circle-dot", key.replace("_", " ").capitalize())
