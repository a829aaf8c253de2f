"""The design system's template tags: one per component, keyword arguments only after the first.

Thin: geometry, words and states come from `portal.ui`; markup from `templates/components/`.
`docs/developers/design-system.md` shows every call.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.forms import BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.ui import markup
from portal.ui.icons import icon_svg
from portal.ui.scores import score_bar as lay_out_score
from portal.ui.states import state_style
from portal.ui.tables import Sort
from portal.ui.times import exact_time, relative_time

register = template.Library()

BUTTON_KINDS = frozenset({"primary", "secondary", "danger", "danger-solid", "ghost"})


# --- icons, states, numbers, times ---


@register.simple_tag
def icon(name: str, *, size: str = "", label: str = "", css_class: str = "") -> SafeString:
    classes = f"c-icon--{size} {css_class}".strip() if size else css_class
    return icon_svg(name, css_class=classes, label=label)


@register.inclusion_tag("components/badge.html")
def state(value: str, *, label: str = "", title: str = "") -> dict[str, Any]:
    """A pill for a known state: `{% state face.verdict %}`."""
    style = state_style(str(value))
    return {
        "tone": style.tone,
        "icon_name": style.icon,
        "label": label or style.label,
        "title": title,
        "is_busy": style.is_busy,
    }


@register.inclusion_tag("components/badge.html")
def badge(label: str, *, tone: str = "neutral", icon: str = "", title: str = "") -> dict[str, Any]:
    """A pill with any word; tones other than neutral need an icon too."""
    return {"tone": tone, "icon_name": icon, "label": label, "title": title, "is_busy": False}


@register.filter
def score(value: float | None) -> str:
    """A similarity with three places, always with a point; a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"


@register.simple_tag
def time_ago(value: datetime | None, *, empty: str = "Never") -> SafeString | str:
    """ "5 min ago", kept fresh by times.js, with the exact time and zone on hover."""
    if value is None:
        return empty
    return format_html(
        '<time datetime="{}" title="{}" data-time-ago>{}</time>',
        value.isoformat(),
        exact_time(value),
        relative_time(value),
    )


@register.simple_tag
def exact(value: datetime | None, *, empty: str = "–") -> SafeString | str:
    """The exact moment in the site's zone."""
    if value is None:
        return empty
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), exact_time(value))


# --- structure ---


@register.simple_block_tag
def page_header(
    content: SafeString,
    *,
    title: str,
    subtitle: str = "",
    back_url: str = "",
    back_label: str = "",
    state: str = "",
) -> SafeString:
    """The page's `<h1>`; the block's content is its actions."""
    return _render(
        "components/page_header.html",
        title=title,
        subtitle=subtitle,
        back_url=back_url,
        back_label=back_label,
        actions=_trimmed(content),
        state=state,
    )


@register.simple_block_tag
def card(
    content: SafeString,
    *,
    title: str = "",
    subtitle: str = "",
    icon: str = "",
    flush: bool = False,
    link_url: str = "",
    link_label: str = "",
    id: str = "",  # noqa: A002 - the attribute's name in HTML
) -> SafeString:
    """A titled surface; `flush` for tables and lists that reach its edges."""
    return _render(
        "components/card.html",
        content=content,
        title=title,
        subtitle=subtitle,
        icon_name=icon,
        flush=flush,
        link_url=link_url,
        link_label=link_label,
        element_id=id,
    )


@register.inclusion_tag("components/stat.html")
def stat(
    label: str,
    value: object,
    *,
    unit: str = "",
    hint: str = "",
    icon: str = "",
    tone: str = "",
    href: str = "",
) -> dict[str, Any]:
    return {
        "label": label,
        "value": value,
        "unit": unit,
        "hint": hint,
        "icon_name": icon,
        "tone": tone,
        "href": href,
    }


@register.simple_block_tag
def callout(
    content: SafeString, *, tone: str = "accent", title: str = "", icon: str = ""
) -> SafeString:
    """A boxed remark on a page; `tone="danger"` is announced at once."""
    icons = {
        "match": "circle-check",
        "uncertain": "alert-triangle",
        "unknown": "user-x",
        "danger": "alert-triangle",
    }
    return _render(
        "components/callout.html",
        content=_trimmed(content),
        tone=tone,
        title=title,
        icon_name=icon or icons.get(tone, "info"),
    )


@register.simple_block_tag
def empty_state(
    content: SafeString, *, title: str, icon: str = "search", text: str = ""
) -> SafeString:
    """Nothing here yet, and what to do next; the block's content is the actions."""
    return _render(
        "components/empty_state.html",
        title=title,
        icon_name=icon,
        text=text,
        actions=_trimmed(content),
    )


