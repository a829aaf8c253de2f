"""The icon set: names of the symbols in `static/icons/sprite.svg`, and their markup.

Public surface: `ICONS`, `IconMissingError`, `icon_svg`. The drawings come from Lucide (ISC licence,
recorded in `static/vendor/MANIFEST.json`).
"""

from __future__ import annotations

from functools import lru_cache

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

__all__ = ["ICONS", "IconMissingError", "icon_svg"]

ICONS = frozenset(
    {
        "activity",
        "alert-triangle",
        "archive",
        "arrow-down",
        "arrow-left",
        "arrow-right",
        "arrow-up",
        "ban",
        "bell",
        "calendar",
        "camera",
        "check",
        "chevron-down",
        "chevron-left",
        "chevron-right",
        "chevron-up",
        "chevrons-up-down",
        "circle-check",
        "circle-dot",
        "circle-pause",
        "circle-x",
        "clipboard",
        "clipboard-check",
        "clock",
        "command",
        "copy",
        "cpu",
        "database",
        "door-open",
        "download",
        "external-link",
        "eye",
        "eye-off",
        "file-text",
        "filter",
        "fingerprint",
        "gauge",
        "hard-drive",
        "help-circle",
        "history",
        "home",
        "id-card",
        "image",
        "images",
        "info",
        "key",
        "layers",
        "link",
        "list-checks",
        "loader",
        "lock",
        "log-out",
        "mail",
        "maximize",
        "menu",
        "minus",
        "monitor",
        "moon",
        "more-horizontal",
        "panel-left",
        "pause",
        "pencil",
        "play",
        "plus",
        "power",
        "refresh-cw",
        "save",
        "scan-face",
        "scan-search",
        "search",
        "server",
        "settings",
        "shield",
        "shield-alert",
        "shield-check",
        "sliders-horizontal",
        "smartphone",
        "star",
        "sun",
        "tag",
        "trash",
        "undo",
        "upload",
        "user",
        "user-check",
        "user-plus",
        "user-x",
        "users",
        "video",
        "video-off",
        "volume-2",
        "volume-x",
        "wifi",
        "wifi-off",
        "x",
        "zap",
    }
)


class IconMissingError(LookupError):
    """An icon name that the sprite does not hold; the message lists close names."""

    def __init__(self, name: str) -> None:
        close = sorted(icon for icon in ICONS if name and name.partition("-")[0] in icon)
        hint = f" Close names: {', '.join(close)}." if close else ""
        super().__init__(
            f"There is no icon {name!r} in static/icons/sprite.svg; use a name from "
            f"portal.ui.icons.ICONS.{hint}"
        )


# A page draws some dozen icons a hundred times.
@lru_cache(maxsize=1024)
def icon_svg(name: str, *, css_class: str = "", label: str = "") -> SafeString:
    """Return one `<svg>` that draws the symbol `name`.

    Without a `label` the icon is decoration and hidden from assistive technology; with one it is
    an image with that name. Raises `IconMissingError` for a name outside `ICONS`.
    """
    if name not in ICONS:
        raise IconMissingError(name)
    classes = f"c-icon {css_class}".strip()
    href = f"{static('icons/sprite.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>',
            classes,
            label,
            href,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>',
        classes,
        href,
    )
