"""What tablets send: signed, sealed, in order of time, once; and what the server makes of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import argon2
import pytest
from django.core import serializers
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

from portal.attendance.models import CollectMark, Punch
from portal.attendance.services.collect import collect_again, collect_visits
from portal.attendance.services.void import void_punch
from portal.core.errors import DomainError
from portal.kiosk import slowdown
from portal.kiosk.clock import FUTURE, LIVE, OLDEST, timing_of
from portal.kiosk.envelope import read_envelope, read_pictures, read_secret
from portal.kiosk.models import Kiosk, KioskEvent
from portal.kiosk.sealing import Keys, SealBroken
from portal.kiosk.services import (
    KioskDetails,
    create_kiosk,
    forget_old_events,
    renew_link,
    revoke_kiosk,
    settle,
    settle_waiting,
)
from portal.kiosk.views import device
from portal.kiosk.words import said
from portal.people.models import Person
from portal.people.services import credential as credential_module
from portal.people.services import issue_pin, issue_qr, suspend_person
from portal.sightings.models import Recognition
from tests.factories import PersonFactory, RecognisedFaceFactory, UserFactory
from tests.factories.kiosks import KioskEventFactory, KioskFactory, Tablet, paired_tablet
from tests.factories.pictures import jpeg
from tests.factories.visits import VisitFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

PIN = "271828"


@pytest.fixture(autouse=True)
def quick_argon(monkeypatch):
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(credential_module, "_hasher", hasher)
    credential_module._nobodys_digest.cache_clear()
    cache.clear()


@pytest.fixture(autouse=True)
def _is_set_up():
    UserFactory()  # without a user every address leads to the set-up page


@pytest.fixture
def ada():
    person = PersonFactory(name="Ada Okafor", code="A-1")
    issue_pin(person, pin=PIN)
    return person


@pytest.fixture
def made() -> tuple[Kiosk, str]:
    return create_kiosk(KioskDetails(name="Gate tablet"))


@pytest.fixture
def tablet(made) -> Tablet:
    return paired_tablet(*made)


def only_event() -> KioskEvent:
    return KioskEvent.objects.get()


class TestRegistering:
    def test_a_pin_becomes_a_time_and_a_greeting(self, tablet, made, ada):
        response = tablet.pin("A-1", PIN)
        assert response.status_code == 200
        answer = response.json()
        assert answer["outcome"] == "punched"
        assert answer["words"].endswith(", Ada")
        assert answer["words"].startswith("Good ")
        punch = Punch.objects.get()
        assert (punch.person, punch.source, punch.direction) == (ada, "pin", "in")
        assert (punch.camera, punch.place) == (made[0].camera, "Gate tablet")
        assert punch.idempotency_key == f"kiosk:{made[0].pk.hex}:1"

    def test_a_qr_code_does_as_well(self, tablet, ada):
        answer = tablet.qr(issue_qr(ada), "out").json()
        assert (answer["outcome"], answer["direction"]) == ("punched", "out")
        punch = Punch.objects.get()
        assert (punch.person, punch.source, punch.direction) == (ada, "qr", "out")

    @pytest.mark.parametrize(
        ("code", "pin"), [("A-1", "271829"), ("Z-9", PIN), ("", PIN), ("A-1", "0")]
    )
    def test_a_wrong_pin_registers_nothing_and_names_nobody(self, tablet, ada, code, pin):
        answer = tablet.pin(code, pin)
        assert answer.json()["outcome"] == "refused"
        assert "Ada" not in answer.content.decode()
        assert answer.json()["words"] == "This code and PIN do not belong together."
        assert not Punch.objects.exists()

    def test_whoever_is_suspended_is_refused(self, tablet, ada):
        suspend_person(ada)
        assert tablet.pin("A-1", PIN).json()["outcome"] == "refused"

    def test_nothing_that_is_kept_holds_the_pin(self, tablet, ada):
        token = issue_qr(ada)
        tablet.pin("A-1", PIN)
        tablet.qr(token)
        rows = [*KioskEvent.objects.all(), *Kiosk.objects.all(), *Punch.objects.all()]
        kept = serializers.serialize("json", rows)
        assert PIN not in kept
        assert token not in kept

    @pytest.mark.parametrize(
        ("hour", "words"),
        [(3, "evening"), (4, "morning"), (11, "morning"), (12, "afternoon"), (17, "afternoon"),
         (18, "evening"), (23, "evening")],
    )  # fmt: skip
    def test_the_greeting_is_that_of_the_hour_at_the_site(self, ada, hour, words):
        kiosk = KioskFactory()
        kiosk.camera.site.time_zone = "Asia/Kolkata"
        kiosk.camera.site.save()
        at = datetime(2026, 11, 2, hour, 20, tzinfo=UTC) - timedelta(hours=5, minutes=30)
        punch = Punch.objects.create(
            person=ada, at=at, last_at=at, received_at=at, source="pin", idempotency_key="x"
        )
        event = KioskEventFactory(kiosk=kiosk, at=at, outcome="punched", reason="", punch=punch)
        assert said(event)["words"] == f"Good {words}, Ada"
        assert said(event)["time"] == f"{hour:02}:20"


class TestSignatures:
    def test_what_was_signed_by_another_key_is_refused_and_counted(self, tablet, made, ada):
        event = tablet.event("pin")
        sealed = tablet.seal(event, b"{}")
        answer = tablet.send(event, sealed, tablet.sign(event, sealed, key=b"k" * 32))
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "kiosk.forged")
        made[0].refresh_from_db()
        assert made[0].forged_count == 1
        assert not KioskEvent.objects.exists()

    @pytest.mark.parametrize("part", ["event", "sealed", "signature"])
    def test_nothing_of_it_can_be_changed_on_the_way(self, tablet, ada, part):
        event = tablet.event("pin", "in")
        sealed = tablet.seal(event, json.dumps({"code": "A-1", "secret": PIN}).encode())
        signature = tablet.sign(event, sealed)
        if part == "event":
            event = event.replace(b'"in"', b'"out"')
        elif part == "sealed":
            sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        else:
            signature = signature[:-1] + ("0" if signature[-1] != "0" else "1")
        assert tablet.send(event, sealed, signature).json()["error"]["code"] == "kiosk.forged"
        assert not Punch.objects.exists()

    def test_an_event_of_another_kiosk_is_a_forgery_here(self, tablet, ada):
        other = paired_tablet(*create_kiosk(KioskDetails(name="Other")))
        event = other.event("pin")
        sealed = tablet.seal(event, json.dumps({"code": "A-1", "secret": PIN}).encode())
        answer = tablet.send(event, sealed, tablet.sign(event, sealed))
        assert answer.json()["error"]["code"] == "kiosk.forged"

    def test_what_was_sealed_under_one_event_cannot_be_put_under_another(self, tablet, ada):
        """Somebody's PIN of the morning, kept by a tablet in the wrong hands."""
        morning = tablet.event("pin", "in")
        sealed = tablet.seal(morning, json.dumps({"code": "A-1", "secret": PIN}).encode())
        forged = tablet.event("pin", "out")
        answer = tablet.send(forged, sealed, tablet.sign(forged, sealed))
        assert answer.json()["outcome"] == "refused"
        assert only_event().reason == "unreadable"
        assert not Punch.objects.exists()

    def test_what_was_sealed_for_another_key_cannot_be_read(self, tablet, ada):
        event = tablet.event("pin")
        sealed = tablet.seal(event, b'{"code":"A-1","secret":"271828"}', public=Keys.new().public)
        tablet.send(event, sealed, tablet.sign(event, sealed))
        assert only_event().reason == "unreadable"

    @pytest.mark.parametrize("sealed", [b"", b"x", b"\x04" + b"x" * 200, bytes(77)])
    def test_what_is_no_seal_at_all_is_refused(self, tablet, sealed):
        if not sealed:
            event = tablet.event("pin")
            assert tablet.send(event, sealed, "00").status_code in {403, 422}
            return
        event = tablet.event("pin")
        tablet.send(event, sealed, tablet.sign(event, sealed))
        assert only_event().reason == "unreadable"

    def test_a_tablet_cannot_open_what_it_has_sealed(self, tablet, made, ada):
        """It holds the secret that signs and a public key; neither opens anything."""
        event = tablet.event("pin")
        sealed = tablet.seal(event, b"{}")
        pretended = Keys(tablet.signing, tablet.signing)
        with pytest.raises(SealBroken):
            pretended.open(sealed, event=event)


