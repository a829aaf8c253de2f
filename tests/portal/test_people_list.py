"""The list of people: what narrows it, what it says of each, saved filters, and its cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.core.context import EVERYTHING, Actor, Scope, acting_as
from portal.core.policies import permissions_of
from portal.organisation.models import Site
from portal.organisation.services import department_at
from portal.people.filters import PersonFilter, filter_query
from portal.people.listing import Need, places, rows_of
from portal.people.models import LookalikePair, Person, SavedFilter
from portal.people.selectors import visible_people
from tests.factories import (
    ConsentFactory,
    FaceImageFactory,
    FaceTemplateFactory,
    PersonFactory,
    SpaceFactory,
    UserFactory,
    enrolled_person,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]


def found(query: str) -> list[str]:
    """The names that the list shows for this query string, by name."""
    narrowed = PersonFilter(QueryDict(query), queryset=visible_people(), places=places())
    return [person.name for person in narrowed.qs]


def alike(one: Person, other: Person, **fields: object) -> LookalikePair:
    first, second = sorted([one, other], key=lambda person: person.pk)
    return LookalikePair.objects.create(
        first=first, second=second, space=SpaceFactory(), score=0.61, **fields
    )


class TestDepartments:
    @pytest.fixture(autouse=True)
    def school(self):
        self.north, self.south = (Site.objects.create(name=n) for n in ("North", "South"))
        for site in (self.north, self.south):
            for path in ("Year 7", "Year 7 / 7a", "Year 7 / 7a / Choir", "Year 70", "Staff"):
                name = f"{site.name[0]} {path.rpartition(' / ')[2]}"
                PersonFactory(name=name, site=site, department=department_at(site, path))
        PersonFactory(name="S nowhere", site=self.south, department=None)

    @pytest.mark.parametrize(
        ("path", "expected", "why"),
        [
            ("Year 7", ["N 7a", "N Choir", "N Year 7"], "everything below, however deep"),
            ("Year 7 / 7a", ["N 7a", "N Choir"], "not what is above"),
            ("Year 70", ["N Year 70"], "a name that merely begins alike lies elsewhere"),
            ("Staff", ["N Staff"], "the South's department of that name is another"),
        ],
    )
    def test_a_department_holds_what_lies_below_it(self, path, expected, why):
        assert found(f"department={department_at(self.north, path).pk}") == expected, why

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("site={south}", 6),
            ("site={south}&q=year", 4),
            ("department=none", 1),
            ("department=none&site={north}", 0),
            ("department=nonsense", 11),
            ("site=nonsense", 11),
        ],
    )
    def test_sites_and_those_without_a_department(self, query, count):
        assert len(found(query.format(south=self.south.pk, north=self.north.pk))) == count

    def test_only_places_within_the_scope_can_be_chosen(self):
        staff = department_at(self.south, "Staff")
        permissions = permissions_of("hr")
        scope = Scope(site_ids=frozenset({self.north.pk}))
        with acting_as(Actor(kind="user", permissions=permissions, scope=scope)):
            assert [site.name for site in places().sites] == ["North"]
            names = found(f"department={staff.pk}")
            assert names == found("") != []
            assert all(name.startswith("N ") for name in names)


class TestNeeds:
    @pytest.fixture(autouse=True)
    def people(self):
        now = timezone.now()
        complete = enrolled_person(1, photos=3, name="Complete")
        enrolled_person(2, photos=1, name="One photo")
        soon = enrolled_person(3, photos=3, name="Expires in 29 days")
        soon.consents.update(expires_at=now + timedelta(days=29))
        later = enrolled_person(4, photos=3, name="Expires in 31 days")
        later.consents.update(expires_at=now + timedelta(days=31))
        over = enrolled_person(5, photos=3, name="Expired")
        over.consents.update(expires_at=now - timedelta(minutes=1))
        withdrawn = enrolled_person(6, photos=3, name="Withdrawn")
        withdrawn.consents.update(withdrawn_at=now)
        aside = enrolled_person(7, photos=3, name="All set aside")
        aside.images.update(state="set_aside")
        two = enrolled_person(8, photos=3, name="Two used, one aside")
        two.images.filter(pk=two.images.first().pk).update(state="set_aside")
        ConsentFactory(person=PersonFactory(name="Photo without template"))
        FaceImageFactory(person=Person.objects.get(name="Photo without template"))
        alike(complete, later)
        alike(complete, two, answer="different")

    @pytest.mark.parametrize(
        ("need", "expected"),
        [
            (Need.NO_TEMPLATE, {"All set aside", "Photo without template"}),
            (Need.CONSENT_MISSING, {"Expired", "Withdrawn"}),
            (Need.CONSENT_EXPIRING, {"Expires in 29 days"}),
            (Need.LOOKALIKE, {"Complete", "Expires in 31 days"}),
            (Need.FEW_PHOTOS, {"One photo", "Two used, one aside", "Photo without template"}),
        ],
    )
    def test_who_is_found(self, need, expected):
        assert set(found(f"needs={need.value}")) == expected

    def test_everything_ticked_must_hold(self):
        assert found("needs=no_template&needs=few_photos") == ["Photo without template"]
        assert found("needs=lookalike&needs=consent_missing") == []

    def test_a_row_says_what_is_missing_and_nothing_of_the_complete(self):
        rows = {r.person.name: r for r in rows_of(list(visible_people().values_list("pk", flat=1)))}
        assert rows["Two used, one aside"].needs == [Need.FEW_PHOTOS]
        assert rows["Expires in 29 days"].needs == [Need.CONSENT_EXPIRING]
        assert rows["All set aside"].needs == [Need.NO_TEMPLATE]
        assert rows["All set aside"].portrait_id is None
        assert rows["Withdrawn"].needs == [Need.CONSENT_MISSING]
        assert rows["Complete"].needs == [Need.LOOKALIKE]

    def test_rows_come_in_the_order_asked_for(self):
        ids = list(visible_people().order_by("-name").values_list("pk", flat=True))
        assert [row.person.pk for row in rows_of(ids)] == ids


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("q=ada&page=4&csrf=x", "q=ada"),
        ("needs=lookalike&needs=few_photos", "needs=few_photos&needs=lookalike"),
        ("q=&status=active&status=left", "status=left"),
        ("sort=-name&site=", "sort=-name"),
        ("page=2", ""),
    ],
)
def test_a_query_has_one_spelling_and_holds_what_narrows_or_sorts(given, kept):
    assert filter_query(QueryDict(given)) == kept


class TestPage:
    URL = "/people/"

    def test_what_narrows_the_list_can_be_taken_away_one_by_one(self, client_of):
        enrolled_person(1, name="Ada")
        response = client_of("administrator").get(
            self.URL, {"q": "a", "needs": ["few_photos", "lookalike"], "sort": "-name"}
        )
        assert response.context["chips"] == [
            ("“a”", "?needs=few_photos&needs=lookalike&sort=-name"),
            ("Few photos", "?q=a&needs=lookalike&sort=-name"),
            ("Look-alike", "?q=a&needs=few_photos&sort=-name"),
        ]

    def test_the_address_follows_what_is_chosen(self, client_of):
        response = client_of("administrator").get(
            f"{self.URL}?q=ada&site=&needs=lookalike", headers={"HX-Request": "true"}
        )
        assert response["HX-Replace-Url"] == "/people/?q=ada&needs=lookalike"

    @pytest.mark.parametrize(
        ("role", "ticks"),
        [("administrator", True), ("hr", True), ("auditor", False), ("officer", False)],
    )
    def test_people_are_ticked_by_those_who_can_do_something_with_them(
        self, client_of, role, ticks
    ):
        PersonFactory()
        page = client_of(role).get(self.URL).content.decode()
        assert ("data-select-all" in page) is ticks
        assert ("bulk-remove" in page) is ticks

    def test_it_asks_for_ten_things_at_most_however_long_it_is(self, client_of):
        client = client_of("administrator")
        counts = []
        for number in range(60):
            person = enrolled_person(number)
            if number in {3, 59}:
                alike(person, PersonFactory())
                FaceTemplateFactory(image__person=person)
                client.get(self.URL)
                with CaptureQueriesContext(connection) as asked:
                    client.get(self.URL)
                counts.append(len(asked))
        assert counts[0] == counts[1] <= 10


class TestSavedFilters:
    @pytest.fixture
    def browser(self, client):
        user = UserFactory(role="officer")
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        client.user = user
        return client

    def save(self, browser, name, query):
        return browser.post(reverse("people:save_filter"), {"name": name, "query": query})

    def test_one_is_saved_applied_and_deleted(self, browser):
        response = self.save(browser, "  No   photo ", "needs=no_template&page=9&evil=1")
        saved = SavedFilter.objects.get()
        assert (saved.name, saved.query) == ("No photo", "needs=no_template")
        assert response["Location"] == "/people/?needs=no_template"
        page = browser.get("/people/").content.decode()
        assert 'href="/people/?needs=no_template"' in page
        browser.post(reverse("people:delete_filter", args=[saved.pk]))
        assert not SavedFilter.objects.exists()

    def test_the_same_name_again_is_the_same_filter(self, browser):
        self.save(browser, "Mine", "q=a")
        self.save(browser, "Mine", "q=b")
        assert SavedFilter.objects.get().query == "q=b"

    def test_nobody_sees_or_deletes_anothers(self, browser, client_of):
        self.save(browser, "Mine", "q=a")
        other = client_of("administrator")
        assert "Mine" not in other.get("/people/").content.decode()
        saved = SavedFilter.objects.get()
        assert other.post(reverse("people:delete_filter", args=[saved.pk])).status_code == 404
        assert SavedFilter.objects.exists()

    @pytest.mark.parametrize(
        ("name", "query", "words"),
        [
            ("", "q=a", "needs a name"),
            ("x" * 61, "q=a", "at most 60"),
            ("Empty", "", "nothing to save"),
            ("Only a page", "page=3", "nothing to save"),
            ("Long", f"q={'x' * 600}", "too long"),
        ],
    )
    def test_what_cannot_be_saved(self, browser, name, query, words):
        response = self.save(browser, name, query)
        assert response.status_code == 400
        assert words in response.content.decode()
        assert not SavedFilter.objects.exists()

    def test_a_token_has_none(self):
        with acting_as(
            Actor(kind="token", permissions=permissions_of("auditor"), scope=EVERYTHING)
        ):
            from portal.core.errors import DomainError
            from portal.people.services import save_filter

            with pytest.raises(DomainError) as refused:
                save_filter("Mine", "q=a")
        assert refused.value.http_status == 403
