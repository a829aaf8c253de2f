"""Names to confirm and unknown faces: what waits, who may decide, and who was faster."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Role
from portal.core.context import SYSTEM, Actor, Scope, acting_as
from portal.core.errors import NotFound
from portal.core.policies import ALL_PERMISSIONS
from portal.enrolment.models import Enrolment
from portal.journal.models import Act
from portal.organisation.models import Site
from portal.review.models import Anchor, Stranger
from portal.review.selectors import (
    names_to_confirm,
    reviewed_visit,
    visible_stranger,
    visible_strangers,
    waiting,
)
from portal.review.services import confirm_visits
from portal.sightings.models import Visit
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import (
    CameraFactory,
    StrangerFactory,
    UserFactory,
    enrolled_person,
    visit_with_face,
)

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def officer(client_of) -> Client:
    return client_of("officer")


@pytest.fixture
def ada():
    return enrolled_person(1, name="Ada Lovelace", photos=2)


@pytest.fixture
def grace():
    return enrolled_person(2, name="Grace Hopper")


def uncertain(person, *others, **fields) -> Visit:
    """A visit in the grey band of ``person``."""
    candidates = [[str(person.pk), 0.47], *([str(one.pk), 0.31] for one in others)]
    values = {
        "decision": "uncertain",
        "reason": "grey_band",
        "score": 0.47,
        "margin": 0.16,
        "candidates": candidates,
    }
    return visit_with_face(**{**values, **fields})


def stranger_with_visits(count: int = 1, **fields) -> Stranger:
    stranger = StrangerFactory(visit_count=count, **fields)
    for _ in range(count):
        visit_with_face(stranger=stranger, camera__site=stranger.site)
    return stranger


def toast_of(response) -> dict[str, str]:
    return json.loads(response.headers["HX-Trigger"])["toast"]


def text_of(response) -> str:
    return response.content.decode()


# --- names to confirm ---


def test_the_desk_shows_the_newest_with_both_faces_the_numbers_and_what_comes_next(
    officer, ada, grace
):
    older = uncertain(grace)
    newest = uncertain(ada, grace)
    page = text_of(officer.get(reverse("review:queue")))
    assert f'data-visit="{newest.pk}"' in page
    assert f'data-waits="{older.pk}"' in page
    assert reverse("sightings:crop", args=[newest.best_face_id]) in page
    assert all(reverse("people:photo", args=[one.pk]) in page for one in ada.images.all())
    assert "0.470" in page
    assert "Threshold 0.500" in page
    assert "Grace Hopper, 0.310" in page
    assert newest.camera.name in page


def test_one_key_confirms_and_the_next_one_is_the_answer(officer, ada, grace):
    older, newest = uncertain(grace), uncertain(ada)
    response = officer.post(
        reverse("review:confirm", args=[newest.pk]),
        {"desk": "1", "person": str(ada.pk)},
        headers=HTMX,
    )
    assert response.status_code == 200
    assert f'data-visit="{older.pk}"' in text_of(response)
    toast = toast_of(response)
    assert toast["message"] == "Confirmed as Ada Lovelace."
    assert toast["actionUrl"] == reverse("journal:undo", args=[Act.objects.get().pk])
    newest.refresh_from_db()
    assert (newest.settled_as, newest.person_id) == ("confirmed", ada.pk)


def test_an_officer_takes_back_what_they_decided(officer, ada):
    visit = uncertain(ada)
    officer.post(reverse("review:confirm", args=[visit.pk]))
    response = officer.post(reverse("journal:undo", args=[Act.objects.get().pk]), headers=HTMX)
    assert response.status_code == 204
    visit.refresh_from_db()
    assert (visit.settled_as, visit.person_id) == ("", None)


def test_no_is_remembered_of_the_face(officer, ada):
    visit = uncertain(ada)
    response = officer.post(reverse("review:refuse", args=[visit.pk]), {"desk": "1"}, headers=HTMX)
    assert toast_of(response)["message"] == "Noted: not Ada Lovelace."
    assert "No name waits for you" in text_of(response)
    assert Anchor.objects.get().person == ada
    visit.refresh_from_db()
    assert visit.settled_as == "refused"


def test_somebody_else_is_chosen_from_the_likeliest_or_by_a_search(officer, ada, grace):
    visit = uncertain(ada, grace)
    linus = enrolled_person(3, name="Linus Torvalds")
    url = reverse("review:people")
    likely = text_of(officer.get(url, {"visit": visit.pk}))
    assert "Grace Hopper" in likely
    assert "Ada Lovelace" not in likely, "the suggestion was refused by asking for somebody else"
    assert "Linus" not in likely
    assert "Linus" in text_of(officer.get(url, {"visit": visit.pk, "q": "linus"}))
    response = officer.post(
        reverse("review:name", args=[visit.pk]),
        {"desk": "1", "person": str(linus.pk)},
        headers=HTMX,
    )
    assert toast_of(response)["message"] == "Named Linus Torvalds."
    visit.refresh_from_db()
    assert (visit.settled_as, visit.person) == ("assigned", linus)


def test_nobody_chosen_is_refused_with_words(officer, ada):
    visit = uncertain(ada)
    response = officer.post(reverse("review:name", args=[visit.pk]), headers=HTMX)
    assert response.status_code == 400
    assert "Nobody was chosen" in toast_of(response)["message"]


def test_who_comes_second_is_told_who_decided_and_gets_the_next(officer, ada, grace):
    older, newest = uncertain(grace), uncertain(ada)
    colleague = Client()
    user = UserFactory(role=Role.OFFICER, name="Bea", email="bea@example.org")
    colleague.force_login(user, backend=SIGN_IN_BACKEND)
    colleague.post(reverse("review:confirm", args=[newest.pk]))

    late = officer.post(
        reverse("review:refuse", args=[newest.pk]),
        {"desk": "1", "person": str(grace.pk)},
        headers=HTMX,
    )
    assert late.status_code == 200
    assert toast_of(late)["message"].startswith("bea@example.org was faster")
    assert "actionUrl" not in toast_of(late)
    assert f'data-visit="{older.pk}"' in text_of(late)

    looked = text_of(officer.get(reverse("review:queue"), {"at": newest.pk}, headers=HTMX))
    assert "bea@example.org confirmed this as Ada Lovelace" in looked
    assert f'data-visit="{older.pk}"' in looked
    # Whoever decided needs no telling.
    own = text_of(colleague.get(reverse("review:queue"), {"at": newest.pk}, headers=HTMX))
    assert "faster" not in own


def test_what_is_looked_at_stays_when_something_newer_comes(officer, ada, grace):
    looked_at = uncertain(ada)
    newer = uncertain(grace)
    page = text_of(officer.get(reverse("review:queue"), {"at": looked_at.pk}, headers=HTMX))
    assert f'data-visit="{looked_at.pk}"' in page
    assert "data-waiting>2<" in page
    again = text_of(officer.get(reverse("review:queue"), {"after": looked_at.pk}, headers=HTMX))
    assert f'data-visit="{newer.pk}"' in again, "after the last comes the first"


def test_a_suggestion_that_changed_meanwhile_is_not_confirmed(officer, ada, grace):
    visit = uncertain(ada)
    response = officer.post(
        reverse("review:confirm", args=[visit.pk]), {"person": str(grace.pk)}, headers=HTMX
    )
    assert response.status_code == 409
    visit.refresh_from_db()
    assert visit.settled_as == ""


def test_from_the_live_page_the_answer_is_a_toast_alone(officer, ada):
    visit = uncertain(ada)
    response = officer.post(reverse("review:confirm", args=[visit.pk]), headers=HTMX)
    assert response.status_code == 204
    assert toast_of(response)["actionLabel"] == "Undo"


def test_without_scripts_a_form_leads_back(officer, ada):
    visit = uncertain(ada)
    response = officer.post(reverse("review:confirm", args=[visit.pk]), follow=True)
    assert response.redirect_chain[-1][0] == reverse("review:queue")
    assert "Confirmed as Ada Lovelace." in text_of(response)
    other = uncertain(ada)
    away = officer.post(
        reverse("review:confirm", args=[other.pk]), {"next": "https://example.org/"}
    )
    assert away.headers["Location"] == reverse("review:queue")


def test_many_are_confirmed_at_once_and_taken_back_at_once(officer, ada, grace):
    visits = [uncertain(ada), uncertain(grace), uncertain(ada)]
    page = text_of(officer.get(reverse("review:queue"), {"mode": "list"}))
    assert all(str(visit.pk) in page for visit in visits)
    response = officer.post(
        reverse("review:confirm_many"),
        {"ids": [str(visit.pk) for visit in visits[:2]], "next": "/review/?mode=list"},
    )
    assert response.headers["Location"] == "/review/?mode=list"
    assert Visit.objects.filter(settled_as="confirmed").count() == 2
    officer.post(reverse("journal:undo", args=[Act.objects.get().pk]))
    assert Visit.objects.filter(settled_as="").count() == 3


def test_none_of_many_is_confirmed_where_one_suggestion_changed_meanwhile(officer, ada, grace):
    first, second = uncertain(ada), uncertain(ada)
    data = {
        "ids": [str(first.pk), str(second.pk)],
        f"as-{first.pk}": str(ada.pk),
        f"as-{second.pk}": str(grace.pk),
    }
    response = officer.post(reverse("review:confirm_many"), data)
    assert response.status_code == 409
    assert "Look again" in text_of(response)
    assert not Visit.objects.exclude(settled_as="").exists()


def test_nothing_ticked_is_said_in_words(officer):
    response = officer.post(reverse("review:confirm_many"), {"ids": []})
    assert response.status_code == 400
    assert "Nothing is ticked" in text_of(response)
    assert officer.post(reverse("review:confirm_many"), {"ids": ["x"]}).status_code == 400


def test_who_was_erased_is_no_suggestion_any_more(officer, ada):
    visit = uncertain(ada)
    ada.delete()
    page = text_of(officer.get(reverse("review:queue")))
    assert "Who is this?" in page
    assert "Ada" not in page
    assert officer.post(reverse("review:confirm", args=[visit.pk])).status_code == 409


def test_an_auditor_looks_and_decides_nothing(client_of, ada):
    visit = uncertain(ada)
    auditor = client_of("auditor")
    page = text_of(auditor.get(reverse("review:queue")))
    assert "You may look, but not decide." in page
    assert "data-key" not in page
    assert auditor.post(reverse("review:confirm", args=[visit.pk])).status_code == 403


def test_an_empty_queue_says_what_will_come(officer):
    assert "No name waits for you" in text_of(officer.get(reverse("review:queue")))
    assert "No name waits for you" in text_of(
        officer.get(reverse("review:queue"), {"mode": "list"})
    )


# --- the badge ---


def test_the_badge_counts_names_and_new_strangers(officer, ada):
    uncertain(ada)
    stranger_with_visits()
    stranger_with_visits(state="ignored")
    stranger_with_visits(acknowledged_at=timezone.now())
    StrangerFactory()  # whose visits turned out to be somebody's: in no list
    assert '<span class="l-nav__count">2<' in text_of(officer.get(reverse("review:queue")))
    visit = Visit.objects.get(decision="uncertain")
    officer.post(reverse("review:confirm", args=[visit.pk]))
    assert '<span class="l-nav__count">1<' in text_of(officer.get(reverse("review:queue")))


def test_whoever_may_not_review_sees_no_badge(client_of, ada):
    uncertain(ada)
    page = text_of(client_of("hr").get(reverse("people:list")))
    assert "l-nav__count" not in page
    assert reverse("review:queue") not in page


# --- scope ---


@pytest.fixture
def elsewhere(ada):
    """A name and a stranger at another site."""
    site = Site.objects.create(name="Elsewhere House")
    camera = CameraFactory(site=site, name="Elsewhere gate")
    visit = uncertain(ada, camera=camera)
    return visit, stranger_with_visits(2, site=site, number=999)


def limited_to_a_site(role: str, site) -> Client:
    user, client = UserFactory(role=role), Client()
    user.sites.add(site)
    client.force_login(user, backend=SIGN_IN_BACKEND)
    return client


def test_an_officer_of_one_site_sees_nothing_of_another(ada, elsewhere):
    visit, stranger = elsewhere
    client = limited_to_a_site(Role.OFFICER, ada.site)
    for url in (
        reverse("review:queue"),
        reverse("review:queue") + f"?at={visit.pk}",
        reverse("review:queue") + "?mode=list",
        reverse("review:strangers") + "?state=all",
    ):
        page = text_of(client.get(url))
        assert "Elsewhere" not in page, url
        assert str(visit.pk) not in page, url
        assert "l-nav__count" not in page, url
    assert client.get(reverse("review:stranger", args=[stranger.pk])).status_code == 404
    posted = {"ids": [str(stranger.pk)], "person": str(ada.pk)}
    assert client.post(reverse("review:bulk", args=["ignore"]), posted).status_code == 400
    assert client.post(reverse("review:confirm", args=[visit.pk])).status_code == 404
    assert client.post(reverse("review:confirm_many"), {"ids": [str(visit.pk)]}).status_code == 400
    stranger.refresh_from_db()
    assert stranger.state == "open"


LIMITS = [
    ({"department_ids": frozenset()}, "of certain departments"),
    ({"person_id": UUID(int=1)}, "oneself alone"),
]


@pytest.mark.parametrize(("limit", "why"), LIMITS, ids=[case[1] for case in LIMITS])
def test_whoever_sees_certain_people_only_sees_nobody_without_a_name(ada, limit, why):
    visit, stranger = uncertain(ada), stranger_with_visits()
    actor = Actor(kind="user", id="7", permissions=ALL_PERMISSIONS, scope=Scope(**limit))
    with acting_as(actor):
        assert not names_to_confirm().exists(), why
        assert not visible_strangers().exists(), why
        assert waiting() == 0
        with pytest.raises(NotFound):
            reviewed_visit(visit.pk)
        with pytest.raises(NotFound):
            visible_stranger(stranger.pk)


# --- strangers ---


def test_the_grid_shows_crops_visits_cameras_and_whom_they_resemble(officer, ada):
    stranger = stranger_with_visits(2, candidates=[[str(ada.pk), 0.41]])
    page = text_of(officer.get(reverse("review:strangers")))
    assert str(stranger) in page
    assert "2 visits" in page
    assert "8 faces" in page
    for visit in stranger.visits.all():
        assert reverse("sightings:crop", args=[visit.best_face_id]) in page
        assert visit.camera.name in page
    assert "Ada Lovelace" in page
    assert "0.410" in page


CASES = [
    # filter, who is shown, why
    ({}, {1, 2}, "new and watched are what there is to do"),
    ({"state": "all"}, {1, 2, 3, 4}, "every state"),
    ({"state": "ignored"}, {3}, "one state"),
    ({"state": "all", "since": "7"}, {1, 2, 3}, "seen lately"),
    ({"state": "nonsense"}, {1, 2, 3, 4}, "an unknown choice narrows nothing"),
]


@pytest.mark.parametrize(("query", "shown", "why"), CASES, ids=[case[2] for case in CASES])
def test_the_grid_is_narrowed(officer, query, shown, why):
    long_ago = timezone.now() - timedelta(days=20)
    for number, fields in {
        1: {},
        2: {"state": "watched"},
        3: {"state": "ignored"},
        4: {"state": "named", "last_at": long_ago},
    }.items():
        stranger_with_visits(number=number, **fields)
    page = text_of(officer.get(reverse("review:strangers"), query))
    assert {n for n in range(1, 5) if f'data-stranger="{n}"' in page} == shown, why


def test_the_grid_is_narrowed_by_camera(officer):
    first, second = stranger_with_visits(), stranger_with_visits()
    camera = first.visits.get().camera
    page = text_of(officer.get(reverse("review:strangers"), {"camera": camera.pk}))
    assert str(first.pk) in page
    assert str(second.pk) not in page


BULK = [
    ("watch", {"watched"}, "watched from now on"),
    ("ignore", {"ignored"}, "ignored for good"),
    ("dismiss", {"not_a_face"}, "not a face"),
]


@pytest.mark.parametrize(("action", "states", "words"), BULK)
def test_many_are_decided_at_once_and_taken_back(officer, action, states, words):
    both = [stranger_with_visits(), stranger_with_visits()]
    response = officer.post(
        reverse("review:bulk", args=[action]), {"ids": [str(one.pk) for one in both]}, follow=True
    )
    assert "2 strangers" in text_of(response)
    assert words in text_of(response)
    assert set(Stranger.objects.values_list("state", flat=True)) == states
    officer.post(reverse("journal:undo", args=[Act.objects.get().pk]))
    assert set(Stranger.objects.values_list("state", flat=True)) == {"open"}


def test_many_are_named_at_once(officer, ada):
    both = [stranger_with_visits(), stranger_with_visits(2)]
    response = officer.post(
        reverse("review:bulk", args=["assign"]),
        {"ids": [str(one.pk) for one in both], "person": str(ada.pk)},
        follow=True,
    )
    assert "2 strangers named Ada Lovelace." in text_of(response)
    assert Visit.objects.filter(person=ada, settled_as="assigned").count() == 3


@pytest.mark.parametrize("action", ["assign", "dismiss"])
def test_what_has_a_name_already_is_said_to_keep_it(officer, ada, grace, action):
    stranger = stranger_with_visits(2)
    first = stranger.visits.order_by("pk")[0]
    Visit.objects.filter(pk=first.pk).update(settled_as="confirmed", person=grace)
    response = officer.post(
        reverse("review:bulk", args=[action]),
        {"ids": [str(stranger.pk)], "person": str(ada.pk)},
        follow=True,
    )
    assert "A visit that has a name already keeps it." in text_of(response)
    first.refresh_from_db()
    assert first.person == grace


def test_strangers_are_put_together_and_apart_again(officer):
    both = [stranger_with_visits(), stranger_with_visits(2)]
    ids = [str(one.pk) for one in both]
    assert officer.post(reverse("review:bulk", args=["merge"]), {"ids": ids[:1]}).status_code == 400
    officer.post(reverse("review:bulk", args=["merge"]), {"ids": ids})
    page = text_of(officer.get(reverse("review:strangers")))
    assert page.count("data-stranger=") == 1
    assert "3 visits" in page
    officer.post(reverse("journal:undo", args=[Act.objects.get().pk]))
    assert text_of(officer.get(reverse("review:strangers"))).count("data-stranger=") == 2


def test_a_strangers_page_tells_the_days_and_the_nearest(officer, ada, grace):
    stranger = stranger_with_visits(
        2, candidates=[[str(ada.pk), 0.41], [str(grace.pk), 0.2]], memo="Came with a parcel"
    )
    page = text_of(officer.get(reverse("review:stranger", args=[stranger.pk])))
    assert "Today" in page or "Yesterday" in page
    assert page.index("It is Ada Lovelace") < page.index("It is Grace Hopper")
    assert "Came with a parcel" in page
    assert page.count('name="visits"') == 2
    assert "New person" not in page, "an officer enrols nobody"


def test_one_click_names_a_stranger_and_one_takes_it_back(officer, ada):
    stranger = stranger_with_visits(2)
    response = officer.post(
        reverse("review:assign", args=[stranger.pk]), {"person": str(ada.pk)}, follow=True
    )
    assert f"{stranger} is Ada Lovelace." in text_of(response)
    assert Visit.objects.filter(person=ada).count() == 2
    officer.post(reverse("journal:undo", args=[Act.objects.get().pk]))
    assert Visit.objects.filter(person=ada).count() == 0
    stranger.refresh_from_db()
    assert stranger.state == "open"


def test_a_new_person_begins_in_the_wizard(client_of):
    stranger = stranger_with_visits()
    response = client_of("administrator").post(reverse("review:enrol", args=[stranger.pk]))
    assert response.status_code == 302, text_of(response)
    draft = Enrolment.objects.get()
    assert response.headers["Location"] == reverse("enrolment:draft", args=[draft.pk])


def test_visits_of_somebody_else_are_taken_out(officer):
    stranger = stranger_with_visits(3)
    one = stranger.visits.first()
    assert officer.post(reverse("review:split", args=[stranger.pk])).status_code == 400
    officer.post(reverse("review:split", args=[stranger.pk]), {"visits": [str(one.pk)]})
    stranger.refresh_from_db()
    assert stranger.visit_count == 2
    one.refresh_from_db()
    assert one.stranger not in {None, stranger}


def test_a_memo_is_kept_for_who_comes_next(officer):
    stranger = stranger_with_visits()
    officer.post(reverse("review:acknowledge", args=[stranger.pk]), {"memo": "Window cleaner"})
    page = text_of(officer.get(reverse("review:stranger", args=[stranger.pk])))
    assert "Window cleaner" in page
    assert "Looked at by" in page
    too_long = officer.post(reverse("review:acknowledge", args=[stranger.pk]), {"memo": "x" * 501})
    assert too_long.status_code in {400, 422}


def test_an_action_that_does_not_exist_is_not_found(officer):
    stranger = stranger_with_visits()
    assert officer.post(reverse("review:change", args=[stranger.pk, "praise"])).status_code == 404
    ids = {"ids": [str(stranger.pk)]}
    assert officer.post(reverse("review:bulk", args=["praise"]), ids).status_code == 404


def test_no_stranger_yet_says_what_will_come(officer):
    assert "No unknown face waits" in text_of(officer.get(reverse("review:strangers")))
    narrowed = officer.get(reverse("review:strangers"), {"state": "named"})
    assert "No stranger fits" in text_of(narrowed)


def test_a_decision_of_another_process_reaches_the_badge_within_seconds(officer, ada):
    visit = uncertain(ada)
    officer.get(reverse("review:queue"))
    with acting_as(SYSTEM):
        confirm_visits([visit])
    cache.clear()  # as its few seconds do
    assert "l-nav__count" not in text_of(officer.get(reverse("review:queue")))
