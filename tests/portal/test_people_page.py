"""One person's page: what it shows to whom, the edit form, and the sightings by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.audit.services import record
from portal.core.context import Actor, acting_as
from portal.core.errors import PermissionMissing
from portal.core.policies import permissions_of
from portal.journal.models import Act
from portal.organisation.models import Site
from portal.people.dossier import PhotoView, angles_advice, audit_lines, photo_views
from portal.people.history import words_of
from portal.people.models import FaceImage, LookalikePair
from portal.people.services import erase_person, set_aside, suspend_person
from portal.sightings.selectors import with_names
from portal.sightings.timeline import by_day
from tests.factories import (
    FaceImageFactory,
    FaceTemplateFactory,
    PersonFactory,
    RecognisedFaceFactory,
    RecognitionFactory,
    SpaceFactory,
    enrolled_person,
)
from tests.factories.faces import SPACE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]


def page_of(client, person) -> str:
    return client.get(reverse("people:detail", args=[person.pk])).content.decode()


class TestPhotos:
    def test_each_says_angle_source_quality_and_model(self):
        image = FaceImageFactory(pose="left", quality_score=0.62)
        FaceTemplateFactory(image=image)
        FaceTemplateFactory(
            image=image, space=SpaceFactory(id="other", model_id="another-model"), identity=3
        )
        (view,) = photo_views(image.person)
        assert view.title == "Left"
        assert view.quality_words == "Good quality, 0.62 of 1, 60 px between the eyes"
        assert view.model_words == f"Template: another-model, {SPACE.model_id}"

    @pytest.mark.parametrize(
        ("score", "word"), [(0.9, "Very good"), (0.6, "Good"), (0.4, "Fair"), (0.0, "Weak")]
    )
    def test_a_score_has_a_word(self, score, word):
        assert PhotoView(FaceImage(quality_score=score), ()).quality_words.startswith(word)

    def test_those_in_use_come_first_and_the_removed_not_at_all(self):
        person = PersonFactory()
        for state, score in (
            ("set_aside", 0.9),
            ("active", 0.5),
            ("removed", 1.0),
            ("active", 0.8),
        ):
            FaceImageFactory(person=person, state=state, quality_score=score)
        views = photo_views(person)
        assert [(v.image.state, v.image.quality_score) for v in views] == [
            ("active", 0.8),
            ("active", 0.5),
            ("set_aside", 0.9),
        ]
        assert [v.model_words for v in views] == ["No template"] * 3

    @pytest.mark.parametrize(
        ("poses", "words"),
        [
            ([], ""),
            (["front", "left", "right"], ""),
            (["front", "left", "right", "up"], ""),
            (["front"], "“left” and “right”"),
            (["left", "right"], "“front”"),
            (["front", "front", "left"], "“right”"),
            ([""], "2 more photos"),
            (["", ""], "1 more photo would"),
            (["", "", ""], ""),
        ],
    )
    def test_what_is_advised(self, poses, words):
        views = [PhotoView(FaceImage(pose=pose, state="active"), ()) for pose in poses]
        advice = angles_advice(views)
        assert words in advice
        assert bool(words) is bool(advice)

    def test_a_photo_set_aside_helps_nobody(self):
        aside = PhotoView(FaceImage(pose="right", state="set_aside"), ())
        used = [PhotoView(FaceImage(pose=p, state="active"), ()) for p in ("front", "left")]
        assert "“right”" in angles_advice([*used, aside])

    def test_one_set_aside_says_why_and_can_be_taken_in_again(self, client_of):
        person, client = enrolled_person(photos=2), client_of("hr")
        image = person.images.first()
        set_aside(image, reason="Unlike the others (0.21)")
        page = page_of(client, person)
        assert "Unlike the others (0.21)" in page
        url = reverse("people:take_in", args=[image.pk])
        assert url in page
        client.post(url)
        image.refresh_from_db()
        assert (image.state, image.state_reason) == ("active", "")

    def test_a_look_at_a_photo_is_written_down(self, client_of):
        person = enrolled_person()
        client_of("officer").get(reverse("people:photo", args=[person.images.get().pk]))
        entry = AuditEntry.objects.get(action="people.photo.viewed")
        assert entry.target_id == str(person.pk)


class TestWhoSeesWhat:
    PARTS = (
        "Who looked, who changed",
        "Ways in without a face",
        "Seen lately",
        "Add photos",
        "Erase for good",
    )

    @pytest.mark.parametrize(
        ("role", "shown"),
        [
            ("administrator", [True, True, True, True, True]),
            ("hr", [True, True, False, True, True]),
            ("officer", [False, False, True, False, False]),
            ("auditor", [True, False, True, False, False]),
        ],
    )
    def test_by_role(self, client_of, role, shown):
        page = page_of(client_of(role), enrolled_person())
        assert [part in page for part in self.PARTS] == shown

    def test_an_erased_person_has_no_page(self, client_of):
        person = enrolled_person()
        erase_person(person)
        response = client_of("administrator").get(reverse("people:detail", args=[person.pk]))
        assert response.status_code == 404

    def test_consent_with_its_end_and_none_at_all(self, client_of):
        person, client = enrolled_person(), client_of("hr")
        person.consents.update(expires_at=timezone.now() + timedelta(days=10))
        assert "Consent expiring" in page_of(client, person)
        person.consents.update(withdrawn_at=timezone.now())
        assert "No consent is recorded" in page_of(client, person)

    def test_look_alikes_are_named_with_score_and_answer(self, client_of):
        ada, eve = enrolled_person(1, name="Ada"), enrolled_person(2, name="Eve")
        first, second = sorted([ada, eve], key=lambda p: p.pk)
        LookalikePair.objects.create(first=first, second=second, space=SpaceFactory(), score=0.612)
        client = client_of("hr")
        assert all(words in page_of(client, ada) for words in ("Eve", "0.612", "Not looked at"))
        LookalikePair.objects.update(answer="different", answered_by="hr@example.org")
        assert "Two people" in page_of(client, eve)

    def test_what_was_done_can_be_undone_from_here(self, client_of):
        person, client = enrolled_person(), client_of("hr")
        suspend_person(person)
        act = Act.objects.get()
        page = page_of(client, person)
        assert act.title in page
        url = reverse("journal:undo", args=[act.pk])
        assert url in page
        there = reverse("people:detail", args=[person.pk])
        assert client.post(url, {"next": there})["Location"] == there
        person.refresh_from_db()
        assert person.status == "active"

    def test_every_link_of_the_page_leads_somewhere(self, client_of):
        import re

        client, person = client_of("administrator"), enrolled_person(photos=2)
        found = set(re.findall(r'href="(/[^"#]*)"', page_of(client, person)))
        ours = {url for url in found if not url.startswith("/static/")}
        assert {url: s for url in ours if (s := client.get(url).status_code) != 200} == {}
        assert reverse("people:merge", args=[person.pk]) in ours


class TestWhoLooked:
    def test_newest_first_with_words_and_reason(self):
        person = PersonFactory()
        record("people.person.created", target=person)
        suspend_person(person, reason="holidays")
        lines = audit_lines(person)
        assert [line.words for line in lines] == ["Suspended", "Added the person"]
        assert (lines[0].actor, lines[0].reason) == ("ada@example.org", "holidays")

    def test_looks_that_follow_each_other_are_one_line(self):
        person = PersonFactory()
        for action in ("people.photo.viewed",) * 3 + ("people.person.updated",) * 2:
            record(action, target=person)
        record("people.photo.viewed", target=person)
        assert [(line.words, line.count) for line in audit_lines(person)] == [
            ("Looked at the photos", 1),
            ("Changed the details", 1),
            ("Changed the details", 1),
            ("Looked at the photos", 3),
        ]

    def test_nothing_of_anybody_else(self):
        record("people.person.updated", target=PersonFactory())
        assert audit_lines(PersonFactory()) == []

    def test_it_ends_after_as_many_lines_as_were_asked_for(self):
        person = PersonFactory()
        for _ in range(9):
            record("people.person.updated", target=person)
        assert len(audit_lines(person, limit=4)) == 4

    def test_it_needs_the_right_to_read_the_log_or_to_manage_people(self):
        person = PersonFactory()
        for role in ("auditor", "hr"):
            with acting_as(Actor(kind="user", permissions=permissions_of(role))):
                assert audit_lines(person) == []
        actor = Actor(kind="user", permissions=permissions_of("officer"))
        with acting_as(actor), pytest.raises(PermissionMissing):
            audit_lines(person)

    def test_an_action_without_words_is_said_by_its_own_name(self):
        assert words_of("people.shoe_size.measured") == "People shoe size measured"


class TestEdit:
    def send(self, client, person, **changes):
        fields = {
            "name": person.name,
            "site": person.site_id,
            "department": "Year 7 / 7b",
            "email": "",
            "employed_from": "",
            "employed_to": "",
            **changes,
        }
        return client.post(reverse("people:edit", args=[person.pk]), fields)

    def test_everything_but_the_code_is_changed(self, client_of):
        person = PersonFactory(name="Ada", code="17")
        site = Site.objects.create(name="North")
        response = self.send(
            client_of("hr"),
            person,
            name="Ada L.",
            site=site.pk,
            email="ada@example.org",
            employed_from="2025-09-01",
            employed_to="2027-07-31",
            code="18",
        )
        assert response.status_code == 302
        person.refresh_from_db()
        assert (person.name, person.code, person.email) == ("Ada L.", "17", "ada@example.org")
        assert (person.site, str(person.department)) == (site, "Year 7 / 7b")
        assert person.department.site == site
        assert (person.employed_from, person.employed_to) == (date(2025, 9, 1), date(2027, 7, 31))

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"name": " "}, "required"),
            ({"employed_from": "2026-05-01", "employed_to": "2026-04-30"}, "before the first"),
            ({"employed_from": "soon"}, "This is no day"),
            ({"email": "nobody"}, "valid email"),
            ({"site": "nonsense"}, "Select a valid choice"),
            ({"legal_hold": "on"}, "Say why"),
        ],
    )
    def test_a_mistake_comes_back_with_what_was_typed(self, client_of, changes, words):
        person = PersonFactory(name="Ada")
        response = self.send(client_of("hr"), person, **{"name": "Typed", **changes})
        page = response.content.decode()
        assert response.status_code == 422
        assert words in page
        assert "Year 7 / 7b" in page
        person.refresh_from_db()
        assert person.name == "Ada"

    def test_a_legal_hold_is_set_with_its_reason_by_those_who_answer_for_it(self, client_of):
        person = PersonFactory()
        self.send(client_of("hr"), person, legal_hold="on", hold_reason="court case 12")
        person.refresh_from_db()
        assert person.legal_hold
        entry = AuditEntry.objects.get(action="people.person.legal_hold")
        assert entry.reason == "court case 12"
        self.send(client_of("hr"), person, legal_hold="on")
        assert AuditEntry.objects.filter(action="people.person.legal_hold").count() == 1


class TestTimeline:
    def views(self, *moments: datetime):
        person = enrolled_person()
        faces = [
            RecognisedFaceFactory(
                recognition=RecognitionFactory(is_done=True, captured_at=moment),
                person=person,
                decision="match",
            )
            for moment in moments
        ]
        return with_names(faces)

    @time_machine.travel(datetime(2026, 3, 10, 12, tzinfo=UTC), tick=False)
    @pytest.mark.parametrize(
        ("zone", "expected"),
        [
            ("UTC", [("Today", 2), ("Yesterday", 1), ("Sunday 8 March", 1)]),
            # Half past eleven at night in London is the next morning in Tokyo.
            ("Asia/Tokyo", [("Today", 3), ("Yesterday", 1)]),
            ("America/Los_Angeles", [("Today", 1), ("Yesterday", 2), ("Sunday 8 March", 1)]),
        ],
    )
    def test_a_day_is_one_of_the_place_where_the_person_belongs(self, zone, expected):
        views = self.views(
            datetime(2026, 3, 8, 23, 30, tzinfo=UTC),
            datetime(2026, 3, 9, 23, 30, tzinfo=UTC),
            datetime(2026, 3, 10, 0, 10, tzinfo=UTC),
            datetime(2026, 3, 10, 9, 0, tzinfo=UTC),
        )
        days = by_day(views, zone=zone)
        assert [(day.title, len(day.faces)) for day in days] == expected

    @time_machine.travel(datetime(2026, 3, 10, 12, tzinfo=UTC), tick=False)
    def test_a_picture_that_came_late_stands_where_it_was_taken(self):
        early, late = (datetime(2026, 3, 10, hour, tzinfo=UTC) for hour in (8, 11))
        (day,) = by_day(self.views(late, early), zone="UTC")
        assert [v.face.recognition.captured_at for v in day.faces] == [late, early]

    @time_machine.travel(datetime(2026, 3, 10, 12, tzinfo=UTC), tick=False)
    def test_another_year_is_named(self):
        (day,) = by_day(self.views(datetime(2025, 12, 31, 12, tzinfo=UTC)), zone="UTC")
        assert day.title == "Wednesday 31 December 2025"

    def test_times_on_the_page_are_those_of_the_persons_site(self, client_of):
        site = Site.objects.create(name="Tokyo", time_zone="Asia/Tokyo")
        person = enrolled_person(site=site, department=None)
        moment = datetime(2026, 3, 10, 15, 4, tzinfo=UTC)
        RecognisedFaceFactory(
            recognition=RecognitionFactory(is_done=True, captured_at=moment),
            person=person,
            decision="match",
        )
        response = client_of("administrator").get(reverse("sightings:of_person", args=[person.pk]))
        assert "00:04" in response.content.decode()
        assert "Asia/Tokyo" in response.content.decode()
