"""Kiosks as administrators see them, the link that opens a tablet, and what the tablet may open."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.cameras.models import Camera, CameraHealth
from portal.core.context import acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.kiosk.access import COOKIE
from portal.kiosk.models import Kiosk
from portal.kiosk.services import (
    KioskDetails,
    create_kiosk,
    pair,
    renew_link,
    revoke_kiosk,
    update_kiosk,
)
from portal.kiosk.services import manage as manage_services
from portal.kiosk.views import device, manage
from portal.organisation.models import Site
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import PersonFactory, UserFactory
from tests.factories.attendance import PunchFactory
from tests.factories.kiosks import KioskEventFactory, KioskFactory, paired_tablet

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()
    UserFactory()  # without a user every address leads to the set-up page


@pytest.fixture
def made(administrator) -> tuple[Kiosk, str]:
    return create_kiosk(KioskDetails(name="Gate tablet", place="North gate"))


@pytest.fixture
def tablet(made):
    return paired_tablet(*made)


@pytest.fixture
def hr(client_of) -> Client:
    return client_of("hr")


class TestMaking:
    def test_a_kiosk_is_a_camera_of_its_own(self, made):
        camera = made[0].camera
        assert (camera.kind, camera.name, camera.place) == ("browser", "Gate tablet", "North gate")
        assert camera.is_for_attendance
        assert not camera.is_for_security, "whoever types a PIN is no stranger to be watched for"

    def test_hr_may_make_one_without_a_right_to_any_camera(self, hr, administrator):
        answer = hr.post(reverse("kiosk:create"), {"name": "Canteen", "takes": "codes"})
        kiosk = Kiosk.objects.get()
        assert (kiosk.takes, kiosk.asks_direction) == ("codes", False)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        page = answer.content.decode()
        link = re.search(r"https?://[^\s\"<]+/kiosk/#(ghk_[\w-]+)", page)
        assert link is not None
        assert "<svg" in page
        assert pair(link[1]).kiosk == kiosk
        assert hr.get(reverse("cameras:list")).status_code == 403

    def test_that_right_ends_with_the_kiosk(self, made, administrator):
        """While its camera is named the actor may more, and not afterwards."""
        from dataclasses import replace

        from portal.cameras.services import update_camera
        from portal.cameras.services.settings import CameraDetails

        limited = replace(administrator, permissions=frozenset({"kiosks.manage"}))
        with acting_as(limited):
            kiosk = update_kiosk(made[0], KioskDetails(name="Back door"))
            assert kiosk.camera.name == "Back door"
            with pytest.raises(PermissionMissing):
                update_camera(kiosk.camera, CameraDetails(name="Mine now"))

    def test_how_strict_its_camera_is_stays_as_it_was(self, made, settings):
        """That was said on another page, and where two people are needed one kiosk's new name must
        neither be refused for it nor take it away."""
        settings.CALIBRATION_NEEDS_TWO = True
        Camera.objects.update(threshold_offset=0.05)
        update_kiosk(made[0], KioskDetails(name="Back door"))
        assert (Camera.objects.get().name, Camera.objects.get().threshold_offset) == (
            "Back door",
            0.05,
        )

    def test_a_new_name_and_place_leave_all_else_that_was_set_at_its_camera(self, made):
        said = {
            "direction": "in", "is_for_attendance": False, "is_for_access": True,
            "is_for_security": True, "rate_fps": 2.0, "min_face_px": 90, "threshold_offset": 0.05,
        }  # fmt: skip
        Camera.objects.update(**said)
        site_id = Camera.objects.get().site_id
        update_kiosk(made[0], KioskDetails(name="Back door", place="Yard"))
        camera = Camera.objects.get()
        assert (camera.name, camera.place, camera.site_id) == ("Back door", "Yard", site_id)
        assert {name: getattr(camera, name) for name in said} == said

    @pytest.mark.parametrize("name", ["", "Gate tablet", "gate TABLET"])
    def test_a_name_that_is_missing_or_taken_leaves_the_form(self, made, hr, name):
        answer = hr.post(reverse("kiosk:create"), {"name": name, "takes": "faces"})
        assert answer.status_code == 422
        assert Kiosk.objects.count() == 1
        assert Camera.objects.count() == 1

    def test_the_link_is_in_no_log_of_the_portal_and_its_key_in_no_row(self, made):
        kept = str(
            [
                *AuditEntry.objects.values_list("before", "after", "reason"),
                *Kiosk.objects.values_list("key_digest"),
            ]
        )
        assert made[1] not in kept
        assert AuditEntry.objects.filter(action="kiosks.kiosk.created").count() == 1

    def test_somebody_of_another_site_sees_nothing_of_it(self, made, client_of):
        user = UserFactory(role="hr")
        user.sites.add(Site.objects.create(name="Elsewhere"))
        browser = Client()
        browser.force_login(user, backend=SIGN_IN_BACKEND)
        assert "Gate tablet" not in browser.get(reverse("kiosk:list")).content.decode()
        for name in ("kiosk:detail", "kiosk:renew", "kiosk:revoke", "kiosk:update"):
            url = reverse(name, args=[made[0].pk])
            ask = browser.get if name == "kiosk:detail" else browser.post
            assert ask(url).status_code == 404

    def test_its_page_shows_what_its_tablet_sent(self, made, hr, administrator):
        ada = PersonFactory(name="Ada Okafor")
        KioskEventFactory(
            kiosk=made[0], outcome="punched", reason="", punch=PunchFactory(person=ada)
        )
        KioskEventFactory(kiosk=made[0], reason="too_old", was_offline=True)
        Kiosk.objects.update(skew_ms=7 * 60_000 + 400, forged_count=3)
        page = hr.get(reverse("kiosk:detail", args=[made[0].pk])).content.decode()
        for words in ("Ada Okafor", "kept on the tablet for more than two weeks", "7 min fast"):
            assert words in page
        only = hr.get(
            reverse("kiosk:detail", args=[made[0].pk]),
            {"outcome": "refused"},
            headers={"HX-Request": "true"},
        )
        assert "Ada Okafor" not in only.content.decode()

    @pytest.mark.parametrize(
        ("skew_ms", "words"),
        [(None, ""), (0.0, "right"), (-900.0, "right"), (12_400.0, "12 s fast"),
         (-61_000.0, "61 s slow"), (420_000.0, "7 min fast")],
    )  # fmt: skip
    def test_the_clock_is_told_in_words(self, skew_ms, words):
        assert Kiosk(skew_ms=skew_ms).skew_words == words

    @pytest.mark.parametrize(
        ("address", "is_insecure"),
        [
            ("https://gatehouse.example", False),
            ("http://localhost:8000", False),
            ("http://127.0.0.1:8000", False),
            ("http://192.168.1.5:8000", True),
            ("http://gatehouse.example", True),
        ],
    )
    def test_an_address_at_which_no_tablet_works_is_told(
        self, hr, monkeypatch, address, is_insecure
    ):
        class Env:
            public_url = address

        monkeypatch.setattr(manage, "ENV", Env)
        page = hr.get(reverse("kiosk:list")).content.decode()
        assert ("Tablets need HTTPS" in page) is is_insecure


class TestPairing:
    def test_a_link_opens_one_tablet_once(self, made):
        first = paired_tablet(*made)
        assert first.browser.get("/kiosk/hello/").status_code == 200
        second = Client().post("/kiosk/pair/", {"key": made[1]})
        assert (second.status_code, second.json()["error"]["code"]) == (404, "kiosk.link")

    def test_a_link_lives_a_day(self, made):
        Kiosk.objects.update(link_until=timezone.now() - timedelta(seconds=1))
        assert Client().post("/kiosk/pair/", {"key": made[1]}).status_code == 404

    def test_the_cookie_is_the_tablets_alone(self, made):
        cookie = Client().post("/kiosk/pair/", {"key": made[1]}).cookies[COOKIE]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        assert cookie["path"] == "/kiosk/"
        assert made[1] not in cookie.value

    def test_the_cookie_goes_over_https_alone_where_there_is_https(self, made, settings):
        settings.SESSION_COOKIE_SECURE = True
        cookie = Client().post("/kiosk/pair/", {"key": made[1]}).cookies[COOKIE]
        assert cookie["secure"]

    @pytest.mark.parametrize("change", ["cut", "other", "unsigned"])
    def test_a_cookie_that_was_changed_is_none(self, tablet, made, change):
        value = tablet.browser.cookies[COOKIE].value
        tablet.browser.cookies[COOKIE] = {
            "cut": value[:-1],
            "other": value.replace(made[0].pk.hex, KioskFactory().pk.hex),
            "unsigned": value.rsplit(":", 2)[0],
        }[change]
        assert tablet.browser.get("/kiosk/hello/").status_code == 401

    def test_a_links_key_is_no_cookie(self, made):
        """Whoever has seen the link, and no more, cannot act as the tablet."""
        from django.core.signing import get_cookie_signer

        browser = Client()
        signer = get_cookie_signer(salt=f"{COOKIE}portal.kiosk")
        browser.cookies[COOKIE] = signer.sign(f"{made[0].pk.hex}.{made[1]}")
        assert browser.get("/kiosk/hello/").status_code == 401

    def test_switching_it_off_holds_at_once(self, tablet, made):
        revoke_kiosk(made[0])
        assert tablet.browser.get("/kiosk/hello/").status_code == 401
        assert tablet.pin("A-1", "271828").status_code == 401
        assert tablet.browser.get("/kiosk/").context["kiosk"] is None

    def test_a_new_link_ends_the_former_tablet(self, tablet, made):
        key = renew_link(made[0])
        assert tablet.browser.get("/kiosk/hello/").status_code == 401
        again = paired_tablet(made[0], key)
        assert again.signing == tablet.signing, "what was kept can still be delivered"

    def test_after_it_was_switched_off_its_keys_are_others(self, tablet, made):
        revoke_kiosk(made[0])
        again = paired_tablet(made[0], renew_link(made[0]))
        assert again.signing != tablet.signing
        assert again.public != tablet.public

    def test_a_camera_that_is_switched_off_shuts_its_kiosk(self, tablet, made):
        Camera.objects.filter(pk=made[0].camera_id).update(is_enabled=False)
        assert tablet.browser.get("/kiosk/hello/").status_code == 401

    def test_guessing_links_is_held_up(self, made, monkeypatch):
        monkeypatch.setattr(device, "MOST_WRONG_LINKS", 3)
        browser = Client()
        codes = [browser.post("/kiosk/pair/", {"key": f"ghk_{n}"}).status_code for n in range(5)]
        assert codes == [404, 404, 404, 429, 429]

    def test_pairing_is_written_down(self, tablet):
        assert AuditEntry.objects.filter(action="kiosks.kiosk.paired").count() == 1

    def test_the_life_of_a_link_is_a_day(self):
        assert timedelta(days=1) == manage_services.LINK_LIFE


class TestTheTablet:
    def test_its_page_asks_for_a_camera_and_is_kept_private(self, tablet):
        answer = tablet.browser.get("/kiosk/")
        assert answer.headers["Permissions-Policy"].startswith("camera=(self)")
        assert answer.headers["Cache-Control"] == "no-store, private"
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        page = answer.content.decode()
        assert "Gate tablet" in page
        assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
        assert not re.search(r"\sstyle=|\son\w+=", page)

    def test_it_says_where_the_page_on_privacy_is(self, tablet):
        page = tablet.browser.get("/kiosk/").content.decode()
        assert reverse("privacy:policy_qr") in page
        assert reverse("privacy:policy") in page
        assert "instead of your face" in page

    def test_a_browser_that_is_no_kiosk_learns_nothing(self, made):
        answer = Client().get("/kiosk/")
        assert answer.status_code == 200
        assert "Gate tablet" not in answer.content.decode()

    def test_hello_tells_the_time_and_whatever_was_changed(self, tablet, made):
        update_kiosk(made[0], KioskDetails(name="Back door", takes="codes", asks_direction=False))
        said = tablet.browser.get("/kiosk/hello/").json()
        assert (said["name"], said["takes"], said["asks_direction"]) == (
            "Back door",
            "codes",
            False,
        )
        assert said["zone"] == made[0].camera.site.time_zone
        assert len(said["csrf"]) == 64

    @pytest.mark.parametrize("ahead_s", [420, -30])
    def test_hello_notes_the_tablets_clock_and_that_it_lives(self, tablet, made, ahead_s):
        sent_at = (timezone.now() + timedelta(seconds=ahead_s)).isoformat()
        tablet.browser.get("/kiosk/hello/", {"sent_at": sent_at, "waiting": "0"})
        kiosk = Kiosk.objects.get()
        assert kiosk.is_heard
        assert abs(kiosk.skew_ms - ahead_s * 1000) < 2000
        assert Camera.objects.get().health == "online"

    def test_the_mark_of_its_camera_stays_while_a_tablet_has_something_to_deliver(
        self, tablet, made
    ):
        tablet.browser.get("/kiosk/hello/", {"waiting": "3"})
        assert CameraHealth.objects.get().complete_until is None
        Kiosk.objects.update(last_seen_at=timezone.now() - timedelta(minutes=1))
        tablet.browser.get("/kiosk/hello/", {"waiting": "0"})
        assert CameraHealth.objects.get().complete_until is not None

    @pytest.mark.parametrize(
        "query", ["", "?sent_at=noon&waiting=x", "?waiting=-1", "?waiting=9999999999"]
    )
    def test_a_hello_that_makes_no_sense_is_answered_all_the_same(self, tablet, query):
        assert tablet.browser.get(f"/kiosk/hello/{query}").status_code == 200
        assert Kiosk.objects.get().skew_ms is None

    def test_the_worker_reaches_the_tablets_pages_alone(self, tablet):
        answer = tablet.browser.get("/kiosk/worker.js")
        assert answer.headers["Content-Type"].startswith("text/javascript")
        assert "Service-Worker-Allowed" not in answer.headers
        script = answer.content.decode()
        assert 'const PAGE = "/kiosk/"' in script
        assert "{%" not in script

    def test_a_form_token_is_needed(self, made):
        """A page of another origin cannot make the tablet send anything."""
        strict = paired_tablet(*made)
        strict.browser.handler.enforce_csrf_checks = True
        assert strict.pin("A-1", "271828").status_code == 403
        assert strict.browser.post("/kiosk/pair/", {"key": "x"}).status_code == 403
        token = strict.browser.get("/kiosk/hello/").json()["csrf"]
        answer = strict.browser.post(
            "/kiosk/events/", {}, headers={"X-CSRFToken": token, "Accept": "application/json"}
        )
        assert answer.json()["error"]["code"] == "kiosk.event"

    def test_whoever_is_signed_in_beside_it_does_not_act_there(self, made, administrator):
        browser = Client()
        browser.force_login(UserFactory(role="administrator"), backend=SIGN_IN_BACKEND)
        assert browser.get("/kiosk/hello/").status_code == 401


def addresses(resolver: URLResolver, prefix: str = "") -> list[tuple[str, URLPattern]]:
    found = []
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            found += addresses(entry, f"{prefix}{entry.namespace or ''}:".lstrip(":"))
        else:
            found.append((f"{prefix}{entry.name}", entry))
    return found


def test_the_tablets_cookie_opens_nothing_else_of_the_portal(tablet):
    """Every page that needs a right answers the tablet as it answers anybody."""
    value = tablet.browser.cookies[COOKIE].value
    browser = Client()
    # Sent everywhere, as no browser would.
    browser.cookies[COOKIE] = value
    guarded = [
        (name, entry)
        for name, entry in addresses(get_resolver())
        if hasattr(entry.callback, "required_permission") and not entry.pattern.converters
    ]
    assert len(guarded) > 40
    for name, _ in guarded:
        for answer in (browser.get(reverse(name)), browser.post(reverse(name))):
            assert answer.status_code == 302, name
            assert answer.headers["Location"].startswith("/account/login/"), name
    for path in ("/api/v1/people", "/api/v1/cameras"):
        assert browser.get(path).status_code == 401


def test_a_tablet_may_send_pictures_and_nothing_more(tablet, made, monkeypatch):
    from portal.core.context import current_actor
    from portal.kiosk import services

    seen = []
    monkeypatch.setattr(
        services, "note_heard", lambda *_args, **_more: seen.append(current_actor())
    )
    tablet.browser.get("/kiosk/hello/")
    assert seen[0].permissions == frozenset({"sightings.recognise"})
    assert seen[0].kind == "camera"


def test_a_way_to_register_that_there_is_not_is_refused(administrator):
    with pytest.raises(DomainError, match="no such way"):
        create_kiosk(KioskDetails(name="Odd", takes="voice"))
