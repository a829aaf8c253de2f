"""A roster from its file to people who are recognised: what it does, leaves alone, and takes back."""

from __future__ import annotations

import pytest

from portal.audit.models import AuditEntry
from portal.core.context import Actor, acting_as
from portal.journal.services import undo_act
from portal.people.models import Consent, FaceImage, LookalikePair, Person
from portal.people.selectors import gallery_members
from portal.people.services import PersonDetails, erase_person, remove_person, update_person
from portal.roster.models import RosterImport, RosterPart, RosterPhoto, RosterRow
from portal.roster.selectors import counts_of
from portal.roster.services import begin_apply, claim_busy, confirm_columns, take_in
from portal.roster.services.lease import MAX_ATTEMPTS
from tests.factories import UserFactory, enrolled_person
from tests.factories.faces import SPACE, face_of, quality, vector_towards
from tests.factories.pictures import fresh_jpeg
from tests.factories.roster import OPTIONS, applied, checked, csv_file, imported, zip_file
from workers.roster import apply_waiting, check_waiting

pytestmark = pytest.mark.django_db

HEAD = "Code,First name,Last name,E-mail,Department,Employed from,Consent,Consent date,Photos"


@pytest.fixture
def shot(engine):
    """A new picture in which the engine sees these faces."""
    return lambda *faces: engine.shows(fresh_jpeg(), *faces)


@pytest.fixture
def staff(shot):
    """Two people with photos; the first has two."""
    sheet = csv_file(
        HEAD,
        "1001,Ada,Okafor,ada@example.org,Year 7 / 7b,2026-09-01,yes,2026-08-20,",
        "1002,Bruno,Keller,bruno@example.org,Office,01.02.2024,yes,,",
    )
    photos = zip_file(
        {
            "1001_1.jpg": shot(face_of(1)),
            "1001_2.jpg": shot(face_of(1)),
            "photos/1002/front.jpg": shot(face_of(2)),
        }
    )
    return sheet, photos


def rows_by_line(roster: RosterImport) -> dict[int, RosterRow]:
    return {row.line: row for row in roster.rows.all()}


def test_people_are_created_with_details_consent_and_photos(host, staff):
    roster = imported(*staff, host=host)
    assert roster.state == "applied"
    ada = Person.objects.get(code="1001")
    assert (ada.name, ada.email, str(ada.department)) == (
        "Ada Okafor",
        "ada@example.org",
        "Year 7 / 7b",
    )
    assert str(ada.employed_from) == "2026-09-01"
    consent = ada.consents.get()
    assert (consent.method, consent.basis) == (Consent.Method.ROSTER, "consent")
    assert str(consent.given_at.date()) in {"2026-08-19", "2026-08-20"}, (
        "the day in the site's zone"
    )
    assert {i.source for i in ada.images.all()} == {"roster"}
    assert sorted(len(ids) for ids in gallery_members(SPACE.id).values()) == [1, 2]
    assert roster.job.state == "done"
    assert (roster.job.done, roster.job.failed) == (2, 0)