class TestOnce:
    def test_the_same_event_again_is_answered_and_counted_but_not_done_again(
        self, tablet, made, ada
    ):
        event = tablet.event("pin")
        sealed = tablet.seal(event, json.dumps({"code": "A-1", "secret": PIN}).encode())
        answers = [tablet.send(event, sealed, tablet.sign(event, sealed)).json() for _ in range(3)]
        assert answers[0] == answers[1] == answers[2]
        assert Punch.objects.count() == 1
        made[0].refresh_from_db()
        assert made[0].repeated_count == 2

    def test_another_event_under_a_number_that_was_used_is_refused(self, tablet, made, ada):
        tablet.pin("A-1", PIN)
        again = tablet.pin("A-1", PIN, "out", sequence=1)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "kiosk.replayed")
        assert [punch.direction for punch in Punch.objects.all()] == ["in"]

    def test_numbers_of_two_kiosks_are_not_one(self, tablet, ada):
        other = paired_tablet(*create_kiosk(KioskDetails(name="Other")))
        assert tablet.sequence == other.sequence
        tablet.pin("A-1", PIN)
        other.pin("A-1", PIN, "out")
        assert Punch.objects.count() == 2

    def test_a_wrong_pin_that_is_sent_again_is_not_tried_again(self, tablet, ada):
        event = tablet.event("pin")
        sealed = tablet.seal(event, json.dumps({"code": "A-1", "secret": "1729"}).encode())
        for _ in range(8):
            tablet.send(event, sealed, tablet.sign(event, sealed))
        assert tablet.pin("A-1", PIN).json()["outcome"] == "punched"

    def test_numbers_go_on_after_the_kiosk_was_given_a_new_link(self, tablet, made, ada):
        tablet.pin("A-1", PIN)
        again = paired_tablet(made[0], renew_link(made[0]))
        assert again.sequence == 2
        assert again.pin("A-1", PIN, "out").json()["outcome"] == "punched"

    def test_what_was_kept_before_a_new_link_is_still_taken(self, tablet, made, ada):
        event = tablet.event("pin")
        sealed = tablet.seal(event, json.dumps({"code": "A-1", "secret": PIN}).encode())
        signature = tablet.sign(event, sealed)
        again = paired_tablet(made[0], renew_link(made[0]))
        assert again.send(event, sealed, signature).json()["outcome"] == "punched"

    def test_what_was_kept_before_it_was_switched_off_is_not(self, tablet, made, ada):
        event = tablet.event("pin")
        sealed = tablet.seal(event, json.dumps({"code": "A-1", "secret": PIN}).encode())
        signature = tablet.sign(event, sealed)
        revoke_kiosk(made[0])
        again = paired_tablet(made[0], renew_link(made[0]))
        assert again.send(event, sealed, signature).json()["error"]["code"] == "kiosk.forged"


