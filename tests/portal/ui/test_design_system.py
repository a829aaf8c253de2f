"""The design system's promises: names that exist, safe markup, words and figures that are right."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines
from django.test import RequestFactory, override_settings

from portal.ui import markup, states
from portal.ui.icons import ICONS, IconMissingError, icon_svg
from portal.ui.navigation import NAVIGATION, navigation_for
from portal.ui.scores import percentage, score_bar
from portal.ui.states import TONES, state_style
from portal.ui.tables import Sort
from portal.ui.times import exact_time, relative_time

STATIC = Path(settings.BASE_DIR) / "static"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def render(source: str, **context: object) -> str:
    return engines["django"].from_string(source).render(context, RequestFactory().get("/?q=a"))


def test_every_icon_name_is_drawn_in_the_sprite() -> None:
    sprite = (STATIC / "icons" / "sprite.svg").read_text()
    assert frozenset(re.findall(r'<symbol id="([^"]+)"', sprite)) == ICONS


def test_a_wrong_icon_name_is_refused_and_close_names_are_offered() -> None:
    with pytest.raises(IconMissingError, match="user-plus"):
        icon_svg("user-bird")


def test_an_icon_is_decoration_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in icon_svg("home")
    assert 'role="img" aria-label="A &lt;b&gt;"' in icon_svg("home", label="A <b>")


def test_every_state_and_place_uses_a_known_icon_and_tone() -> None:
    for style in states._STATES.values():
        assert style.tone in TONES
        assert style.icon in ICONS
        assert style.label
    assert {entry.icon for entry in NAVIGATION} <= ICONS


@pytest.mark.parametrize(
    ("spoken", "label"),
    [("match", "Match"), ("Never seen", "Never seen"), ("NEVER-SEEN", "Never seen")],
)
def test_a_state_is_found_however_it_is_spelled(spoken: str, label: str) -> None:
    assert state_style(spoken).label == label


def test_an_unlisted_state_is_neutral_and_keeps_its_word() -> None:
    style = state_style("half_done")
    assert (style.tone, style.label) == ("neutral", "Half done")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-0.2, "0.0%"),  # below the scale
        (0.0, "0.0%"),
        (0.4361, "43.6%"),
        (1.3, "100.0%"),  # rounding may push a similarity past 1
    ],
)
def test_a_score_stays_on_its_bar(value: float, expected: str) -> None:
    assert percentage(value) == expected


def test_a_scale_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="must lie above"):
        percentage(0.5, low=1.0, high=1.0)


def test_the_margin_is_the_distance_to_the_second_person() -> None:
    assert score_bar(0.61, threshold=0.49, second=0.31).margin == pytest.approx(0.30)
    assert score_bar(0.61, threshold=0.49).margin is None
    assert score_bar(None).score is None


@override_settings(LANGUAGE_CODE="de")
def test_bar_attributes_keep_the_point_in_every_language() -> None:
    html = render("{% score_bar 0.4361 threshold=0.49 second=0.3 verdict='match' %}")
    assert 'width="43.6%"' in html
    assert "0.436" in html


@pytest.mark.parametrize(
    ("raw", "order_by"),
    [
        ("name", ("full_name", "pk")),
        ("-seen", ("-last_seen_at", "pk")),
        ("password", ("full_name", "pk")),  # not a column: must not reach the database
        ("--name", ("full_name", "pk")),
        ("", ("full_name", "pk")),
        (None, ("full_name", "pk")),
    ],
)
def test_only_known_columns_sort(raw: str | None, order_by: tuple[str, str]) -> None:
    fields = {"name": "full_name", "seen": "last_seen_at"}
    assert Sort.parse(raw, fields=fields, default="name").order_by == order_by


def test_a_second_click_turns_the_order_round() -> None:
    sort = Sort.parse("name", fields={"name": "name", "seen": "seen"}, default="seen")
    assert (sort.link_value("name"), sort.aria("name")) == ("-name", "ascending")
    assert (sort.link_value("seen"), sort.aria("seen")) == ("seen", "none")


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=10), "just now"),
        (timedelta(seconds=50), "1 min ago"),
        (timedelta(minutes=59, seconds=20), "59 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(hours=13), "today 01:00"),
        (timedelta(hours=30), "yesterday 08:00"),
        (timedelta(days=10), "12 Nov 14:00"),
        (timedelta(days=400), "18 Oct 2025"),
        (timedelta(hours=-2), "in 2 h"),
    ],
)
@override_settings(TIME_ZONE="UTC", LANGUAGE_CODE="en-gb")
def test_times_are_told_as_people_tell_them(ago: timedelta, words: str) -> None:
    assert relative_time(NOW - ago, now=NOW) == words


@override_settings(TIME_ZONE="Europe/Berlin", LANGUAGE_CODE="en-gb")
def test_the_exact_time_names_the_sites_zone() -> None:
    assert exact_time(NOW) == "Sun 22 Nov 2026, 15:00:00 (Europe/Berlin)"


def test_attributes_are_escaped_and_empty_ones_left_out() -> None:
    given = {"hx_get": '/a?b="c"', "disabled": True, "hidden": False, "title": "", "id": None}
    assert markup.attributes(given) == ' hx-get="/a?b=&quot;c&quot;" disabled'


@pytest.mark.parametrize("name", ["style", "onclick", "on_load"])
def test_inline_style_and_script_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="inline style or script"):
        markup.attributes({name: "x"})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada King Lovelace", "AL"),
        ("ada@example.org", "AE"),
        ("Łukasz", "Ł"),
        ("", ""),
        ("(–)", ""),
    ],
)
def test_initials(name: str, expected: str) -> None:
    assert markup.initials(name) == expected


class _User:
    def __init__(self, *permissions: str) -> None:
        self._permissions = permissions

    def has_permission(self, permission: str, /) -> bool:
        return permission in self._permissions


def test_navigation_shows_only_what_the_user_may_open() -> None:
    user = _User("people.view", "jobs.view")
    items = navigation_for(user, path="/people/7/")
    assert [(item.label, item.is_current) for item in items] == [("People", True), ("Jobs", False)]


def test_the_start_page_is_current_only_on_itself() -> None:
    user = _User("dashboard.view")
    assert navigation_for(user, path="/")[0].is_current
    assert not navigation_for(user, path="/live/")[0].is_current


def test_names_are_escaped_in_every_component() -> None:
    html = render(
        "{% person n %}{% face_pair '' name=n verdict='match' %}{% card title=n %}x{% endcard %}"
        "{% button n %}{% badge n %}{% stat n n %}{% confirm_dialog id='x' title=n action='/'"
        " confirm_label=n %}{{ n }}{% endconfirm_dialog %}{% photo_card title=n %}{% endphoto_card %}",
        n="<script>alert(1)</script>",
    )
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_no_template_carries_inline_style_or_script() -> None:
    # Data blocks of type application/json are not executed, so the policy lets them be.
    inline_script = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", re.IGNORECASE)
    inline_style = re.compile(r"<style\b|\sstyle=|\son[a-z]+=", re.IGNORECASE)
    guilty = [
        str(path.relative_to(TEMPLATES))
        for path in TEMPLATES.rglob("*.html")
        if inline_script.search(text := path.read_text()) or inline_style.search(text)
    ]
    assert guilty == []


def test_third_party_files_are_the_recorded_ones() -> None:
    manifest = json.loads((STATIC / "vendor" / "MANIFEST.json").read_text())
    for entry in manifest["entries"]:
        assert (STATIC / entry["licence_file"]).is_file()
        for path, digest in entry["files"].items():
            assert hashlib.sha256((STATIC / path).read_bytes()).hexdigest() == digest, path