def test_nothing_of_the_files_is_left_when_it_is_applied(
    host, staff, vault_files, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        roster = imported(*staff, host=host)
    assert not RosterPart.objects.exists()
    assert {name.partition("/")[0] for name in vault_files.blobs()} == {"portraits", "aligned"}
    assert all(row.fields == {} for row in roster.rows.all())


def test_the_uploaded_files_lie_sealed_until_then(host, staff, vault_files, data_dir):
    checked(*staff)
    blobs = [(data_dir / "media" / name).read_bytes() for name in vault_files.blobs()]
    assert blobs
    assert not any(b"\xff\xd8\xff" in blob or b"PK\x03\x04" in blob for blob in blobs)
    assert not any(b"Okafor" in blob for blob in blobs)


def test_the_same_file_twice_changes_nothing_and_says_so(host, staff, engine):
    imported(*staff, host=host)
    revision = gallery_members(SPACE.id)
    passes = len(engine.batches)
    again = checked(*staff)
    counts = counts_of(again)
    assert (counts.new, counts.changed, counts.unchanged, counts.refused) == (0, 0, 2, 0)
    assert (counts.photos_waiting, counts.photos_enrolled) == (0, 3)
    again = applied(again, host)
    assert again.state == "applied"
    assert "Nothing was to be changed" in again.message
    assert again.act is None
    assert len(engine.batches) == passes, "nothing is computed again"
    assert gallery_members(SPACE.id) == revision


def test_a_photo_that_was_refused_is_no_change_the_next_time(host, shot):
    sheet = csv_file(HEAD, "7,Ada,Okafor,,,,yes,,")
    photos = zip_file(
        {"7_1.jpg": shot(face_of(1)), "7_2.jpg": shot(face_of(1, measured=quality(sharpness=1.0)))}
    )
    first = imported(sheet, photos, host=host)
    refused = first.photos.get(verdict="refused")
    assert "blurred" in refused.reason
    counts = counts_of(checked(sheet, photos))
    assert (counts.effective, counts.unchanged) == (0, 1)


def test_only_what_differs_is_changed_and_empty_cells_change_nothing(host, staff):
    imported(*staff, host=host)
    sheet = csv_file(
        HEAD,
        "1001,Ada,Lovelace,,Year 8 / 8a,,,,",
        "1002,Bruno,Keller,bruno@example.org,office,,,,",
        "1003,Chloe,Lambert,,,,no,,",
    )
    roster = checked(sheet)
    rows = rows_by_line(roster)
    assert [rows[n].outcome for n in (2, 3, 4)] == ["changed", "unchanged", "new"]
    assert rows[2].changes == ["department", "name"]
    applied(roster, host)
    ada = Person.objects.get(code="1001")
    assert (ada.name, str(ada.department), ada.email) == (
        "Ada Lovelace",
        "Year 8 / 8a",
        "ada@example.org",
    )
    assert not Person.objects.get(code="1003").consents.exists()


class TestPhotos:
    def test_without_a_consent_no_photo_is_used(self, host, shot, vault_files):
        sheet = csv_file(HEAD, "7,Ada,Okafor,,,,no,,", "8,Bo,Ek,,,,,,")
        photos = zip_file({"7.jpg": shot(face_of(1)), "8.jpg": shot(face_of(2))})
        roster = imported(sheet, photos, host=host)
        assert counts_of(roster).photos_refused == 2
        assert {p.reason for p in roster.photos.all()} == {
            "there is no consent, so no photo may be used"
        }
        assert not FaceImage.objects.exists()
        assert not any(name.startswith("portraits") for name in vault_files.blobs())

    def test_everybody_agreed_may_be_said_for_the_whole_file(self, host, shot):
        sheet = csv_file("Code,Name", "7,Ada Okafor")
        photos = zip_file({"7.jpg": shot(face_of(1))})
        imported(sheet, photos, host=host, has_all_consent=True, basis="contract")
        assert Person.objects.get().consents.get().basis == "contract"
        assert FaceImage.objects.count() == 1

    def test_every_photo_that_is_not_used_says_why(self, host, shot):
        bob = enrolled_person(9, name="Bob")
        sheet = csv_file(HEAD, "7,Ada,Okafor,,,,yes,,")
        photos = zip_file(
            {
                "7/1.jpg": shot(face_of(1)),
                "7/2_empty.jpg": shot(),
                "7/3_poor.jpg": shot(face_of(1, measured=quality(sharpness=1.0))),
                "7/4_bob.jpg": shot(face_of(9)),
                "7/5_group.jpg": shot(face_of(1), face_of(5)),
                "7/6_broken.jpg": b"no picture",
                "nobody.jpg": shot(face_of(30)),
                "notes.txt": b"hello",
            }
        )
        roster = imported(sheet, photos, host=host)
        said = {p.name: (p.verdict, p.reason) for p in roster.photos.all()}
        assert said["7/1.jpg"] == ("used", "")
        assert said["7/2_empty.jpg"] == ("refused", "no face was found in it")
        assert "blurred" in said["7/3_poor.jpg"][1]
        assert "somebody else's already" in said["7/4_bob.jpg"][1]
        assert "2 faces" in said["7/5_group.jpg"][1]
        assert "not a readable picture" in said["7/6_broken.jpg"][1]
        assert said["nobody.jpg"][0] == "unclaimed"
        assert said["notes.txt"] == ("unclaimed", "it is not a photo")
        pair = LookalikePair.objects.get()
        assert {pair.first, pair.second} == {bob, Person.objects.get(code="7")}
        assert pair.answer == "open"

    def test_a_face_that_was_said_to_be_another_persons_double_is_taken(self, host, shot):
        enrolled_person(9, name="Twin")
        sheet = csv_file(HEAD, "7,Ada,Okafor,,,,yes,,")
        photos = zip_file({"7.jpg": shot(face_of(9))})
        imported(sheet, photos, host=host)
        assert not FaceImage.objects.filter(person__code="7").exists()
        LookalikePair.objects.update(answer=LookalikePair.Answer.DIFFERENT)
        imported(sheet, photos, host=host)
        assert FaceImage.objects.filter(person__code="7").count() == 1

    def test_the_face_of_an_earlier_line_is_not_enrolled_twice(self, host, shot):
        sheet = csv_file(HEAD, "7,Ada,Okafor,,,,yes,,", "8,Zoe,Ek,,,,yes,,")
        photos = zip_file({"7.jpg": shot(face_of(1)), "8.jpg": shot(face_of(1))})
        imported(sheet, photos, host=host)
        assert FaceImage.objects.get().person.code == "7"
        assert LookalikePair.objects.count() == 1

    def test_a_photo_unlike_the_others_is_set_aside(self, host, shot):
        sheet = csv_file(HEAD, "7,Ada,Okafor,,,,yes,,")
        photos = zip_file(
            {
                "7_1.jpg": shot(face_of(vector_towards(1, similarity=0.9, other=40))),
                "7_2.jpg": shot(face_of(vector_towards(1, similarity=0.9, other=41))),
                "7_3.jpg": shot(face_of(2)),
            }
        )
        roster = imported(sheet, photos, host=host)
        aside = FaceImage.objects.get(state=FaceImage.State.SET_ASIDE)
        assert (aside.file_name, "unlike" in aside.state_reason) == ("7_3.jpg", True)
        assert roster.photos.get(verdict="set_aside").image == aside
        assert [len(ids) for ids in gallery_members(SPACE.id).values()] == [2]

    def test_photos_go_through_the_engine_in_batches_over_people(self, host, shot, engine):
        people = range(8)
        sheet = csv_file(HEAD, *(f"c{n},First{n},Last{n},,,,yes,," for n in people))
        photos = zip_file({f"c{n}_{k}.jpg": shot(face_of(n)) for n in people for k in range(3)})
        imported(sheet, photos, host=host)
        assert [len(batch) for batch in engine.batches] == [15, 9]


class TestUndo:
    def test_everything_is_as_it_was(self, host, staff, shot):
        imported(*staff, host=host)
        sheet = csv_file(HEAD, "1001,Ada,Lovelace,,Year 8,,yes,,", "1003,Chloe,Lambert,,,,yes,,")
        photos = zip_file({"1001_9.jpg": shot(face_of(1)), "1003.jpg": shot(face_of(3))})
        # Another picture of Ada, not a copy of one that she has.
        roster = imported(sheet, photos, host=host)
        undo_act(roster.act)
        ada, chloe = Person.objects.get(code="1001"), Person.objects.get(code="1003")
        assert (ada.name, str(ada.department), ada.status) == (
            "Ada Okafor",
            "Year 7 / 7b",
            "active",
        )
        assert chloe.status == Person.Status.REMOVED
        assert str(chloe.pk) not in gallery_members(SPACE.id)
        states = dict(ada.images.values_list("file_name", "state"))
        assert states["1001_1.jpg"] == "active"
        assert states.get("1001_9.jpg", "removed") == "removed"

    def test_what_was_changed_since_is_left_alone_and_listed(self, host, staff):
        imported(*staff, host=host)
        roster = imported(csv_file(HEAD, "1001,Ada,Lovelace,new@example.org,,,,,"), host=host)
        ada = Person.objects.get(code="1001")
        update_person(
            ada, PersonDetails(name="Ada King", email="new@example.org", department="Year 7 / 7b")
        )
        undo_act(roster.act)
        ada.refresh_from_db()
        assert (ada.name, ada.email) == ("Ada King", "ada@example.org")
        assert roster.rows.get().reason == (
            "Left alone when the import was undone: changed since: name."
        )

    def test_an_undone_import_can_be_made_again(self, host, staff):
        roster = imported(*staff, host=host)
        undo_act(roster.act)
        assert gallery_members(SPACE.id) == {}
        again = checked(*staff)
        assert {row.outcome for row in again.rows.all()} == {"changed"}
        applied(again, host)
        assert {p.status for p in Person.objects.all()} == {"active"}
        assert sorted(len(ids) for ids in gallery_members(SPACE.id).values()) == [1, 2]

    def test_nothing_of_a_person_is_left_in_an_import_once_they_are_erased(self, host, staff):
        first = imported(*staff, host=host)
        roster = imported(csv_file(HEAD, "1001,Ada,Lovelace,,,,,,"), host=host)
        assert b"Okafor" not in bytes(roster.rows.get().sealed_before)
        erase_person(Person.objects.get(code="1001"))
        assert [row.code for row in first.rows.all()] == ["1002"]
        assert not first.photos.filter(name__startswith="1001").exists()
        undo_act(roster.act)
        assert Person.objects.get(code="1001").name == "Erased person"

    def test_whoever_was_removed_since_is_left_alone(self, host, staff):
        roster = imported(*staff, host=host)
        remove_person(Person.objects.get(code="1001"))
        undo_act(roster.act)
        assert "no longer in the lists" in roster.rows.get(code="1001").reason
        assert Person.objects.get(code="1002").status == "removed"


def test_an_erased_persons_code_is_never_used_again(host, staff):
    imported(*staff, host=host)
    erase_person(Person.objects.get(code="1001"))
    row = rows_by_line(checked(*staff))[2]
    assert row.outcome == "refused"
    assert "erased" in row.reason


def test_what_changed_between_dry_run_and_deed_is_respected(host, staff):
    roster = checked(*staff)
    enrolled_person(1, code="1001", name="Somebody new")
    roster = applied(roster, host)
    row = rows_by_line(roster)[2]
    assert row.outcome == "changed", "the person exists by now"
    assert Person.objects.get(code="1001").name == "Ada Okafor"
    assert RosterPhoto.objects.filter(row=row).exists()


class TestWorkers:
    """The tasks' way: claimed, with the uploader's rights, in turns of a second."""

    @pytest.fixture
    def by_hr(self, staff):
        """A roster that a user of HR uploaded, looked at and begun."""
        user = UserFactory(role="hr")
        with acting_as(
            Actor(kind="user", id=str(user.pk), label=user.email, permissions=user.permissions)
        ):
            roster = checked(*staff)
            begin_apply(roster)
        return user, roster

    def test_a_roster_is_checked_and_applied_by_whoever_comes(self, host, by_hr):
        user, roster = by_hr
        assert apply_waiting(host, budget_s=60) is False
        roster.refresh_from_db()
        assert roster.state == "applied"
        created = AuditEntry.objects.filter(action="people.person.created")
        assert {entry.actor_label for entry in created} == {user.email}

    def test_when_its_time_is_up_others_get_their_turn_and_it_goes_on(self, host, by_hr):
        _, roster = by_hr
        RosterRow.objects.bulk_create(
            RosterRow(
                roster=roster,
                line=100 + number,
                code=f"x{number}",
                fields={
                    "code": f"x{number}",
                    "name": "Somebody",
                    "site_id": str(roster.default_site_id),
                },
                outcome="new",
                is_pending=True,
            )
            for number in range(60)
        )
        turns = 1
        while apply_waiting(host, budget_s=0.001):
            roster.refresh_from_db()
            assert roster.leased_until is None, "free for whoever is next"
            turns += 1
        assert turns > 2
        assert Person.objects.count() == 62

    def test_a_right_that_was_taken_away_stops_the_import(self, host, by_hr):
        user, roster = by_hr
        user.role = "officer"
        user.save()
        apply_waiting(host, budget_s=60)
        roster.refresh_from_db()
        assert (roster.state, roster.job.state) == ("stopped", "failed")
        assert "people.import" in roster.message
        assert not Person.objects.exists()

    def test_a_file_that_ends_every_worker_is_given_up(self, host, by_hr):
        _, roster = by_hr
        for number in range(MAX_ATTEMPTS):
            assert claim_busy("applying", f"died:{number}") == roster
            RosterImport.objects.update(leased_until=None)
        apply_waiting(host, budget_s=60)
        roster.refresh_from_db()
        assert roster.state == "stopped"
        assert "5 attempts" in roster.message

    def test_the_dry_run_of_a_light_worker(self, staff):
        user = UserFactory(role="hr")
        with acting_as(
            Actor(kind="user", id=str(user.pk), label=user.email, permissions=user.permissions)
        ):
            roster = take_in([staff[0]], file_name="staff.csv")
            confirm_columns(roster, roster.mapping, options=OPTIONS, site_id=None)
        check_waiting()
        roster.refresh_from_db()
        assert (roster.state, roster.rows.count(), roster.leased_until) == ("checked", 2, None)