class TestTime:
    NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("ago", "skew", "kind"),
        [
            (timedelta(0), timedelta(0), "live"),
            (LIVE, timedelta(0), "live"),
            (LIVE + timedelta(seconds=1), timedelta(0), "late"),
            (timedelta(hours=9), timedelta(0), "late"),
            (OLDEST, timedelta(0), "late"),
            (OLDEST + timedelta(seconds=1), timedelta(0), "old"),
            # Ahead of us by less than clocks may be: it has just happened.
            (-timedelta(minutes=1), timedelta(0), "live"),
            (-FUTURE, timedelta(0), "live"),
            (-FUTURE - timedelta(seconds=1), timedelta(0), "future"),
            # Seven minutes fast, and known to be.
            (-timedelta(minutes=7), timedelta(minutes=7), "live"),
            (timedelta(hours=1), timedelta(minutes=7), "late"),
            # A tablet that believes in another year, and knows it.
            (timedelta(days=4000), -timedelta(days=4000), "live"),
        ],
    )
    def test_when_an_event_was_follows_from_its_clock_and_what_is_known_of_it(
        self, ago, skew, kind
    ):
        timing = timing_of(self.NOW - ago, skew.total_seconds() * 1000, now=self.NOW)
        assert timing.kind == kind
        expected = self.NOW if kind == "live" else self.NOW - ago - skew
        assert timing.at == expected

    def test_what_has_just_happened_is_of_the_servers_time(self, tablet, ada):
        """Case 99: the tablet's clock is seven minutes fast."""
        tablet.fast_ms = tablet.skew_ms = 7 * 60_000
        before = timezone.now()
        tablet.pin("A-1", PIN)
        event = only_event()
        assert before <= event.at <= timezone.now()
        assert event.device_at - event.at > timedelta(minutes=6, seconds=50)
        assert not event.was_offline

    def test_what_was_kept_is_of_the_tablets_time_less_what_it_is_ahead(self, tablet, ada):
        happened = timezone.now() - timedelta(hours=3)
        tablet.skew_ms = 7 * 60_000
        answer = tablet.pin("A-1", PIN, at=happened + timedelta(minutes=7))
        event = only_event()
        assert event.was_offline
        assert abs(event.at - happened) < timedelta(seconds=1)
        assert Punch.objects.get().at == event.at
        assert "name" not in answer.json(), "nobody stands there any more"
        assert "Ada" not in answer.content.decode()

    def test_what_lies_in_the_future_is_set_aside(self, tablet, ada):
        answer = tablet.pin("A-1", PIN, at=timezone.now() + timedelta(hours=2))
        assert answer.json()["outcome"] == "aside"
        assert Punch.objects.get().state == "quarantined"
        assert only_event().reason == "future"

    def test_what_is_too_old_is_refused_without_a_look_at_the_pin(self, tablet, ada):
        answer = tablet.pin("A-1", PIN, at=timezone.now() - OLDEST - timedelta(minutes=1))
        assert answer.json()["outcome"] == "refused"
        assert only_event().reason == "too_old"
        assert not Punch.objects.exists()

    def test_a_queue_may_come_in_any_order(self, tablet, ada):
        now = timezone.now()
        waiting = []
        for hours, direction in ((9, "in"), (5, "out"), (4, "in"), (1, "out")):
            event = tablet.event("pin", direction, at=now - timedelta(hours=hours))
            sealed = tablet.seal(event, json.dumps({"code": "A-1", "secret": PIN}).encode())
            waiting.append((event, sealed, tablet.sign(event, sealed)))
        for item in [waiting[2], waiting[0], waiting[3], waiting[1]]:
            assert tablet.send(*item).json()["outcome"] == "punched"
        assert [p.direction for p in Punch.objects.order_by("at")] == ["in", "out", "in", "out"]