@register.inclusion_tag("components/breadcrumb.html")
def breadcrumb(*parts: str) -> dict[str, Any]:
    """`{% breadcrumb "People" people_url "Groups" groups_url "Staff" %}`: the last has no link."""
    pairs = list(zip(parts[0:-1:2], parts[1:-1:2], strict=True))
    return {"links": pairs, "current": parts[-1]}


# --- actions ---


@register.simple_tag
def button(
    label: str,
    *,
    href: str = "",
    icon: str = "",
    kind: str = "secondary",
    size: str = "",
    icon_only: bool = False,
    type: str = "button",  # noqa: A002 - the attribute's name in HTML
    dialog: str = "",
    css_class: str = "",
    **extra: object,
) -> SafeString:
    """A button, or a link that looks like one when `href` is given.

    `dialog="id"` opens that dialog. Further keywords become attributes: `hx_post=url`.
    Raises `ValueError` for a kind outside `BUTTON_KINDS`.
    """
    if kind not in BUTTON_KINDS:
        raise ValueError(f"A button is one of {sorted(BUTTON_KINDS)}, not {kind!r}.")
    classes = ["c-button"]
    if kind != "secondary":
        classes.append(f"c-button--{kind}")
    if size == "small":
        classes.append("c-button--small")
    if icon_only:
        classes.append("c-button--icon")
    if css_class:
        classes.append(css_class)
    given = {"class": " ".join(classes), "data_dialog_open": dialog, **extra}
    if icon_only:
        given |= {"aria_label": label, "title": label}
    picture = icon_svg(icon) if icon else ""
    words = "" if icon_only else format_html("<span>{}</span>", label)
    if href:
        return format_html(
            '<a href="{}"{}>{}{}</a>', href, markup.attributes(given), picture, words
        )
    return format_html(
        '<button type="{}"{}>{}{}</button>', type, markup.attributes(given), picture, words
    )


@register.simple_block_tag
def dialog(
    content: SafeString,
    *,
    id: str,  # noqa: A002 - the attribute's name in HTML
    title: str,
    icon: str = "",
    tone: str = "",
    wide: bool = False,
) -> SafeString:
    """A modal dialog; its content is `.c-dialog__body` and `.c-dialog__foot`, or a form of both."""
    return _render(
        "components/dialog.html",
        content=content,
        element_id=id,
        title=title,
        icon_name=icon,
        tone=tone,
        wide=wide,
    )


@register.simple_block_tag(takes_context=True)
def confirm_dialog(
    context: Context,
    content: SafeString,
    *,
    id: str,  # noqa: A002 - the attribute's name in HTML
    title: str,
    action: str,
    confirm_label: str,
    tone: str = "danger",
    icon: str = "alert-triangle",
) -> SafeString:
    """Ask once before a POST to `action`; the content says what will happen (fields allowed)."""
    return _render(
        "components/confirm_dialog.html",
        content=content,
        element_id=id,
        title=title,
        action=action,
        confirm_label=confirm_label,
        tone=tone,
        icon_name=icon,
        csrf_token=context.get("csrf_token"),
    )


# --- forms ---


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, *, label: str = "", hide_label: bool = False) -> dict[str, Any]:
    """One field with its label, help and errors."""
    return {"field": bound, "label": label, "hide_label": hide_label}


@register.filter
def words(name: str) -> str:
    """An identifier for people to read: `golden_image` becomes "Golden image"."""
    return str(name).replace("_", " ").replace(".", " ").strip().capitalize()


@register.filter
def widget_kind(bound: BoundField) -> str:
    """Which layout a field needs: `checkbox`, `choices`, `password` or `input`."""
    input_type = getattr(bound.field.widget, "input_type", "")
    if input_type == "checkbox" and not bound.use_fieldset:
        return "checkbox"
    if bound.use_fieldset or input_type == "radio":
        return "choices"
    return "password" if input_type == "password" else "input"


@register.inclusion_tag("components/dropzone.html")
def dropzone(
    name: str,
    *,
    id: str = "",  # noqa: A002 - the attribute's name in HTML
    title: str = "Drop photos here, or choose files",
    hint: str = "",
    accept: str = "image/jpeg,image/png,image/webp",
    multiple: bool = True,
    icon: str = "upload",
    required: bool = False,
) -> dict[str, Any]:
    return {
        "name": name,
        "element_id": id or f"id_{name}",
        "title": title,
        "hint": hint,
        "accept": accept,
        "multiple": multiple,
        "icon_name": icon,
        "required": required,
    }


