"""A look through the gallery, with vectors whose similarities are known."""

from __future__ import annotations

import numpy as np
import pytest

from portal.hygiene.models import Finding, Scan
from portal.hygiene.selectors import gallery_view
from portal.hygiene.services import ask_for_scan, dismiss, tell_apart
from portal.jobs.models import Job
from portal.journal.models import Act
from portal.journal.services import undo_act
from portal.people.models import LookalikePair
from portal.people.services import (
    merge_people,
    move_photo,
    remove_person,
    remove_photo,
    set_aside,
    suspend_person,
)
from portal.people.vectors import seal_vector
from tests.factories import (
    ConsentFactory,
    FaceImageFactory,
    FaceTemplateFactory,
    PersonFactory,
    enrolled_person,
)
from tests.factories.faces import SPACE, vector_towards
from tests.factories.people import person_key
from workers.hygiene import look_through

pytestmark = pytest.mark.django_db


def varied(identity: int, number: int) -> np.ndarray:
    """A photo of its own, of somebody: similarity 0.81 to the person's other photos."""
    return vector_towards(identity, similarity=0.9, other=40 + number)


def photo(person, vector, **fields):
    sealed = seal_vector(vector, dimension=SPACE.dimension, data_key=person_key(person))
    image = FaceImageFactory(person=person, **fields)
    FaceTemplateFactory(image=image, sealed_vector=sealed)
    return image


def member(identity: int, *, photos: int = 3, first: int = 0, **fields):
    person = PersonFactory(**fields)
    ConsentFactory(person=person)
    for number in range(first, first + photos):
        photo(person, varied(identity, number))
    return person


def kinds(person=None) -> list[str]:
    rows = Finding.objects.all() if person is None else person.findings.all()
    return sorted(rows.values_list("kind", flat=True))


def shown() -> dict[str, int]:
    view = gallery_view()
    counts = {kind: count for kind, _, count in view.sections if count}
    return {**counts, "pairs": view.pair_count} if view.pair_count else counts


def test_a_good_gallery_is_clean_and_says_how_much_was_looked_at(host):
    for identity in range(4):
        member(identity)
    look_through(host, None)
    scan = Scan.objects.get()
    assert (scan.people, scan.photos) == (4, 12)
    assert kinds() == []
    assert not LookalikePair.objects.exists()
    job = Job.objects.get(kind=Job.Kind.HYGIENE)
    assert (job.state, job.message[:33]) == ("done", "12 photos of 4 people looked at: ")


def test_a_photo_filed_under_the_wrong_person_is_found_with_whose_it_is(host):
    ada, bob = member(0), member(1)
    wrong = photo(ada, varied(1, 7))
    look_through(host, None)
    finding = Finding.objects.get()
    assert (finding.kind, finding.image, finding.person) == ("unlike", wrong, ada)
    assert finding.other == bob
    assert finding.other_score > 0.8
    assert finding.score < 0.2
    assert finding.beside.person == ada
    assert not LookalikePair.objects.exists(), "the wrong photo makes no look-alikes of the two"


def test_a_strangers_photo_is_found_without_naming_anybody(host):
    ada = member(0)
    member(1)
    photo(ada, varied(9, 7))
    look_through(host, None)
    assert Finding.objects.get().other is None


def test_a_person_entered_twice_is_one_pair_and_only_one(host):
    first, second = member(0), member(0)
    member(1)
    look_through(host, None)
    look_through(host, None)
    pair = LookalikePair.objects.get()
    assert {pair.first, pair.second} == {first, second}
    assert pair.answer == "open"
    assert pair.score > 0.9


@pytest.mark.parametrize(
    ("photos", "expected", "why"),
    [
        (1, ["few"], "one photo"),
        (2, ["few"], "two photos"),
        (3, [], "three are enough"),
        (0, ["no_template"], "nobody can find them"),
    ],
)
def test_who_has_too_few_photos(host, photos, expected, why):
    member(0, photos=photos)
    look_through(host, None)
    assert kinds() == expected, why


