"""Roll-calls: a frozen list, marks that are kept once and in their order, and cameras that mark."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Role
from portal.audit.models import AuditEntry
from portal.core.context import SYSTEM, Actor, Scope, acting_as
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.muster import services
from portal.muster.charts import curve_of, duration
from portal.muster.models import MusterChange, MusterEvent
from portal.muster.passes import issue_pass, read_pass
from portal.muster.selectors import (
    changes_after,
    counts_of,
    cursor_of,
    places_of,
    present_within,
    report_of,
    visible_entries,
)
from portal.muster.services import Mark, follow_musters, mark_people, start_muster
from portal.organisation.models import Site
from portal.organisation.services import default_site
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import CameraFactory, PersonFactory, UserFactory, VisitFactory
from tests.factories.muster import MusterEntryFactory, MusterFactory, on_site
from tests.factories.visits import VisitLegFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_system():
    with acting_as(SYSTEM):
        default_site()
        yield


@pytest.fixture
def event():
    return MusterFactory()


def warden(*permissions: str, **scope: object) -> Actor:
    rights = frozenset(permissions or ("muster.view", "muster.run"))
    return Actor("user", str(UserFactory().pk), "warden", rights, scope=Scope(**scope))


def mark(entry, state="safe", *, key="", **fields) -> Mark:
    return Mark(
        key=key or f"test:{MusterChange.objects.count()}:{entry.pk.hex}",
        entry_id=entry.pk,
        state=state,
        label="warden",
        **fields,
    )


def states(event) -> dict[str, str]:
    return dict(event.entries.values_list("person__name", "state"))


class TestBeginning:
    def test_the_list_is_who_is_on_the_site_then_and_stays_so(self):
        gate = CameraFactory(name="Gate", place="")
        here = on_site(camera=gate).person
        on_site(status="provisional")  # gone
        event = start_muster(default_site().pk, is_drill=True)
        on_site()  # comes afterwards
        (entry,) = visible_entries(event)
        assert entry.person == here
        assert entry.state == "missing"
        assert entry.last_place == "Gate"
        assert entry.last_seen_at is not None
        assert not entry.was_added

    def test_visitors_from_another_site_are_on_the_list_of_where_they_are(self):
        depot = Site.objects.create(name="Depot")
        guest, away = PersonFactory(site=depot, department=None), PersonFactory()
        on_site(guest, camera=CameraFactory(site=default_site()))
        on_site(away, camera=CameraFactory(site=depot))
        event = start_muster(default_site().pk, is_drill=False)
        assert [entry.person for entry in visible_entries(event)] == [guest]

    def test_whoever_was_seen_without_a_direction_is_on_it_as_perhaps_gone(self):
        from tests.factories.attendance import DayFactory, PunchFactory

        person, now = PersonFactory(), timezone.now()
        seen = now - timedelta(minutes=30)
        DayFactory(person=person, status="provisional", last_out=seen, work_date=now.date(),
                   end=now + timedelta(hours=1), window_end=now + timedelta(hours=2))  # fmt: skip
        PunchFactory(person=person, at=seen, direction="unknown")
        (entry,) = visible_entries(start_muster(default_site().pk, is_drill=False))
        assert entry.is_unsure

    def test_whoever_is_still_inside_when_the_hours_after_the_shift_are_over_is_too(self):
        """Of overtime into the night an alarm must know, also where the policy closed the day."""
        over = timezone.now() - timedelta(minutes=5)
        open_since = on_site(status="incomplete", flags=["missing_out"], window_end=over)
        closed = on_site(status="present", flags=["auto_closed"], window_end=over, last_out=over)
        entries = visible_entries(start_muster(default_site().pk, is_drill=False))
        assert {entry.person for entry in entries} == {open_since.person, closed.person}
        assert all(entry.is_unsure for entry in entries)

    def test_two_at_one_site_at_once_are_refused(self):
        start_muster(default_site().pk, is_drill=False)
        with pytest.raises(DomainError) as refusal:
            start_muster(default_site().pk, is_drill=True)
        assert refusal.value.code == "muster.running"
        assert refusal.value.http_status == 409
        assert MusterEvent.objects.count() == 1

    def test_after_one_has_ended_another_can_begin(self):
        services.end_muster(start_muster(default_site().pk, is_drill=True).pk, note="Good")
        assert start_muster(default_site().pk, is_drill=False).ended_at is None

    def test_a_meeting_point_camera_of_another_site_is_refused_and_nothing_began(self):
        camera = CameraFactory(site=Site.objects.create(name="Depot"))
        with pytest.raises(DomainError, match="of the same site"):
            start_muster(default_site().pk, is_drill=False, camera_ids=[camera.pk])
        assert not MusterEvent.objects.exists()

    def test_it_is_written_down(self):
        on_site()
        event = start_muster(default_site().pk, is_drill=True)
        services.end_muster(event.pk)
        acts = list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))
        assert acts[-2:] == ["muster.started", "muster.ended"]
        assert AuditEntry.objects.get(action="muster.started").after["people"] == 1


class TestMarks:
    def test_one_sent_twice_is_one(self, event):
        entry = MusterEntryFactory(event=event)
        for _ in range(2):
            (outcome,) = mark_people(event.pk, [mark(entry, key="s:1")])
            assert outcome.refusal == ""
        assert entry.changes.count() == 1
        assert AuditEntry.objects.filter(action="muster.marked").count() == 1

    def test_the_one_that_was_made_last_holds_whenever_it_comes(self, event):
        """A phone that was away brings what was true before somebody else knew better."""
        event = age(event, minutes=20)
        entry, now = MusterEntryFactory(event=event), timezone.now()
        mark_people(event.pk, [mark(entry, "safe")])
        mark_people(event.pk, [mark(entry, "missing")])
        old = mark(entry, "safe", at=now - timedelta(minutes=10), sent_at=now)
        (outcome,) = mark_people(event.pk, [old])
        assert outcome.refusal == ""
        entry.refresh_from_db()
        assert entry.state == "missing"
        assert entry.changes.count() == 3

    CLOCKS = {
        "right": timedelta(0),
        "seven minutes fast": timedelta(minutes=7),
        "a year slow": -timedelta(days=365),
    }

    @pytest.mark.parametrize("clock", CLOCKS)
    def test_a_phone_whose_clock_is_wrong_says_the_right_time(self, clock, event):
        event = age(event, minutes=20)
        entry, now = MusterEntryFactory(event=event), timezone.now()
        theirs = now + self.CLOCKS[clock]
        late = mark(entry, at=theirs - timedelta(minutes=5), sent_at=theirs)
        mark_people(event.pk, [late])
        said = entry.changes.get()
        assert abs(said.at - (now - timedelta(minutes=5))) < timedelta(seconds=5)
        assert said.received_at - said.at > timedelta(minutes=4)

    def test_none_is_before_the_beginning_or_in_the_future(self, event):
        first, second = MusterEntryFactory.create_batch(2, event=event)
        now = timezone.now()
        mark_people(
            event.pk,
            [
                mark(first, key="a:1", at=now - timedelta(days=1), sent_at=now),
                mark(second, key="a:2", at=now + timedelta(days=1), sent_at=now),
            ],
        )
        assert first.changes.get().at == event.created_at
        assert second.changes.get().at <= timezone.now()

    def test_a_wrong_one_keeps_no_other_from_being_kept(self, event):
        entry, stranger = (
            MusterEntryFactory(event=event),
            MusterEntryFactory(event=MusterFactory(site=Site.objects.create(name="Depot"))),
        )
        outcomes = mark_people(
            event.pk, [mark(stranger, key="k:1"), mark(entry, "gone", key="k:2"),
                       mark(entry, key="k:3")]
        )  # fmt: skip
        assert [bool(outcome.refusal) for outcome in outcomes] == [True, True, False]
        assert states(event) == {entry.person.name: "safe"}
        stranger.refresh_from_db()
        assert stranger.state == "missing"

    def test_after_the_end_only_what_was_made_before_it_is_taken(self, event):
        event = age(event, minutes=20)
        early, late = MusterEntryFactory.create_batch(2, event=event)
        MusterEvent.objects.filter(pk=event.pk).update(
            ended_at=timezone.now() - timedelta(minutes=5)
        )
        now = timezone.now()
        outcomes = mark_people(
            event.pk,
            [
                mark(early, key="e:1", at=now - timedelta(minutes=9), sent_at=now),
                mark(late, key="e:2", at=now - timedelta(minutes=1), sent_at=now),
            ],
        )
        assert [bool(outcome.refusal) for outcome in outcomes] == [False, True]

    def test_many_marks_are_as_many_questions_as_few(self, event, django_assert_max_num_queries):
        entries = MusterEntryFactory.create_batch(60, event=event)
        with django_assert_max_num_queries(20):
            mark_people(event.pk, [mark(each, key=f"m:{n}") for n, each in enumerate(entries)])
        assert set(states(event).values()) == {"safe"}


class TestWhose:
    def test_whoever_may_only_look_changes_nothing(self, event):
        entry = MusterEntryFactory(event=event)
        viewer = warden("muster.view")
        with acting_as(viewer):
            assert list(visible_entries(event)) == [entry]
            for act in (
                lambda: mark_people(event.pk, [mark(entry)]),
                lambda: services.end_muster(event.pk),
                lambda: services.add_person(event.pk, entry.person_id, is_safe=True),
                lambda: start_muster(event.site_id, is_drill=True),
            ):
                with pytest.raises(PermissionMissing):
                    act()

    def test_a_roll_call_of_another_site_is_not_there(self, event):
        entry = MusterEntryFactory(event=event)
        depot = Site.objects.create(name="Depot")
        with acting_as(warden(site_ids=frozenset({depot.pk}))):
            for act in (
                lambda: mark_people(event.pk, [mark(entry)]),
                lambda: services.end_muster(event.pk),
                lambda: start_muster(event.site_id, is_drill=True),
            ):
                with pytest.raises(NotFound):
                    act()
            assert present_within(timezone.now()) == []

    def test_whoever_answers_for_a_department_sees_and_marks_its_people_alone(self, event):
        ours = MusterEntryFactory(event=event)
        theirs = MusterEntryFactory(event=event, person__department_path="Kitchen")
        scope = {"department_ids": frozenset({ours.person.department_id})}
        with acting_as(warden(**scope)):
            assert list(visible_entries(event)) == [ours]
            assert counts_of([event])[event.pk].total == 1
            (outcome,) = mark_people(event.pk, [mark(theirs)])
            assert outcome.refusal
            begun = services.end_muster(event.pk)
            on_site(ours.person)
            on_site(theirs.person)
            # The list of what they begin is whole all the same.
            begun = start_muster(event.site_id, is_drill=False)
            assert visible_entries(begun).count() == 1
        assert visible_entries(begun).count() == 2

    def test_people_are_added_out_of_ones_scope_only(self, event):
        stranger = PersonFactory(site=Site.objects.create(name="Depot"), department=None)
        with acting_as(warden(site_ids=frozenset({event.site_id}))), pytest.raises(NotFound):
            services.add_person(event.pk, stranger.pk, is_safe=True)

    def test_a_pass_says_whose_marks_are_and_cannot_be_altered(self, event):
        signed = issue_pass(event.pk, warden(), session_key="a session")
        whose = read_pass(signed, event_id=event.pk)
        assert (whose.label, len(whose.session)) == ("warden", 16)
        assert "a session" not in signed
        other = MusterFactory(site=Site.objects.create(name="Depot"))
        for wrong, of in ((signed[:-2] + "xx", event), (signed, other), ("", event)):
            with pytest.raises(DomainError, match="do not come from a page"):
                read_pass(wrong, event_id=of.pk)


class TestAddingSomebody:
    def test_puts_them_on_the_list_once(self, event):
        person = PersonFactory()
        for is_safe in (True, False):
            entry = services.add_person(event.pk, person.pk, is_safe=is_safe)
        entry.refresh_from_db()
        assert entry.was_added
        assert entry.state == "safe"
        assert entry.changes.count() == 1

    def test_as_missing_is_possible(self, event):
        entry = services.add_person(event.pk, PersonFactory().pk, is_safe=False)
        entry.refresh_from_db()
        assert entry.state == "missing"

    def test_tells_the_other_phones(self, event):
        cursor = cursor_of(event)
        entry = services.add_person(event.pk, PersonFactory().pk, is_safe=True)
        entries, reached = changes_after(event, cursor)
        assert entries == [entry]
        assert changes_after(event, reached) == ([], reached)


class TestTheCameraAtTheMeetingPoint:
    @pytest.fixture
    def assembly(self, event):
        camera = CameraFactory(name="Car park", site=event.site)
        event.safe_cameras.add(camera)
        return camera

    def seen(self, person, camera, **fields):
        """A visit of just now."""
        at = timezone.now()
        sure = {"decision": "match", "is_confirmed": True}
        visit = VisitFactory(
            person=person, camera=camera, first_at=at, last_at=at, **{**sure, **fields}
        )
        VisitLegFactory(visit=visit)
        return visit

    def test_saves_whom_it_recognises_once(self, event, assembly):
        entry = MusterEntryFactory(event=event)
        self.seen(entry.person, assembly)
        assert follow_musters() == 1
        assert follow_musters() == 0
        entry.refresh_from_db()
        assert (entry.state, entry.changed_by) == ("safe", "Car park")

    @pytest.mark.parametrize(
        "fields", [{"is_confirmed": False}, {"person": None, "decision": "unknown"}]
    )
    def test_saves_nobody_whose_name_is_not_sure(self, fields, event, assembly):
        entry = MusterEntryFactory(event=event)
        self.seen(fields.pop("person", entry.person), assembly, **fields)
        assert follow_musters() == 0

    def test_saves_a_name_that_a_person_gave(self, event, assembly):
        entry = MusterEntryFactory(event=event)
        self.seen(entry.person, assembly, is_confirmed=False, settled_as="assigned")
        assert follow_musters() == 1

    def test_is_the_only_one_that_does(self, event, assembly):
        entry = MusterEntryFactory(event=event)
        self.seen(entry.person, CameraFactory(site=event.site))
        assert follow_musters() == 0

    def test_knows_nothing_of_what_was_before(self, event, assembly):
        entry = MusterEntryFactory(event=event)
        visit = self.seen(entry.person, assembly)
        early = event.created_at - timedelta(minutes=1)
        visit.legs.update(first_at=early, last_at=early)
        assert follow_musters() == 0

    def test_takes_who_stood_there_already_for_safe_from_the_beginning(self, event, assembly):
        entry = MusterEntryFactory(event=event)
        visit = self.seen(entry.person, assembly)
        visit.legs.update(first_at=event.created_at - timedelta(minutes=1))
        assert follow_musters() == 1
        assert entry.changes.get().at == event.created_at

    def test_takes_back_what_rested_on_a_face_that_was_anothers(self, event, assembly):
        wrong, right = MusterEntryFactory.create_batch(2, event=event)
        visit = self.seen(wrong.person, assembly)
        follow_musters()
        visit.person = right.person
        visit.save()
        assert follow_musters() == 2
        assert follow_musters() == 0
        assert states(event) == {wrong.person.name: "missing", right.person.name: "safe"}

    def test_leaves_alone_what_somebody_said_since(self, event, assembly):
        entry = MusterEntryFactory(event=event)
        visit = self.seen(entry.person, assembly)
        follow_musters()
        mark_people(event.pk, [mark(entry, "missing")])
        mark_people(event.pk, [mark(entry, "safe")])
        visit.person = PersonFactory()
        visit.save()
        follow_musters()
        entry.refresh_from_db()
        assert entry.state == "safe"

    def test_puts_a_known_person_on_the_list_whom_nobody_saw_coming(self, event, assembly):
        visit = self.seen(PersonFactory(), assembly)
        assert follow_musters() == 1
        entry = event.entries.get()
        assert (entry.person, entry.was_added, entry.state) == (visit.person, True, "safe")
        visit.person = None
        visit.save()
        follow_musters()
        entry.refresh_from_db()
        assert entry.state == "excused"

    def test_says_nothing_any_more_once_it_is_over(self, event, assembly):
        entry = MusterEntryFactory(event=event)
        services.end_muster(event.pk)
        self.seen(entry.person, assembly)
        assert follow_musters() == 0


class TestTheReport:
    def test_says_how_long_it_took_and_who_said_so(self, event):
        event = age(event, minutes=30)
        first, second, third, fourth = MusterEntryFactory.create_batch(4, event=event)
        now = timezone.now()
        begun = event.created_at
        for entry, minutes in ((first, 2), (second, 6), (third, 4)):
            at = begun + timedelta(minutes=minutes)
            mark_people(event.pk, [mark(entry, key=f"r:{minutes}", at=at, sent_at=now)])
        mark_people(event.pk, [mark(fourth, "excused")])
        report = report_of(services.end_muster(event.pk, note="Door 3 was locked"))
        assert [round(time.total_seconds() / 60) for time in report.times] == [2, 4, 6]
        assert duration(report.all_safe_after) == "6 min"
        assert duration(report.half_safe_after) == "4 min"
        assert [(each.label, each.count) for each in report.markers] == [("warden", 3)]
        curve = curve_of(report)
        assert curve.finding == "All 3 safe after 6 min"

    def test_of_somebody_never_found_says_so(self, event):
        found, _ = MusterEntryFactory.create_batch(2, event=event)
        mark_people(event.pk, [mark(found)])
        report = report_of(services.end_muster(event.pk))
        assert report.all_safe_after is None
        assert report.counts.missing == 1
        assert curve_of(report).finding == "1 of 2 safe; 1 never accounted for"

    def test_of_nobody_draws_nothing(self, event):
        assert curve_of(report_of(services.end_muster(event.pk))) is None

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (380, "6 min 20 s"), (3600, "1 h"),
         (3900, "1 h 5 min")],
    )  # fmt: skip
    def test_durations_are_read_at_a_glance(self, seconds, words):
        assert duration(timedelta(seconds=seconds)) == words


def age(event, *, minutes):
    """The roll-call as if it had begun so long ago."""
    begun = timezone.now() - timedelta(minutes=minutes)
    MusterEvent.objects.filter(pk=event.pk).update(created_at=begun)
    event.refresh_from_db()
    return event


class TestThePages:
    @pytest.fixture
    def officer(self):
        client = Client()
        client.force_login(UserFactory(role=Role.OFFICER), backend=SIGN_IN_BACKEND)
        return client

    def send(self, client, event, *marks, sent_at=None):
        body = {"sent_at": (sent_at or timezone.now()).isoformat(), "marks": list(marks)}
        return client.post(
            reverse("muster:marks", args=[event.pk]),
            json.dumps(body),
            content_type="application/json",
            headers={"Accept": "application/json"},
        )

    def page_of(self, client, event):
        return client.get(reverse("muster:roll", args=[event.pk]))

    def test_a_roll_call_from_its_beginning_to_its_report(self, officer):
        camera = CameraFactory(name="Car park")
        ada = on_site(PersonFactory(name="Ada Lovelace"), camera=CameraFactory(name="Gate")).person
        start = reverse("muster:start", args=[default_site().pk])
        assert "Car park" in officer.get(start).content.decode()
        answer = officer.post(start, {"kind": "drill", "cameras": [str(camera.pk)]}, follow=True)
        page = answer.content.decode()
        assert "Ada Lovelace" in page
        assert "Drill" in page
        event = MusterEvent.objects.get()
        assert event.is_drill
        assert list(event.safe_cameras.all()) == [camera]
        entry = event.entries.get()

        sent = {"key": "0123456789ab", "entry": str(entry.pk), "state": "safe",
                "at": timezone.now().isoformat(), "pass": answer.context["pass"]}  # fmt: skip
        assert self.send(officer, event, sent).json() == {"kept": [sent["key"]], "refused": {}}
        assert self.send(officer, event, sent).json() == {"kept": [sent["key"]], "refused": {}}
        assert entry.changes.count() == 1
        changed = officer.get(reverse("muster:changes", args=[event.pk]), {"after": 0}).json()
        assert changed["counts"] == {"missing": 0, "safe": 1, "excused": 0}
        assert [one["id"] for one in changed["entries"]] == [str(entry.pk)]
        assert "Ada" not in json.dumps(changed)

        report = officer.post(
            reverse("muster:end", args=[event.pk]), {"note": "Went well"}, follow=True
        ).content.decode()
        assert "The one person safe after" in report
        assert "Went well" in report
        listed = officer.get(reverse("muster:list", args=[event.pk]))
        assert listed["Content-Type"] == "text/csv; charset=utf-8"
        assert f"Ada Lovelace,{ada.code}," in listed.content.decode()
        history = officer.get(reverse("muster:overview")).content.decode()
        assert reverse("muster:roll", args=[event.pk]) in history
        # The next one at this site begins with the same cameras.
        assert "checked" in officer.get(start).content.decode().partition("Car park")[0][-300:]

    def test_marks_of_who_is_signed_out_by_now_are_theirs_when_another_sends_them(
        self, officer, event
    ):
        entry = MusterEntryFactory(event=event)
        made = self.page_of(officer, event).context["pass"]
        second = UserFactory(role=Role.HR)
        client = Client()
        client.force_login(second, backend=SIGN_IN_BACKEND)
        mark = {"key": "0123456789ab", "entry": str(entry.pk), "state": "safe", "pass": made}
        assert self.send(client, event, mark).json()["kept"] == [mark["key"]]
        assert entry.changes.get().actor_label != second.get_username()

    BAD = {
        "no pass": {"pass": ""},
        "a state that is none": {"state": "fled"},
        "nobody": {"entry": "01a20000-0000-7000-8000-000000000000"},
        "no id": {"entry": "x"},
        "a short key": {"key": "1"},
        "a key that is a sentence": {"key": "one; drop table"},
        "no time": {"at": "yesterday"},
    }

    @pytest.mark.parametrize("case", BAD)
    def test_a_bad_mark_is_refused_with_a_reason_and_the_good_one_beside_it_kept(
        self, case, officer, event
    ):
        entry = MusterEntryFactory(event=event)
        signed = self.page_of(officer, event).context["pass"]
        good = {"key": "aaaaaaaaaaaa", "entry": str(entry.pk), "state": "safe", "pass": signed}
        bad = {**good, "key": "bbbbbbbbbbbb", **self.BAD[case]}
        answer = self.send(officer, event, bad, good).json()
        assert answer["kept"] == [good["key"]]
        assert list(answer["refused"]) == [bad["key"]]
        assert answer["refused"][bad["key"]].endswith(".") or answer["refused"][bad["key"]]

    @pytest.mark.parametrize(
        "body", ["", "[]", '{"marks": 3}', '{"marks": [], "sent_at": "x"}', "{"]
    )
    def test_a_body_that_is_none_is_refused(self, body, officer, event):
        answer = officer.post(
            reverse("muster:marks", args=[event.pk]),
            body,
            content_type="application/json",
            headers={"Accept": "application/json"},
        )
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "muster.body"

    def test_without_scripts_a_button_is_a_form(self, officer, event):
        entry = MusterEntryFactory(event=event)
        nonce = self.page_of(officer, event).context["nonce"]
        url = reverse("muster:marks", args=[event.pk])
        for _ in range(2):
            answer = officer.post(url, {"mark": f"{entry.pk}:safe", "nonce": nonce})
            assert answer.url == reverse("muster:roll", args=[event.pk])
        assert entry.changes.get().state == "safe"

    def test_somebody_is_added_from_the_page(self, officer, event):
        person = PersonFactory(name="Grace Hopper")
        people = reverse("muster:people", args=[event.pk])
        assert "Grace Hopper" in officer.get(people, {"q": "grace"}).content.decode()
        assert "Grace Hopper" not in officer.get(people).content.decode()
        cursor = cursor_of(event)
        url = reverse("muster:add", args=[event.pk])
        headers = {"Accept": "application/json"}
        assert officer.post(url, {"person": str(person.pk)}, headers=headers).json()["added"]
        changed = officer.get(reverse("muster:changes", args=[event.pk]), {"after": cursor}).json()
        assert "Grace Hopper" in changed["entries"][0]["row"]
        assert "can be added" in officer.get(people, {"q": "grace"}).content.decode()

    def test_a_name_that_a_spreadsheet_would_run_is_text_in_the_file(self, officer, event):
        MusterEntryFactory(event=event, person__name="=cmd|' /C calc'!A0")
        listed = officer.get(reverse("muster:list", args=[event.pk])).content.decode()
        assert "'=cmd" in listed
        assert AuditEntry.objects.filter(action="muster.exported").exists()

    def test_who_is_on_site_is_counted_by_place_and_listed(self, officer):
        gate, lab = CameraFactory(name="Gate", place=""), CameraFactory(place="Laboratory")
        for camera in (gate, gate, lab, None):
            on_site(camera=camera)
        places = places_of(present_within(timezone.now()))
        assert [(place.name, place.count) for place in places] == [
            ("Gate", 2), ("Laboratory", 1), ("Not seen by a camera", 1)
        ]  # fmt: skip
        page = officer.get(reverse("muster:overview")).content.decode()
        assert "Laboratory" in page
        url = reverse("muster:on_site")
        for place, count in (("", 4), ("Gate", 2), ("Not seen by a camera", 1)):
            rows = officer.get(url, {"place": place}).context["rows"]
            assert len(rows) == count

    @pytest.mark.parametrize("query", ["site=x", "q=%00", "place=%00", "page=-1"])
    def test_a_query_that_makes_no_sense_is_no_failure(self, query, officer):
        assert officer.get(f"{reverse('muster:on_site')}?{query}").status_code == 200

    @pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "%00"])
    def test_a_cursor_that_makes_no_sense_is_the_beginning(self, after, officer, event):
        url = reverse("muster:changes", args=[event.pk])
        assert officer.get(f"{url}?after={after}").status_code == 200

    def test_the_list_asks_as_much_for_many_as_for_few(
        self, officer, event, django_assert_max_num_queries
    ):
        MusterEntryFactory.create_batch(40, event=event)
        with django_assert_max_num_queries(14):
            self.page_of(officer, event)


def test_the_migrations_are_all_there():
    call_command("makemigrations", "muster", check=True, dry_run=True, verbosity=0)