# --- lists ---


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(
    context: Context, label: str, *, key: str, sort: Sort, numeric: bool = False
) -> dict[str, Any]:
    """A `<th>` whose link sorts by `key` and keeps the rest of the query string."""
    order = sort.aria(key)
    icons = {"ascending": "arrow-up", "descending": "arrow-down", "none": "chevrons-up-down"}
    return {
        "label": label,
        "aria_sort": order,
        "icon_name": icons[order],
        "numeric": numeric,
        "href": markup.query_with(context["request"].GET, sort=sort.link_value(key), page=None),
    }


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: Context, page: Any, *, noun: str = "rows") -> dict[str, Any]:
    """Where one stands in a Django `Page`, with links that keep the query string."""
    query = context["request"].GET
    paginator = page.paginator
    return {
        "page": page,
        "noun": noun,
        "previous": markup.query_with(query, page=page.number - 1) if page.has_previous() else "",
        "next": markup.query_with(query, page=page.number + 1) if page.has_next() else "",
        "links": [
            (n, markup.query_with(query, page=n) if isinstance(n, int) else "", n == page.number)
            for n in paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
        ],
    }


@register.inclusion_tag("components/progress.html")
def progress(
    value: float | None,
    *,
    max: float = 100,  # noqa: A002 - the attribute's name in HTML
    label: str,
    tone: str = "",
    text: str = "",
) -> dict[str, Any]:
    """A progress bar; `value=None` means that the end is not known."""
    return {"value": value, "max": max, "label": label, "tone": tone, "text": text}


@register.inclusion_tag("components/loading.html")
def loading(label: str = "Loading…", *, id: str = "") -> dict[str, Any]:  # noqa: A002
    """Shown while htmx waits: inside the element, or named by `hx-indicator="#id"`."""
    return {"label": label, "element_id": id}


@register.inclusion_tag("components/skeleton.html")
def skeleton(lines: int = 3) -> dict[str, Any]:
    return {"lines": range(lines)}


@register.inclusion_tag("components/code.html")
def copy_code(text: str, *, label: str = "Copy", block: bool = False) -> dict[str, Any]:
    return {"text": text, "label": label, "block": block}


# --- faces ---


@register.inclusion_tag("components/face.html")
def face(url: str | None = "", *, name: str = "", size: str = "", alt: str = "") -> dict[str, Any]:
    """A face crop in the one shape; without a picture, initials, or a figure without a name."""
    return {
        "url": url,
        "initials": markup.initials(name),
        "size": size,
        "alt": alt,
    }


@register.inclusion_tag("components/person.html")
def person(
    name: str, *, url: str | None = "", meta: str = "", href: str = "", size: str = "sm"
) -> dict[str, Any]:
    """A face with the name beside it; `href` makes the name a link that covers its table row."""
    return {"name": name, "url": url, "meta": meta, "href": href, "size": size}


@register.inclusion_tag("components/score_bar.html")
def score_bar(
    value: float | None,
    *,
    threshold: float | None = None,
    second: float | None = None,
    verdict: str = "",
    legend: bool = True,
) -> dict[str, Any]:
    """Similarity against the threshold and the second person, read at a glance."""
    return {
        "bar": lay_out_score(value, threshold=threshold, second=second),
        "value": value,
        "threshold": threshold,
        "tone": state_style(verdict).tone if verdict else "neutral",
        "legend": legend,
    }


@register.inclusion_tag("components/face_pair.html")
def face_pair(
    probe_url: str | None,
    *,
    enrolled_url: str | None = "",
    name: str = "",
    href: str = "",
    verdict: str,
    score: float | None = None,
    threshold: float | None = None,
    second: float | None = None,
    note: str = "",
    size: str = "",
) -> dict[str, Any]:
    """The face that was seen beside the enrolled photo, with the verdict and its numbers."""
    return {
        "probe_url": probe_url,
        "enrolled_url": enrolled_url,
        "name": name,
        "href": href,
        "verdict": verdict,
        "tone": state_style(verdict).tone,
        "score": score,
        "threshold": threshold,
        "second": second,
        "note": note,
        "size": size,
    }


@register.simple_block_tag
def photo_card(
    content: SafeString,
    *,
    url: str | None = "",
    title: str = "",
    state: str = "",
    text: str = "",
    alt: str = "",
) -> SafeString:
    """One photo with what was decided about it; the block's content is its actions."""
    return _render(
        "components/photo_card.html",
        url=url,
        title=title,
        state=state,
        text=text,
        alt=alt,
        actions=_trimmed(content),
    )


@register.filter
def initials(name: str) -> str:
    return markup.initials(str(name))


@register.filter
def act_to_undo(message: Message) -> str:
    """The id of the act that this message offers to undo; empty where it offers none."""
    kind, _, act_id = (message.extra_tags or "").partition(":")
    return act_id if kind == "undo" else ""


@register.filter
def toast_kind(level_tag: str) -> str:
    """Django's message level as the kind of a toast."""
    return {"success": "success", "warning": "warning", "error": "danger"}.get(level_tag, "info")


def _render(template_name: str, **context: object) -> SafeString:
    return render_to_string(template_name, context)


def _trimmed(content: SafeString) -> SafeString:
    # str.strip gives up the SafeString type; the content was rendered, and so escaped, already.
    return SafeString(content.strip())