class TestSlowingDown:
    def test_five_wrong_pins_of_one_person_hold_up_that_person_at_that_kiosk_only(
        self, tablet, ada
    ):
        bo = PersonFactory(code="B-2")
        issue_pin(bo, pin="314159")
        for _ in range(5):
            tablet.pin("A-1", "1729")
        held = tablet.pin("A-1", PIN)
        assert "Wait a quarter of an hour" in held.json()["words"]
        assert tablet.pin("B-2", "314159").json()["outcome"] == "punched"
        other = paired_tablet(*create_kiosk(KioskDetails(name="Other")))
        assert other.pin("A-1", PIN).json()["outcome"] == "punched", "same address, other tablet"

    def test_a_void_card_shown_over_and_over_holds_up_no_other(self, tablet, ada):
        old, new = issue_qr(ada), issue_qr(ada)
        for _ in range(7):
            assert tablet.qr(old).json()["outcome"] == "refused"
        assert tablet.qr(new).json()["outcome"] == "punched"

    def test_a_little_of_many_people_makes_every_try_wait_its_turn(self, tablet, ada, monkeypatch):
        for number in range(slowdown.MOST_WRONG):
            tablet.pin(f"X-{number}", "1729")
        first = tablet.pin("X-99", "1729")
        assert first.status_code == 200, "its turn"
        sequence = tablet.sequence
        second = tablet.pin("A-1", PIN)
        assert (second.status_code, second.json()["error"]["code"]) == (429, "kiosk.pause")
        assert second.json()["error"]["data"]["retry_after_s"] == slowdown.PAUSE_S
        assert not KioskEvent.objects.filter(sequence=sequence).exists(), "it may come again"
        cache.delete(f"kiosk-turn-{tablet.kiosk_id}")
        assert tablet.pin("A-1", PIN, sequence=sequence).json()["outcome"] == "punched"

    def test_what_was_kept_does_not_wait(self, tablet, ada):
        ago = timezone.now() - timedelta(hours=1)
        for number in range(slowdown.MOST_WRONG + 3):
            assert tablet.pin(f"X-{number}", "1729", at=ago).status_code == 200
        assert tablet.pin("A-1", PIN, at=ago).json()["outcome"] == "punched"

    def test_a_kiosk_that_sends_without_end_is_held_up(self, tablet, monkeypatch):
        monkeypatch.setattr(device, "MOST_EVENTS", 3)
        codes = [tablet.pin("X", "1729").status_code for _ in range(5)]
        assert codes == [200, 200, 200, 429, 429]