@pytest.mark.parametrize(
    ("fields", "expected", "why"),
    [
        ([{"quality_score": 0.1}] * 3, ["poor"], "none is good"),
        ([{"quality_score": 0.1}] * 2 + [{}], [], "one good one is enough"),
        ([{"pose": "left"}] * 3, ["one_sided"], "never from the front"),
        ([{"pose": "left"}, {"pose": "right"}, {"pose": "left"}], [], "from both sides"),
        ([{"pose": "front"}] * 3, [], "from the front"),
    ],
)
def test_photos_that_are_not_good_enough_together(host, fields, expected, why):
    person = member(0, photos=0)
    for number, values in enumerate(fields):
        photo(person, varied(0, number), **values)
    look_through(host, None)
    assert kinds() == expected, why


def test_a_copy_is_redundant_and_the_better_one_is_kept(host):
    person = member(0)
    good = photo(person, varied(0, 9), quality_score=0.95)
    copy = photo(person, varied(0, 9), quality_score=0.5)
    # The crops decide whether two near vectors are one picture.
    textured(good, copy)
    look_through(host, None)
    finding = Finding.objects.get()
    assert (finding.kind, finding.image, finding.beside) == ("redundant", copy, good)


def textured(*images) -> None:
    from io import BytesIO

    from PIL import Image

    from portal.core.vault import vault

    pixels = np.random.default_rng(1).integers(0, 255, (14, 14), dtype=np.uint8)
    data = BytesIO()
    Image.fromarray(pixels).resize((112, 112)).save(data, "JPEG")
    for image in images:
        image.aligned_key = vault().put(
            "aligned", data.getvalue(), data_key=person_key(image.person)
        )
        image.save()


class TestMending:
    @pytest.fixture
    def wrong(self, host):
        ada, self.bob = member(0), member(1)
        wrong = photo(ada, varied(1, 7))
        look_through(host, None)
        assert shown() == {"unlike": 1}
        return wrong

    @pytest.mark.parametrize(
        "mend",
        [
            set_aside,
            remove_photo,
            lambda image: move_photo(image, Finding.objects.get().other),
            lambda image: remove_person(image.person),
            lambda image: dismiss(Finding.objects.get()),
        ],
        ids=["set aside", "deleted", "moved", "person removed", "it is them"],
    )
    def test_what_was_mended_is_gone_at_once_stays_gone_and_comes_back_undone(
        self, host, wrong, mend
    ):
        mend(wrong)
        assert shown() == {}
        act = Act.objects.order_by("-id").first()
        undo_act(act)
        assert shown() == {"unlike": 1}
        wrong.refresh_from_db()
        mend(wrong)
        look_through(host, None)
        assert shown() == {}

    def test_an_answer_about_a_pair_survives_later_looks(self, host):
        member(0), member(0)
        look_through(host, None)
        assert shown() == {"pairs": 1}
        act = tell_apart(LookalikePair.objects.get())
        look_through(host, None)
        assert shown() == {}
        assert LookalikePair.objects.get().answer == "different"
        undo_act(act)
        assert shown() == {"pairs": 1}

    def test_a_merged_pair_drops_out_and_comes_back_undone(self, host):
        first, second = member(0), member(0, first=10)
        look_through(host, None)
        act = merge_people(first, second)
        assert shown() == {}
        look_through(host, None)
        assert shown() == {}
        undo_act(act)
        look_through(host, None)
        assert shown() == {"pairs": 1}

    def test_somebody_told_apart_from_one_entry_stays_apart_from_the_merged_one(self, host):
        first, second, twin = member(0), member(0, first=10), member(0, first=15)
        look_through(host, None)
        for pair in LookalikePair.objects.all():
            if twin.pk in {pair.first_id, pair.second_id} and first.pk in {
                pair.first_id,
                pair.second_id,
            }:
                tell_apart(pair)
        merge_people(first, second)
        look_through(host, None)
        assert shown() == {}


def test_one_look_at_a_time_and_a_cancelled_one_writes_nothing(host, sent_tasks):
    first, again = ask_for_scan(), ask_for_scan()
    assert first == again
    Job.objects.filter(pk=first.pk).update(state=Job.State.CANCELLED)
    look_through(host, first.pk)
    assert not Scan.objects.exists()


def test_people_who_are_not_in_use_are_not_looked_at(host):
    ada = enrolled_person(0)
    enrolled_person(0)
    suspend_person(ada)
    look_through(host, None)
    assert not LookalikePair.objects.exists()
    assert kinds(ada) == []


def test_an_empty_gallery_is_looked_at_without_complaint(host):
    look_through(host, None)
    assert Scan.objects.get().people == 0
