"""Sites and the tree of departments: what is made, moved, refused, and who may."""

from __future__ import annotations

import pytest
from django.urls import reverse

from portal.audit.models import AuditEntry
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.core.policies import permissions_of
from portal.organisation.models import Department, Site
from portal.organisation.selectors import (
    organisation_tree,
    visible_department,
    visible_departments,
    visible_site,
    visible_sites,
)
from portal.organisation.services import (
    SiteDetails,
    change_department,
    create_department,
    create_site,
    delete_department,
    delete_site,
    department_at,
    update_site,
)
from portal.people.models import Person
from portal.people.services import PersonDetails, create_person
from tests.factories import CameraFactory, PersonFactory, UserFactory
from tests.factories.attendance import DayFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(administrator) -> Site:
    return create_site(SiteDetails(name="North", time_zone="Europe/Berlin", address="Gate 1"))


def paths(site: Site) -> list[str]:
    return list(
        Department.objects.filter(site=site).order_by("path").values_list("path", flat=True)
    )


# --- sites ---


def test_a_site_is_made_changed_and_written_down(site):
    update_site(site, SiteDetails(name=" North gate ", time_zone="Asia/Tokyo"))
    site.refresh_from_db()
    assert (site.name, site.time_zone, site.address) == ("North gate", "Asia/Tokyo", "")
    made, changed = AuditEntry.objects.order_by("seq")
    assert made.action == "organisation.site.created"
    assert (changed.before["time_zone"], changed.after["time_zone"]) == (
        "Europe/Berlin",
        "Asia/Tokyo",
    )


@pytest.mark.parametrize(
    ("details", "code", "why"),
    [
        (SiteDetails("NORTH", "UTC"), "organisation.name_taken", "case makes no other name"),
        (SiteDetails("  ", "UTC"), "organisation.invalid", "a name is needed"),
        (SiteDetails("South", "Mars/Olympus"), "organisation.invalid", "no such zone"),
        (SiteDetails("South", "../../etc/passwd"), "organisation.invalid", "a path is no zone"),
        (SiteDetails("x" * 81, "UTC"), "organisation.invalid", "too long"),
    ],
)
def test_a_site_is_refused(site, details, code, why):
    with pytest.raises(DomainError) as refused:
        create_site(details)
    assert refused.value.code == code, why


def test_a_site_keeps_its_own_name(site):
    update_site(site, SiteDetails(name="north", time_zone="UTC"))
    assert Site.objects.get(pk=site.pk).name == "north"


@pytest.mark.parametrize(
    "hold",
    [
        lambda site: department_at(site, "Yard"),
        lambda site: PersonFactory(site=site, department=None),
        lambda site: PersonFactory(site=site, department=None, status=Person.Status.ERASED),
        lambda site: CameraFactory(site=site),
        lambda site: UserFactory(role="officer").sites.add(site.pk),
    ],
    ids=["department", "person", "former person", "camera", "user"],
)
def test_a_site_to_which_anything_belongs_is_not_deleted(site, hold):
    Site.objects.create(name="Other")
    hold(site)
    with pytest.raises(DomainError, match="still has"):
        delete_site(site)
    assert Site.objects.filter(pk=site.pk).exists()


def test_a_site_that_everybody_left_is_kept_with_the_days_they_worked_there(site):
    moved = PersonFactory(site=Site.objects.create(name="Other"))
    DayFactory(person=moved, site=site)
    with pytest.raises(
        DomainError, match=r"records of its past remain \(attendance days\)"
    ) as caught:
        delete_site(site)
    assert caught.value.http_status == 409
    assert not AuditEntry.objects.filter(action="organisation.site.deleted").exists()


def test_an_empty_site_is_deleted_but_the_last_one_stays(site):
    other = create_site(SiteDetails(name="South", time_zone="UTC"))
    delete_site(other)
    with pytest.raises(DomainError, match="the only one"):
        delete_site(site)


# --- the tree ---


