"""The Live page: what each may see of the visits, how a gap is filled, and why it was decided so."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.cameras.models import CameraHealth
from portal.core.context import SYSTEM, acting_as
from portal.organisation.models import Site
from portal.organisation.services import department_at
from portal.sightings.models import Visit
from portal.sightings.reasons import explain, quality_words
from portal.sightings.rows import duration_words, rows_of
from portal.sightings.selectors import view_of
from portal.sightings.selectors.live import STATES, VisitFilter, camera_tiles, state_of
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import (
    CameraFactory,
    StrangerFactory,
    UserFactory,
    VisitFactory,
    VisitLegFactory,
    enrolled_person,
    visit_with_face,
)

pytestmark = pytest.mark.django_db


def ask(client: Client, name: str = "stream", **query: Any) -> Any:
    response = client.get(reverse(f"sightings:{name}"), query)
    assert response.status_code == 200, response.content
    return response


def ids_in(response: Any) -> list[str]:
    return re.findall(r'data-visit="([0-9a-f-]{36})"', response.content.decode())


def of(*visits: Visit) -> list[str]:
    return [str(visit.pk) for visit in visits]


def named(person: Any, **fields: Any) -> Visit:
    return visit_with_face(
        **{
            "person": person,
            "decision": "match",
            "reason": "above_threshold",
            "is_confirmed": True,
            "score": 0.8,
            "margin": 0.5,
            "candidates": [[str(person.pk), 0.8]],
            **fields,
        }
    )


class TestTheStream:
    def test_newest_first_with_name_photo_cameras_time_and_stay(self, client_of):
        site = Site.objects.create(name="Tokyo", time_zone="Asia/Tokyo")
        gate, hall = CameraFactory(name="Gate", site=site), CameraFactory(name="Hall", site=site)
        began = timezone.now().replace(hour=3, minute=4, second=5, microsecond=0)
        old = visit_with_face(camera=gate)
        new = named(
            enrolled_person(1, name="Ada Lovelace"),
            camera=gate,
            last_camera=hall,
            first_at=began,
            last_at=began + timedelta(seconds=75),
        )
        VisitLegFactory(visit=new, camera=hall, first_at=began + timedelta(seconds=60))
        response = ask(client_of("officer"))
        page = response.content.decode()
        assert ids_in(response) == of(new, old)
        assert "Ada Lovelace" in page
        assert reverse("sightings:crop", args=[new.best_face_id]) in page
        assert "Enrolled photo of Ada Lovelace" in page
        passed = page[page.index("c-visit__cameras") :]
        assert passed.index("Gate") < passed.index("Hall")
        assert "12:04:05" in page, "in the zone of the site, nine hours ahead"
        assert "(Asia/Tokyo)" in page
        assert "1 min" in page

    def test_the_page_holds_the_stream_the_cameras_and_the_counts(self, client_of):
        visit = visit_with_face()
        response = ask(client_of("officer"), "live")
        page = response.content.decode()
        assert ids_in(response) == of(visit)
        assert visit.camera.name in page
        assert "On site now" in page
        assert "In view now" in page

    def test_it_can_be_narrowed_by_camera_site_state_and_person(self, client_of):
        here, elsewhere = [
            CameraFactory(site=Site.objects.create(name=name)) for name in ("House", "Annex")
        ]
        ada = named(enrolled_person(1, name="Ada Lovelace"), camera=here)
        stranger = visit_with_face(camera=elsewhere)
        client = client_of("officer")
        for query, expected in (
            ({}, [stranger, ada]),
            ({"camera": elsewhere.pk}, [stranger]),
            ({"camera": CameraFactory().pk}, []),
            ({"site": elsewhere.site_id}, [stranger]),
            ({"state": "unknown"}, [stranger]),
            ({"state": "confirmed"}, [ada]),
            ({"decision": "match"}, [ada]),
            ({"state": "made up"}, [stranger, ada]),
            ({"q": "lovel"}, [ada]),
            ({"q": ada.person.code}, [ada]),
            ({"q": "nobody"}, []),
        ):
            assert ids_in(ask(client, **query)) == of(*expected), query
        assert client.get(reverse("sightings:stream"), {"camera": "x"}).status_code == 404

    def test_a_visit_over_two_cameras_is_one_row_at_either(self, client_of):
        visit = visit_with_face()
        leg = VisitLegFactory(visit=visit, camera=CameraFactory())
        client = client_of("officer")
        assert ids_in(ask(client)) == of(visit)
        for camera in (visit.camera, leg.camera):
            assert ids_in(ask(client, camera=camera.pk)) == of(visit)

    def test_its_questions_do_not_grow_with_the_rows(self, client_of):
        client = client_of("administrator")
        counts = []
        for _ in range(2):
            for number in range(5):
                visit = named(enrolled_person(number))
                VisitLegFactory(visit=visit, camera=CameraFactory())
            counts.append(
                {
                    name: questions(client, name)
                    for name in ("sightings:live", "sightings:stream", "sightings:tiles")
                }
            )
        assert counts[0] == counts[1]
        assert max(counts[0].values()) <= 24


def questions(client: Client, name: str) -> int:
    client.get(reverse(name))
    with CaptureQueriesContext(connection) as captured:
        client.get(reverse(name))
    return len(captured)


class TestNothingIsMissed:
    def test_what_came_after_the_last_row_comes_in_order_until_none_is_left(
        self, client_of, monkeypatch
    ):
        monkeypatch.setattr("portal.sightings.views.feed.STREAM_LENGTH", 3)
        seen = visit_with_face()
        missed = [visit_with_face() for _ in range(7)]
        client, came, after, more = client_of("officer"), [], str(seen.pk), [1]
        while more[-1]:
            response = ask(client, after=after)
            came += ids_in(response)
            after = came[-1]
            more.append(int(response["Gatehouse-More"]))
        assert came == of(*missed)
        assert more == [1, 4, 1, 0]

    def test_the_count_of_what_is_left_ends_where_the_page_would_start_anew(
        self, client_of, monkeypatch
    ):
        monkeypatch.setattr("portal.sightings.views.feed.STREAM_LENGTH", 2)
        monkeypatch.setattr("portal.sightings.views.feed.MOST_ROWS", 3)
        seen, *_ = [visit_with_face() for _ in range(9)]
        assert ask(client_of("officer"), after=seen.pk)["Gatehouse-More"] == "3"

    def test_what_changed_since_comes_in_the_order_of_the_changes(self, client_of):
        older, first, _, third = [visit_with_face() for _ in range(4)]
        since = timezone.now().isoformat()
        for visit in (third, first, older):
            visit.save()
        client = client_of("officer")
        assert ids_in(ask(client, since=since, **{"from": first.pk})) == of(third, first)

    def test_those_that_an_event_names_come_as_they_are_now(self, client_of):
        ada = enrolled_person(1)
        stays, leaves = named(ada), named(ada)
        hidden = visit_with_face()
        client = client_of("officer")
        wanted = ",".join(of(stays, leaves, hidden))
        assert ids_in(ask(client, ids=wanted, state="confirmed")) == of(leaves, stays)
        leaves.settled_as = "refused"
        leaves.save()
        assert ids_in(ask(client, ids=wanted, state="confirmed")) == of(stays)

    def test_older_ones_follow_the_last_row(self, client_of):
        rows = [visit_with_face() for _ in range(3)]
        assert ids_in(ask(client_of("officer"), before=rows[2].pk)) == of(rows[1], rows[0])

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ({"after": "x"}, 404),
            ({"ids": "1,2"}, 404),
            ({"before": ""}, 404),
            ({"since": "yesterday", "from": "0" * 32}, 400),
            ({"since": "2026-13-40T00:00:00Z", "from": "0" * 32}, 400),
            ({"since": "2026-11-22T15:00:00", "from": "0" * 32}, 400),
        ],
    )
    def test_a_question_that_makes_no_sense_is_refused_in_words(self, client_of, query, status):
        response = client_of("officer").get(
            reverse("sightings:stream"), query, headers={"Accept": "application/json"}
        )
        assert response.status_code == status
        assert response.json()["error"]["message"]


class TestScope:
    @pytest.fixture
    def two(self) -> Any:
        north, south = Site.objects.create(name="North"), Site.objects.create(name="South")
        gate, hall = CameraFactory(site=north, name="Gate"), CameraFactory(site=south, name="Hall")
        ada = enrolled_person(1, name="Ada", site=north, department=department_at(north, "Yard"))
        zelda = enrolled_person(
            2, name="Zelda", site=north, department=department_at(north, "Shop")
        )
        return {
            "north": north,
            "ada": ada,
            "visits": {
                "ada": named(
                    ada, camera=gate, candidates=[[str(ada.pk), 0.8], [str(zelda.pk), 0.3]]
                ),
                "zelda": named(zelda, camera=gate),
                "stranger": visit_with_face(camera=gate),
                "south": visit_with_face(camera=hall),
            },
        }

    def limited(self, role: str, **scope: Any) -> Client:
        user, client = UserFactory(role=role), Client()
        for name, rows in scope.items():
            getattr(user, name).set(rows)
        client.force_login(user, backend=SIGN_IN_BACKEND)
        return client

    def test_an_officer_of_one_site_learns_nothing_of_the_other(self, two):
        client = self.limited("officer", sites=[two["north"]])
        visits = two["visits"]
        here = of(visits["stranger"], visits["zelda"], visits["ada"])
        everything = ",".join(of(*visits.values()))
        assert ids_in(ask(client)) == here
        assert ids_in(ask(client, ids=everything)) == here
        assert "Hall" not in ask(client, "live").content.decode()
        url = reverse("sightings:visit", args=[visits["south"].pk])
        assert client.get(url).status_code == 404

    def test_a_manager_sees_their_people_only_and_no_stranger(self, two):
        client = self.limited("manager", departments=[two["ada"].department])
        visits = two["visits"]
        response = ask(client)
        assert ids_in(response) == of(visits["ada"])
        page = client.get(reverse("sightings:visit", args=[visits["ada"].pk])).content.decode()
        assert "Ada" in page
        assert "Zelda" not in page, "the second nearest is another department's"
        for name in ("zelda", "stranger", "south"):
            url = reverse("sightings:visit", args=[visits[name].pk])
            assert client.get(url).status_code == 404, name
        assert "tile-" not in ask(client, "tiles").content.decode()

    def test_a_crop_is_offered_only_to_whom_it_will_be_given(self, two):
        visit = two["visits"]["ada"]
        visit.best_face.person = None  # the best single face was uncertain, the visit was not
        visit.best_face.save()
        manager = self.limited("manager", departments=[two["ada"].department])
        officer = self.limited("officer")
        crop = reverse("sightings:crop", args=[visit.best_face_id])
        for client, is_offered in ((manager, False), (officer, True)):
            assert (crop in ask(client, ids=visit.pk).content.decode()) is is_offered
            assert client.get(crop).status_code == (200 if is_offered else 404)


class TestTiles:
    def test_a_tile_shows_the_last_faces_of_its_camera_whichever_it_began_at(self):
        gate, hall = CameraFactory(name="Gate"), CameraFactory(name="Hall")
        visits = [visit_with_face(camera=gate) for _ in range(5)]
        VisitLegFactory(visit=visits[0], camera=hall)
        with acting_as(SYSTEM):
            tiles = {tile.camera.name: tile for tile in camera_tiles()}
        assert {view.id for view in tiles["Gate"].visits} == {v.pk for v in visits[2:]}
        assert [view.id for view in tiles["Hall"].visits] == [visits[0].pk]

    @pytest.mark.parametrize(
        ("kind", "status", "age_s", "state", "is_troubled"),
        [
            ("push", None, 10, "online", False),
            ("push", None, 600, "silent", True),
            ("push", None, None, "never_seen", False),
            ("rtsp", None, None, "never_seen", False),
            ("rtsp", "online", 5, "online", False),
            ("rtsp", "connecting", 5, "connecting", False),
            ("rtsp", "offline", 5, "offline", True),
            ("rtsp", "refused", 5, "offline", True),
            ("rtsp", "resting", 5, "resting", False),
            ("rtsp", "online", 600, "silent", True),
        ],
    )
    def test_a_camera_says_how_it_is(self, kind, status, age_s, state, is_troubled):
        then = timezone.now() - timedelta(seconds=age_s or 0)
        camera = CameraFactory(kind=kind, last_seen_at=then if age_s else None)
        if status:
            CameraHealth.objects.create(camera=camera, state=status, state_since=then)
            CameraHealth.objects.update(updated_at=then)
        with acting_as(SYSTEM):
            (tile,) = camera_tiles()
        assert (tile.state, tile.is_troubled) == (state, is_troubled)


ADA = "Ada Lovelace"
SETTLED = {"settled_at": timezone.now(), "settled_by": "olga@example.org"}
BELOW = {"score": 0.31, "threshold": 0.5, "margin": 0.1}
CASES = {
    "a name that several faces agree on": (
        {"decision": "match", "is_confirmed": True, "score": 0.81, "margin": 0.4},
        "confirmed",
        ["0.810", "0.500", "0.400 behind", "3 of 3 usable faces agree", "confirmed"],
    ),
    "a name that is only likely": (
        {"decision": "match", "score": 0.7, "faces_agreeing": 1, "faces_usable": 1},
        "provisional",
        ["0.700", "1 of 1 usable", "provisional until"],
    ),
    "just below the threshold": (
        {"decision": "uncertain", "reason": "grey_band", "score": 0.48},
        "uncertain",
        [f"may be {ADA}", "0.480", "Only 0.020 is missing"],
    ),
    "two who are alike": (
        {"decision": "uncertain", "reason": "too_close", "score": 0.7, "margin": 0.012},
        "uncertain",
        [f"{ADA} and Bela Bartok", "only 0.012"],
    ),
    "a look-alike who is not clear enough": (
        {"decision": "uncertain", "reason": "lookalike", "score": 0.53, "margin": 0.08},
        "uncertain",
        [f"{ADA} scores 0.530 and leads by 0.080", "looks very much like them is enrolled too"],
    ),
    "nobody similar": (
        {**BELOW},
        "unknown",
        ["Nobody enrolled is similar enough", f"{ADA} comes nearest with 0.310", "0.500 is needed"],
    ),
    "nobody to compare with": (
        {"reason": "empty_gallery", "candidates": []},
        "unknown",
        ["Nobody is enrolled"],
    ),
    "too poor": (
        {"decision": "poor", "reason": "blurred", "faces_usable": 0},
        "poor",
        ["too blurred", "Of 4 faces 0 could be compared"],
    ),
    "refused by somebody": (
        {**BELOW, "settled_as": "refused", **SETTLED},
        "unknown",
        ["olga@example.org said that this is not the person"],
    ),
    "confirmed by somebody": (
        {"decision": "uncertain", "score": 0.48, "settled_as": "confirmed", **SETTLED},
        "confirmed",
        ["olga@example.org compared the pictures"],
    ),
    "named by somebody": (
        {**BELOW, "settled_as": "assigned", **SETTLED},
        "confirmed",
        ["olga@example.org said who this is"],
    ),
    "not a face": (
        {**BELOW, "settled_as": "not_a_face", **SETTLED},
        "not_a_face",
        ["olga@example.org said that this is not a face"],
    ),
}


class TestWhy:
    @pytest.mark.parametrize("case", CASES)
    def test_the_page_of_a_visit_says_why_in_words_with_the_numbers(self, case, client_of):
        fields, state, words = CASES[case]
        ada, bela = enrolled_person(1, name=ADA), enrolled_person(2, name="Bela Bartok")
        candidates = [[str(ada.pk), 0.7], [str(bela.pk), 0.69]]
        person = ada if fields.get("decision") in {"match", "uncertain"} else None
        visit = visit_with_face(**{"candidates": candidates, "person": person, **fields})
        with acting_as(SYSTEM):
            (row,) = rows_of(view_of([visit]))
            said = " ".join(explain(row))
        for word in words:
            assert word in said
        assert row.state == state
        page = client_of("officer").get(reverse("sightings:visit", args=[visit.pk]))
        text = page.content.decode().replace("&#x27;", "'")
        assert page.status_code == 200
        for sentence in words:
            assert sentence in text

    @pytest.mark.parametrize("state", STATES)
    def test_a_state_is_the_same_as_a_word_and_as_a_filter(self, state):
        for decision in ("match", "uncertain", "unknown", "poor", "spoof"):
            for is_confirmed in (True, False):
                for settled in ("", *Visit.Settled.values):
                    VisitFactory(decision=decision, is_confirmed=is_confirmed, settled_as=settled)
        everything = list(Visit.objects.all())
        with acting_as(SYSTEM):
            found = set(VisitFilter(state=state).visits())
        assert found == {visit for visit in everything if state_of(visit) == state}
        assert found

    def test_every_visit_has_one_state_of_the_table(self):
        for settled in ("", *Visit.Settled.values):
            for decision in ("match", "uncertain", "unknown", "poor", "spoof"):
                assert state_of(Visit(decision=decision, settled_as=settled)) in STATES

    def test_it_shows_the_ledger_the_nearest_the_cameras_and_the_quality(self, client_of):
        visit = named(enrolled_person(1, name=ADA))
        visit.best_face.quality = {
            "eye_distance_px": 40.0, "sharpness": 5.0, "brightness": 0.5, "contrast": 0.2,
            "yaw": 0.0, "visible_fraction": 1.0, "score": 0.5,
        }  # fmt: skip
        visit.best_face.save()
        page = client_of("officer").get(reverse("sightings:visit", args=[visit.pk]))
        text = page.content.decode()
        assert reverse("sightings:detail", args=[visit.best_face.recognition_id]) in text
        assert reverse("people:detail", args=[visit.person_id]) in text
        assert visit.camera.name in text
        assert "not good enough to be enrolled from" in text
        assert "sharpness 5, at least 12 is needed" in text

    def test_htmx_is_given_the_part_that_changes(self, client_of):
        visit = visit_with_face()
        url = reverse("sightings:visit", args=[visit.pk])
        part = client_of("officer").get(url, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert "Where and when" in part

    def test_a_watched_stranger_stands_out(self, client_of):
        visit_with_face(stranger=StrangerFactory(number=12, state="watched"))
        page = ask(client_of("officer")).content.decode()
        assert 'data-state="watched"' in page
        assert "Stranger 12" in page

    @pytest.mark.parametrize(
        ("measured", "words"),
        [
            ({"score": 0.9}, ""),
            ({"eye_distance_px": 60.0, "sharpness": 90.0, "brightness": 0.5, "contrast": 0.2,
              "yaw": 0.0, "visible_fraction": 1.0, "score": 0.9, "unheard_of": 1.0}, "Good"),
            ({"eye_distance_px": 5.0, "sharpness": 90.0, "brightness": 0.5, "contrast": 0.2,
              "yaw": 0.0, "visible_fraction": 1.0, "score": 0.1}, "Too poor"),
        ],
    )  # fmt: skip
    def test_quality_is_said_in_words_as_far_as_it_was_kept(self, measured, words):
        assert (quality_words(measured) or [""])[0].startswith(words)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 s"), (0.4, "1 s"), (59, "59 s"), (60, "1 min"), (3599, "1 h"), (3900, "1 h 5 min")],
)
def test_how_long_somebody_stayed_is_said_shortly(seconds, words):
    assert duration_words(timedelta(seconds=seconds)) == words


def test_what_may_be_decided_is_offered_to_whoever_may_and_only_once(client_of, monkeypatch):
    monkeypatch.setattr("portal.sightings.rows.reverse", lambda name, args: f"/{name}/{args[0]}/")
    ada = enrolled_person(1)
    fields = {"person": ada, "candidates": [[str(ada.pk), 0.6]], "score": 0.6}
    rows = {
        "uncertain": visit_with_face(decision="uncertain", reason="grey_band", **fields),
        "provisional": visit_with_face(decision="match", **fields),
        "confirmed": visit_with_face(decision="match", is_confirmed=True, **fields),
        "unknown": visit_with_face(),
        "settled": visit_with_face(decision="uncertain", settled_as="confirmed", **fields),
    }
    offered = {
        "uncertain": {"confirm", "refuse"},
        "provisional": {"confirm", "refuse"},
        "confirmed": {"refuse"},
        "unknown": set(),
        "settled": set(),
    }
    for role, may_decide in (("officer", True), ("auditor", False)):
        client = client_of(role)
        for name, visit in rows.items():
            page = ask(client, ids=visit.pk).content.decode()
            found = {act for act in ("confirm", "refuse") if f"/review:{act}/{visit.pk}/" in page}
            assert found == (offered[name] if may_decide else set()), (role, name)
