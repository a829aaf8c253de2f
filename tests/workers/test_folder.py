"""Enrolling a folder-per-person tree: the layout, the reasons, the repetition."""

from __future__ import annotations

import pytest

from portal.core.errors import DomainError
from portal.people.models import FaceImage, Person
from portal.people.selectors import gallery_members
from portal.people.services import erase_person, suspend_person
from tests.factories import enrolled_person
from tests.factories.faces import SPACE, face_of, quality
from tests.factories.pictures import fresh_jpeg
from workers.folder import FolderReport, PhotoOutcome, enrol_folder, folders_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree(tmp_path, engine):
    """A folder to fill: ``tree.add("Ada/1.jpg", face, …)``."""

    class Tree:
        root = tmp_path / "people"

        def add(self, name: str, *faces, data: bytes | None = None) -> bytes:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            content = engine.shows(fresh_jpeg(), *faces) if data is None else data
            path.write_bytes(content)
            return content

    return Tree()


def enrol(host, tree) -> tuple[FolderReport, dict[str, str]]:
    """The report, and per file what was said about it (“used” where nothing was)."""
    said: dict[str, str] = {}

    def hear(code: str, outcomes: list[PhotoOutcome]) -> bool:
        for outcome in outcomes:
            words = outcome.reason or ("used" if outcome.is_used else "")
            said[f"{code}/{outcome.path.name}"] = words
        return True

    report = enrol_folder(host, folders_of(tree.root), basis="contract", on_person=hear)
    return report, said


class TestLayout:
    def test_one_folder_a_person_sorted_and_without_what_is_hidden(self, tree):
        for name in ("Bob/2.JPG", "Bob/10.png", "Ada/1.heic", ".git/1.jpg", "_old/1.jpg"):
            tree.add(name, data=b"x")
        tree.add("Ada/notes.txt", data=b"x")
        tree.add("loose.jpg", data=b"x")
        (tree.root / "Nobody").mkdir()
        found = [(code, [p.name for p in paths]) for code, paths in folders_of(tree.root)]
        assert found == [("Ada", ["1.heic"]), ("Bob", ["10.png", "2.JPG"]), ("Nobody", [])]

    @pytest.mark.parametrize(
        ("prepare", "code"),
        [
            (lambda t: None, "folder.missing"),
            (lambda t: t.add("1.jpg", data=b"x"), "folder.layout"),
            (lambda t: t.add("Ada/notes.txt", data=b"x"), "folder.layout"),
        ],
    )
    def test_another_layout_is_told_what_is_expected(self, tree, prepare, code):
        prepare(tree)
        with pytest.raises(DomainError) as refused:
            folders_of(tree.root)
        assert refused.value.code == code


def test_people_are_enrolled_with_name_code_and_basis(host, tree):
    tree.add("Ada_Lovelace/1.jpg", face_of(1))
    tree.add("Ada_Lovelace/2.jpg", face_of(1))
    tree.add("Bob/1.jpg", face_of(2))
    report, said = enrol(host, tree)
    assert (report.people_new, report.photos_used, report.photos_skipped) == (2, 3, 0)
    assert set(said.values()) == {"used"}
    ada = Person.objects.get(code="Ada_Lovelace")
    assert (ada.name, ada.consents.get().basis) == ("Ada Lovelace", "contract")
    assert {i.source for i in FaceImage.objects.all()} == {"folder"}
    assert sorted(len(ids) for ids in gallery_members(SPACE.id).values()) == [1, 2]


def test_every_photo_that_is_not_used_says_why(host, tree):
    enrolled_person(9, name="Bob")
    tree.add("Ada/1_good.jpg", face_of(1))
    tree.add("Ada/2_empty.jpg")
    tree.add("Ada/3_broken.jpg", data=b"no picture")
    tree.add("Ada/4_poor.jpg", face_of(1, measured=quality(sharpness=1.0)))
    tree.add("Ada/5_bob.jpg", face_of(9))
    tree.add("Ada/6_group.jpg", face_of(1), face_of(5))
    (tree.root / "Ada/7_same.jpg").write_bytes((tree.root / "Ada/1_good.jpg").read_bytes())
    report, said = enrol(host, tree)
    assert (report.photos_used, report.photos_skipped) == (2, 5)
    assert said["Ada/2_empty.jpg"] == "no face found"
    assert said["Ada/3_broken.jpg"] == "This file is not a readable picture."
    assert "blurred" in said["Ada/4_poor.jpg"]
    assert said["Ada/5_bob.jpg"].startswith("this face is Bob already")
    assert said["Ada/6_group.jpg"] == "the main one of 2 faces was taken"
    assert said["Ada/7_same.jpg"] == "is enrolled already"
    assert FaceImage.objects.filter(person__code="Ada").count() == 2


def test_a_photo_that_is_not_used_leaves_nothing_in_the_vault(host, tree, vault_files):
    tree.add("Ada/1.jpg", face_of(1, measured=quality(sharpness=1.0)))
    report, _ = enrol(host, tree)
    assert report.people_without_photo == ["Ada"]
    assert vault_files.blobs() == set()
    assert not Person.objects.exists()


def test_a_repetition_adds_only_what_is_new(host, tree, engine):
    tree.add("Ada/1.jpg", face_of(1))
    enrol(host, tree)
    passes = len(engine.batches)
    report, said = enrol(host, tree)
    assert (report.people_new, report.people_known, report.photos_used) == (0, 1, 0)
    assert said == {"Ada/1.jpg": "is enrolled already"}
    assert len(engine.batches) == passes, "nothing is computed again"
    tree.add("Ada/2.jpg", face_of(1))
    report, _ = enrol(host, tree)
    assert (report.people_known, report.photos_used) == (1, 1)
    assert FaceImage.objects.count() == 2
    assert Person.objects.count() == 1


def test_the_face_of_an_earlier_folder_is_not_enrolled_twice(host, tree):
    tree.add("Ada/1.jpg", face_of(1))
    tree.add("Zoe/1.jpg", face_of(1))
    report, said = enrol(host, tree)
    assert report.people_without_photo == ["Zoe"]
    assert "is Ada already" in said["Zoe/1.jpg"]


def test_an_erased_person_is_not_brought_back(host, tree, vault_files):
    tree.add("Ada/1.jpg", face_of(1))
    enrol(host, tree)
    ada = Person.objects.get()
    erase_person(ada)
    tree.add("Bob/1.jpg", face_of(2))
    report, said = enrol(host, tree)
    ada.refresh_from_db()
    assert said["Ada/1.jpg"] == "this person was erased"
    assert (ada.status, ada.images.count(), ada.templates.count()) == ("erased", 0, 0)
    assert not ada.consents.filter(withdrawn_at=None).exists()
    assert report.photos_used == 1, "the others are enrolled all the same"


def test_a_suspended_person_stays_suspended(host, tree):
    tree.add("Ada/1.jpg", face_of(1))
    enrol(host, tree)
    suspend_person(Person.objects.get())
    tree.add("Ada/2.jpg", face_of(1))
    enrol(host, tree)
    assert Person.objects.get().status == "suspended"
    assert gallery_members(SPACE.id) == {}


def test_stopping_leaves_whole_people_behind(host, tree):
    for code in ("Ada", "Bob", "Cy"):
        tree.add(f"{code}/1.jpg", face_of(ord(code[0])))
    enrol_folder(
        host, folders_of(tree.root), basis="consent", on_person=lambda code, _: code != "Bob"
    )
    assert set(Person.objects.values_list("code", flat=True)) == {"Ada", "Bob"}