def test_what_lies_below_follows_a_rename_and_a_move(site):
    lower = department_at(site, "School / Year 7 / 7b")
    other = department_at(site, "Annex")
    year = lower.parent
    change_department(year, name="Year 8", parent=year.parent)
    assert paths(site) == ["Annex", "School", "School / Year 8", "School / Year 8 / 7b"]
    change_department(year, name="Year 8", parent=other)
    assert paths(site) == ["Annex", "Annex / Year 8", "Annex / Year 8 / 7b", "School"]
    change_department(year, name="Year 8", parent=None)
    assert paths(site) == ["Annex", "School", "Year 8", "Year 8 / 7b"]
    lower.refresh_from_db()
    assert lower.parent_id == year.pk
    entry = AuditEntry.objects.first()
    assert (entry.before["path"], entry.after["path"]) == ("Annex / Year 8", "Year 8")


def test_a_name_that_only_begins_alike_stays_where_it_is(site):
    year, other = department_at(site, "Year"), department_at(site, "Year 7 / 7b")
    change_department(year, name="Class", parent=None)
    other.refresh_from_db()
    assert other.path == "Year 7 / 7b"


def test_a_rename_that_changes_case_only_is_no_collision_with_itself(site):
    year = department_at(site, "year / b")
    change_department(year.parent, name="Year", parent=None)
    assert paths(site) == ["Year", "Year / b"]


@pytest.mark.parametrize(
    ("act", "code", "why"),
    [
        (lambda s, d: change_department(d, name="x", parent=d), "department.circle", "in itself"),
        (
            lambda s, d: change_department(d, name="x", parent=department_at(s, "Top / Low")),
            "department.circle",
            "below what lies below it",
        ),
        (lambda s, d: create_department(s, name="top"), "department.taken", "in another case"),
        (lambda s, d: create_department(s, name="a/b"), "department.name", "a separator"),
        (lambda s, d: create_department(s, name=" "), "department.name", "no name"),
        (lambda s, d: create_department(s, name="x" * 81), "department.name", "too long"),
        (
            lambda s, d: create_department(s, name="7", parent=department_at(s, "1/2/3/4/5/6")),
            "department.path",
            "a seventh level",
        ),
        (
            lambda s, d: change_department(d, name="Top", parent=department_at(s, "1/2/3/4/5")),
            "department.path",
            "what lies below would be too deep",
        ),
    ],
)
def test_a_place_in_the_tree_is_refused(site, act, code, why):
    low = department_at(site, "Top / Low")
    before = paths(site)
    with pytest.raises(DomainError) as refused:
        act(site, low.parent)
    assert refused.value.code == code, why
    assert set(before) <= set(paths(site)), "nothing was moved half-way"


def test_two_sites_may_have_departments_of_the_same_name(site):
    south = create_site(SiteDetails(name="South", time_zone="UTC"))
    assert create_department(site, name="Yard").pk != create_department(south, name="Yard").pk


@pytest.mark.parametrize(
    "hold",
    [
        lambda department: PersonFactory(site=department.site, department=department),
        lambda department: department_at(department.site, f"{department.path} / Low"),
        lambda department: UserFactory(role="manager").departments.add(department.pk),
    ],
    ids=["person", "lower department", "manager"],
)
def test_a_department_to_which_anything_belongs_is_not_deleted(site, hold):
    department = create_department(site, name="Yard")
    hold(department)
    with pytest.raises(DomainError, match="still has"):
        delete_department(department)
    assert Department.objects.filter(pk=department.pk).exists()


def test_an_empty_department_is_deleted(site):
    delete_department(create_department(site, name="Yard"))
    assert not paths(site)
    assert AuditEntry.objects.first().before == {"path": "Yard"}