class TestFaces:
    @pytest.fixture
    def face_of(self, made):
        """What the workers make of the pictures of an event: one face each, all of one visit."""

        def look(event: KioskEvent, person: Person | None, **fields):
            confirmed = fields.pop("is_confirmed", person is not None)
            said = {"decision": "match" if person else "unknown", "person": person}
            said |= {key: fields.pop(key) for key in ("decision",) if key in fields}
            whom = {key: fields.pop(key) for key in ("candidates",) if key in fields}
            visit = VisitFactory(
                camera=made[0].camera, is_confirmed=confirmed, score=0.8, **said, **whom
            )
            for row in Recognition.objects.filter(camera=made[0].camera):
                row.state = "done"
                row.save()
                RecognisedFaceFactory(recognition=row, visit=visit, score=0.8, **{**said, **fields})
            return visit

        return look

    def sent(self, tablet, **event) -> KioskEvent:
        answer = tablet.faces(jpeg(320, 240), jpeg(322, 240), jpeg(324, 240), **event)
        assert answer.status_code == 200, answer.content
        return KioskEvent.objects.get(sequence=answer.json()["sequence"])

    def test_pictures_wait_for_the_workers_with_the_time_at_which_they_were_taken(
        self, tablet, made
    ):
        event = self.sent(tablet)
        assert (event.outcome, event.pictures) == ("waiting", 3)
        rows = Recognition.objects.order_by("captured_at")
        assert [row.camera for row in rows] == [made[0].camera] * 3
        gaps = [b.captured_at - a.captured_at for a, b in pairwise(rows)]
        assert all(abs(gap - timedelta(seconds=0.35)) < timedelta(milliseconds=2) for gap in gaps)
        assert tablet.browser.get(f"/kiosk/events/{event.sequence}/").json()["outcome"] == "waiting"

    def test_a_confirmed_name_becomes_a_time_of_the_chosen_direction(self, tablet, ada, face_of):
        event = self.sent(tablet, direction="out")
        visit = face_of(event, ada)
        answer = tablet.browser.get(f"/kiosk/events/{event.sequence}/").json()
        assert (answer["outcome"], answer["name"], answer["direction"]) == ("punched", "Ada", "out")
        punch = Punch.objects.get()
        assert (punch.source, punch.direction, punch.visit) == ("kiosk", "out", visit)
        assert punch.face.visit == visit
        assert punch.at == event.at

    def test_asked_twice_it_is_one_time(self, tablet, ada, face_of):
        event = self.sent(tablet)
        face_of(event, ada)
        settle(event)
        settle(event)
        assert Punch.objects.count() == 1

    def test_two_registrations_of_one_visit_are_two_times(self, tablet, ada, face_of):
        """In, and out again a moment later: one visit for the camera."""
        first, second = self.sent(tablet, direction="in"), self.sent(tablet, direction="out")
        face_of(first, ada)
        settle(first)
        settle(second)
        assert sorted(Punch.objects.values_list("direction", flat=True)) == ["in", "out"]

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"is_confirmed": False}, "uncertain"),
            ({"decision": "uncertain", "is_confirmed": False}, "uncertain"),
        ],
    )
    def test_a_name_that_is_not_confirmed_greets_nobody(self, tablet, ada, face_of, fields, reason):
        event = self.sent(tablet)
        face_of(event, ada, **fields)
        answer = tablet.browser.get(f"/kiosk/events/{event.sequence}/").json()
        assert answer["outcome"] == "unknown"
        assert answer["words"] == "I am not sure who you are. Please enter your PIN."
        assert "Ada" not in json.dumps(answer)
        assert KioskEvent.objects.get().reason == reason
        assert not Punch.objects.exists()

    def test_a_name_that_these_pictures_do_not_bear_out_greets_nobody(self, tablet, ada, face_of):
        """The visit was named by another camera, and somebody else stands here."""
        event = self.sent(tablet)
        visit = face_of(event, ada)
        visit.faces.update(decision="unknown", person=None)
        assert settle(event).outcome == "unknown"

    def test_kept_without_a_network_it_is_asked_about_and_counts_once_it_is_told(
        self, tablet, ada, face_of
    ):
        """Nobody stands there any more who could type a PIN."""
        event = self.sent(tablet, at=timezone.now() - timedelta(hours=3), direction="in")
        visit = face_of(event, None, decision="uncertain", candidates=[[str(ada.pk), 0.47]])
        event = settle(event)
        assert (event.outcome, event.reason, event.visit) == ("unknown", "in_review", visit)
        punch = Punch.objects.get()
        assert (punch.person, punch.state, punch.source) == (ada, "pending", "kiosk")
        assert (punch.at, punch.direction, punch.camera) == (event.at, "in", event.kiosk.camera)
        settle(event)
        self.told(visit, settled_as="confirmed", person=ada)
        collect_again(event.at - timedelta(days=1))
        punch = Punch.objects.get()
        assert (punch.person, punch.state) == (ada, "counted")

    def test_of_a_stranger_it_counts_once_somebody_knows_who_it_was(self, tablet, ada, face_of):
        event = self.sent(tablet, at=timezone.now() - timedelta(hours=3))
        visit = face_of(event, None)
        assert settle(event).reason == "unknown"
        assert not Punch.objects.exists()
        self.told(visit, settled_as="assigned", person=ada)
        assert Punch.objects.get().person == ada

    def test_told_before_the_worker_came_to_the_event_it_counts_at_once(self, tablet, ada, face_of):
        """As with pictures that were looked at while this worker was away."""
        event = self.sent(tablet, at=timezone.now() - timedelta(days=5))
        visit = face_of(event, ada, decision="uncertain", is_confirmed=False)
        self.told(visit, settled_as="confirmed", person=ada)
        CollectMark.objects.update(at=timezone.now() + timedelta(hours=1))
        settle(event)
        assert Punch.objects.get().state == "counted"

    def test_who_it_was_may_be_told_otherwise_and_taken_back(self, tablet, ada, face_of):
        eve = PersonFactory()
        event = self.sent(tablet, at=timezone.now() - timedelta(hours=3))
        visit = face_of(event, None, decision="uncertain", candidates=[[str(ada.pk), 0.47]])
        settle(event)
        for said_of, counted in (
            ({"settled_as": "assigned", "person": eve}, [(eve, "counted")]),
            ({"settled_as": "refused", "person": None}, []),
            ({"settled_as": "", "person": None}, [(ada, "pending")]),
            ({"settled_as": "confirmed", "person": ada}, [(ada, "counted")]),
        ):
            self.told(visit, **said_of)
            live = Punch.objects.filter(voided_at=None)
            assert [(punch.person, punch.state) for punch in live] == counted
            assert {punch.at for punch in live} <= {event.at}

    def test_what_a_person_struck_of_it_stays_struck(self, tablet, ada, face_of):
        event = self.sent(tablet, at=timezone.now() - timedelta(hours=3))
        visit = face_of(event, ada, decision="uncertain", is_confirmed=False)
        self.told(visit, settled_as="confirmed", person=ada)
        settle(event)
        void_punch(Punch.objects.get(), reason="Only looked in", by="eve@example.org")
        assert collect_again(event.at - timedelta(days=1)) == 0

    @pytest.mark.parametrize(
        "fields",
        [
            pytest.param({"decision": "spoof"}, id="no living face"),
            pytest.param({"decision": "match", "is_confirmed": True}, id="named by other pictures"),
        ],
    )
    def test_kept_pictures_of_whom_nothing_can_be_told_are_not_asked_about(
        self, tablet, ada, face_of, fields
    ):
        event = self.sent(tablet, at=timezone.now() - timedelta(hours=3))
        visit = face_of(event, ada, **fields)
        if fields["decision"] == "match":
            visit.faces.update(decision="unknown", person=None)
        assert settle(event).visit is None
        assert not Punch.objects.exists()

    @pytest.mark.parametrize(("hours", "outcome"), [(0, "unknown"), (3, "waiting")])
    def test_the_workers_are_waited_for_as_long_as_nobody_is_sent_to_another_way(
        self, tablet, ada, face_of, hours, outcome
    ):
        event = self.sent(tablet, at=timezone.now() - timedelta(hours=hours))
        KioskEvent.objects.update(created_at=timezone.now() - timedelta(hours=7))
        assert settle(event).outcome == outcome
        face_of(event, ada)
        assert settle(event).outcome == ("punched" if outcome == "waiting" else "unknown")

    def told(self, visit, **fields) -> None:
        """In Review."""
        for name, value in fields.items():
            setattr(visit, name, value)
        visit.save()
        collect_visits()

    def test_of_several_faces_the_nearest_registers(self, tablet, ada, made, face_of):
        event = self.sent(tablet)
        face_of(event, ada, box=[10, 10, 120, 140])
        behind = VisitFactory(
            camera=made[0].camera, decision="match", person=PersonFactory(), is_confirmed=True
        )
        for row in Recognition.objects.all():
            RecognisedFaceFactory(
                recognition=row,
                position=1,
                visit=behind,
                decision="match",
                person=behind.person,
                box=[200, 10, 40, 50],
            )
        assert settle(event).punch.person == ada

    def test_two_people_in_turn_before_the_camera_are_nobody(self, tablet, ada, made, face_of):
        event = self.sent(tablet)
        face_of(event, ada)
        other = VisitFactory(
            camera=made[0].camera, decision="match", person=PersonFactory(), is_confirmed=True
        )
        last = Recognition.objects.order_by("captured_at").last()
        last.faces.update(visit=other, person=other.person)
        assert settle(event).outcome == "unknown"

    def test_a_picture_that_is_too_poor_speaks_for_nobody(self, tablet, ada, face_of):
        event = self.sent(tablet)
        face_of(event, ada)
        first = Recognition.objects.order_by("captured_at").first()
        first.faces.update(visit=None, decision="poor", person=None)
        assert settle(event).outcome == "punched"

    def test_no_face_and_poor_ones_say_so(self, tablet):
        event = self.sent(tablet)
        Recognition.objects.update(state="done")
        assert settle(event).reason == "no_face"
        poor = self.sent(tablet)
        rows = Recognition.objects.filter(state="queued")
        for row in rows:
            RecognisedFaceFactory(recognition=row, decision="poor")
        rows.update(state="done")
        assert settle(poor).reason == "poor"

    def test_whoever_was_suspended_meanwhile_is_not_greeted(self, tablet, ada, face_of):
        event = self.sent(tablet)
        face_of(event, ada)
        suspend_person(ada)
        assert settle(event).outcome == "unknown"

    def test_whoever_took_another_way_is_not_registered_twice(self, tablet, ada, face_of):
        event = self.sent(tablet)
        answer = tablet.browser.post(f"/kiosk/events/{event.sequence}/withdraw/").json()
        assert (answer["outcome"], answer["words"]) == ("unknown", "")
        face_of(event, ada)
        assert settle(event).outcome == "unknown"
        assert not Punch.objects.exists()

    def test_what_is_settled_already_is_not_taken_back(self, tablet, ada, face_of):
        event = self.sent(tablet)
        face_of(event, ada)
        settle(event)
        answer = tablet.browser.post(f"/kiosk/events/{event.sequence}/withdraw/").json()
        assert (answer["outcome"], answer["name"]) == ("punched", "Ada")

    def test_pictures_that_were_kept_are_settled_by_the_worker(self, tablet, ada, face_of):
        ago = timezone.now() - timedelta(hours=2)
        event = self.sent(tablet, at=ago)
        rows = Recognition.objects.all()
        assert all(row.captured_at <= ago for row in rows)
        face_of(event, ada)
        assert settle_waiting() == 1
        assert abs(Punch.objects.get().at - ago) < timedelta(seconds=1)

    def test_what_no_worker_looked_at_for_hours_is_given_up(self, tablet):
        event = self.sent(tablet)
        assert settle_waiting() == 0
        KioskEvent.objects.update(created_at=timezone.now() - timedelta(hours=7))
        assert settle_waiting() == 1
        event.refresh_from_db()
        assert event.reason == "not_looked_at"

    @pytest.mark.parametrize("hours", [2, -24 * 20])
    def test_pictures_of_another_time_are_not_even_looked_at(self, tablet, hours):
        event = self.sent(tablet, at=timezone.now() + timedelta(hours=hours))
        assert event.outcome == "refused"
        assert event.reason == ("future" if hours > 0 else "too_old")
        assert not Recognition.objects.exists()

    def test_a_kiosk_of_codes_takes_no_faces(self):
        made = create_kiosk(KioskDetails(name="Codes", takes="codes"))
        event = self.sent(paired_tablet(*made))
        assert (event.outcome, event.reason) == ("refused", "no_faces")
        assert not Recognition.objects.exists()

    def test_what_is_no_picture_is_refused(self, tablet):
        answer = tablet.faces(b"<svg/>", jpeg())
        assert answer.json()["outcome"] == "refused"
        assert only_event().reason == "picture"

    def test_delivered_again_pictures_are_the_same(self, tablet):
        event = tablet.event("face", ages_s=[0.0])
        picture = jpeg()
        sealed = tablet.seal(event, len(picture).to_bytes(4, "big") + picture)
        for _ in range(3):
            tablet.send(event, sealed, tablet.sign(event, sealed))
        assert Recognition.objects.count() == 1