def test_the_tree_counts_known_people_and_those_below(site, django_assert_num_queries):
    low = department_at(site, "Top / Low")
    PersonFactory(site=site, department=low)
    PersonFactory(site=site, department=low.parent)
    PersonFactory(site=site, department=None)
    PersonFactory(site=site, department=low, status=Person.Status.ERASED)
    with django_assert_num_queries(2):
        (tree,) = organisation_tree()
    assert tree.people == 3
    assert [
        (row.department.path, row.depth, row.people, row.people_below) for row in tree.departments
    ] == [
        ("Top", 0, 1, 2),
        ("Top / Low", 1, 1, 1),
    ]


# --- scope ---


@pytest.fixture
def two(site) -> tuple[Site, Site]:
    return site, create_site(SiteDetails(name="South", time_zone="UTC"))


def hr_of(site: Site) -> Actor:
    scope = Scope(site_ids=frozenset({site.pk}))
    return Actor(kind="user", id="9", label="hr", permissions=permissions_of("hr"), scope=scope)


def test_whoever_is_limited_to_a_site_sees_and_changes_that_one_only(two):
    north, south = two
    yard, hall = department_at(north, "Yard"), department_at(south, "Hall")
    with acting_as(hr_of(north)):
        assert [row.pk for row in visible_sites()] == [north.pk]
        assert [row.pk for row in visible_departments()] == [yard.pk]
        assert [tree.site.pk for tree in organisation_tree()] == [north.pk]
        with pytest.raises(NotFound):
            visible_site(south.pk)
        with pytest.raises(NotFound):
            visible_department(hall.pk)
        with pytest.raises(PermissionMissing):
            create_site(SiteDetails(name="West", time_zone="UTC"))
        with pytest.raises(PermissionMissing):
            delete_site(north)


def test_a_new_person_belongs_to_a_site_that_one_answers_for(two):
    north, south = two
    with acting_as(hr_of(south)):
        assert create_person(PersonDetails(name="Ada")).site == south, "not the oldest of all"
        assert create_person(PersonDetails(name="Bob", site_id=south.pk)).site == south
        with pytest.raises(DomainError) as refused:
            create_person(PersonDetails(name="Eve", site_id=north.pk))
    assert refused.value.code == "person.site"


def test_a_taken_code_does_not_tell_the_name_of_somebody_of_another_site(two):
    north, south = two
    PersonFactory(name="Zelda", code="7", site=south, department=None)
    with acting_as(hr_of(north)), pytest.raises(DomainError) as refused:
        create_person(PersonDetails(name="Ada", code="7"))
    assert "Zelda" not in refused.value.message


# --- pages ---


def test_a_site_and_its_departments_are_made_on_the_pages(client_of):
    client = client_of("hr")
    answer = client.post(
        reverse("organisation:add_site"), {"name": "North", "time_zone": "Europe/Berlin"}
    )
    assert answer.status_code == 302
    site = Site.objects.get()
    url = reverse("organisation:add_department", args=[site.pk])
    client.post(url, {"name": "School", "parent": ""})
    school = Department.objects.get()
    assert f'value="{school.pk}" selected' in client.get(url, {"below": school.pk}).content.decode()
    client.post(url, {"name": "7b", "parent": school.pk})
    page = client.get(reverse("organisation:index")).content.decode()
    assert "Europe/Berlin" in page
    assert "School / 7b" in page
    answer = client.post(reverse("organisation:delete_department", args=[school.pk]), follow=True)
    assert "still has departments below it" in answer.content.decode()


def test_a_department_of_another_site_is_no_parent(client_of):
    north, south = Site.objects.create(name="North"), Site.objects.create(name="South")
    hall = department_at(south, "Hall")
    answer = client_of("hr").post(
        reverse("organisation:add_department", args=[north.pk]), {"name": "x", "parent": hall.pk}
    )
    assert answer.status_code == 422
    assert not Department.objects.filter(site=north).exists()


def test_a_department_is_not_offered_as_a_place_for_itself(client_of):
    site = Site.objects.create(name="North")
    low = department_at(site, "Top / Low")
    page = client_of("hr").get(reverse("organisation:department", args=[low.parent_id]))
    assert str(low.pk) not in page.content.decode()