class TestNames:
    def test_a_name_is_said_for_a_minute_and_not_to_whoever_counts_through_the_numbers(
        self, tablet, ada
    ):
        tablet.pin("A-1", PIN)
        assert "Ada" in tablet.browser.get("/kiosk/events/1/").content.decode()
        KioskEvent.objects.update(created_at=timezone.now() - timedelta(seconds=61))
        later = tablet.browser.get("/kiosk/events/1/")
        assert later.json()["outcome"] == "punched"
        assert "Ada" not in later.content.decode()

    def test_another_kiosks_events_are_not_there(self, tablet, ada):
        other = paired_tablet(*create_kiosk(KioskDetails(name="Other")))
        tablet.pin("A-1", PIN)
        assert other.browser.get("/kiosk/events/1/").status_code == 404
        assert other.browser.post("/kiosk/events/1/withdraw/").status_code == 404

    def test_a_number_beyond_all_bounds_is_not_there(self, tablet):
        assert tablet.browser.get(f"/kiosk/events/{10**30}/").status_code == 404

    def test_only_the_first_name_is_said(self, tablet, ada):
        assert "Okafor" not in tablet.pin("A-1", PIN).content.decode()


class TestEnvelopes:
    GOOD = {
        "kiosk": "0190f0a0-0000-7000-8000-000000000000",
        "sequence": 7,
        "kind": "pin",
        "direction": "in",
        "device_at": "2026-11-22T12:00:00.000Z",
        "skew_ms": 12.5,
    }

    def test_what_a_browser_writes_is_read(self):
        found = read_envelope(json.dumps(self.GOOD).encode())
        assert (found.sequence, found.kind, found.direction) == (7, "pin", "in")
        assert found.device_at == datetime(2026, 11, 22, 12, tzinfo=UTC)

    @pytest.mark.parametrize(
        "change",
        [
            {"kiosk": "no id"},
            {"kiosk": 7},
            {"sequence": 0},
            {"sequence": -1},
            {"sequence": True},
            {"sequence": 1.0},
            {"sequence": "7"},
            {"sequence": 2**53},
            {"kind": "manual"},
            {"direction": "up"},
            {"device_at": "noon"},
            {"device_at": 1_700_000_000},
            {"skew_ms": None},
            {"skew_ms": "NaN"},
            {"skew_ms": 1e300},
            {"ages_s": [0.1]},
            {"kind": "face"},
            {"kind": "face", "ages_s": []},
            {"kind": "face", "ages_s": [0.1] * 6},
            {"kind": "face", "ages_s": [-1.0]},
            {"kind": "face", "ages_s": [1e9]},
            {"kind": "face", "ages_s": ["NaN"]},
        ],
    )
    def test_what_does_not_fit_is_no_event(self, change):
        with pytest.raises(DomainError) as refused:
            read_envelope(json.dumps({**self.GOOD, **change}).encode())
        assert (refused.value.code, refused.value.http_status) == ("kiosk.event", 422)

    @pytest.mark.parametrize(
        "text", [b"", b"[]", b"null", b"\xff", b"{", b"[" * 2000, b" " * 3000, b'{"kiosk": 1}']
    )
    def test_what_is_no_json_object_is_no_event(self, text):
        with pytest.raises(DomainError):
            read_envelope(text)

    @pytest.mark.parametrize(
        "plain",
        [b"{}", b'{"secret": ""}', b'{"secret": 7}', b'{"secret": "1", "code": null}',
         b'{"secret": "' + b"1" * 300 + b'"}'],
    )  # fmt: skip
    def test_what_is_no_secret_is_no_event(self, plain):
        with pytest.raises(DomainError):
            read_secret(plain)

    def test_a_secret_never_shows_itself(self):
        assert "1729" not in repr(read_secret(b'{"secret": "1729", "code": "A-1"}'))

    @pytest.mark.parametrize(
        ("plain", "count"),
        [
            (b"", 1),
            (b"\0\0\0\x01", 1),
            (b"\0\0\0\0", 1),
            (b"\xff\xff\xff\xffx", 1),
            (b"\0\0\0\x01x", 2),
            (b"\0\0\0\x01x\0\0\0\x01y", 1),
            (b"\0\0\0\x01x\0\0", 1),
        ],
    )
    def test_pictures_that_are_not_as_many_as_said_are_no_event(self, plain, count):
        with pytest.raises(DomainError):
            read_pictures(plain, count)

    def test_an_event_that_is_too_large_is_refused_before_it_is_looked_at(self, tablet):
        event = tablet.event("pin", note="x" * 3000)
        answer = tablet.send(event, b"x", "00")
        assert answer.status_code == 422


def test_old_events_are_forgotten_and_their_times_stay(tablet, ada):
    tablet.pin("A-1", PIN)
    KioskEvent.objects.update(created_at=timezone.now() - timedelta(days=91))
    KioskEventFactory()
    assert forget_old_events() == 1
    assert KioskEvent.objects.count() == 1
    assert Punch.objects.count() == 1


def test_where_the_cache_is_away_no_pin_is_tried_and_the_event_may_come_again(
    tablet, ada, monkeypatch
):
    """Nothing is used up: the tablet keeps the event and sends it again."""

    def away(*_args, **_more):
        raise RedisError

    monkeypatch.setattr(credential_module.cache, "get", away)
    answer = tablet.pin("A-1", PIN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "credential.unavailable")
    assert not KioskEvent.objects.exists()
