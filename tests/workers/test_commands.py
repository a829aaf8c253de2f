"""``manage.py enrol_folder`` and ``manage.py recognise``: what they print, store and return."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from portal.audit.models import AuditEntry
from portal.jobs.models import Job
from portal.jobs.services import finish_job
from portal.people.models import Person
from portal.sightings.models import Recognition
from recognition.errors import WeightsError
from tests.factories import enrolled_person
from tests.factories.faces import SPACE, face_of
from tests.factories.pictures import fresh_jpeg
from workers.engine_host import EngineHost

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _built(host, monkeypatch):
    monkeypatch.setattr(EngineHost, "build", classmethod(lambda cls, owner: host))


@pytest.fixture
def photo(tmp_path, engine):
    def make(name: str, *faces) -> str:
        path = tmp_path / "people" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(engine.shows(fresh_jpeg(), *faces))
        return str(path)

    return make


def test_enrolling_a_folder_is_a_job_with_a_line_for_every_photo_not_used(photo, tmp_path, capsys):
    photo("Ada/1.jpg", face_of(1))
    photo("Ada/2.jpg")
    photo("Bob/1.jpg")
    call_command("enrol_folder", str(tmp_path / "people"), "--basis", "legal")
    said = capsys.readouterr()
    assert "1 people enrolled, 0 known before, 1 photos used, 2 not used." in said.out
    assert "Without a usable photo: Bob" in said.out
    assert "Ada/2.jpg: not used, no face found" in said.err
    job = Job.objects.get()
    assert (job.state, job.done, job.failed) == (Job.State.DONE, 1, 2)
    assert [line.text for line in job.lines.all()] == [
        "Ada/2.jpg: not used, no face found",
        "Bob/1.jpg: not used, no face found",
    ]
    assert Person.objects.get().consents.get().basis == "legal"
    assert {entry.actor_id for entry in AuditEntry.objects.all()} == {"enrol_folder"}


def test_a_job_that_is_cancelled_stops_after_the_person_in_hand(photo, tmp_path, monkeypatch):
    from workers.management.commands import enrol_folder as module

    for code in ("Ada", "Bob", "Cy"):
        photo(f"{code}/1.jpg", face_of(ord(code[0])))
    real = module.advance_job

    def cancelled_by_somebody(job_id, **counts):
        if not Job.objects.get(pk=job_id).is_finished:
            finish_job(job_id, state=Job.State.CANCELLED)
        return real(job_id, **counts)

    monkeypatch.setattr(module, "advance_job", cancelled_by_somebody)
    call_command("enrol_folder", str(tmp_path / "people"))
    assert [person.code for person in Person.objects.all()] == ["Ada"]
    assert Job.objects.get().state == Job.State.CANCELLED


def test_a_folder_of_another_layout_starts_nothing(tmp_path):
    with pytest.raises(CommandError, match="not a folder"):
        call_command("enrol_folder", str(tmp_path / "nowhere"))
    assert not Job.objects.exists()


@pytest.mark.parametrize("command", ["enrol_folder", "recognise"])
def test_an_engine_that_does_not_start_is_said_in_one_line(command, photo, tmp_path, monkeypatch):
    path = photo("Ada/1.jpg", face_of(1))

    def refuse(cls: type, owner: str) -> EngineHost:
        raise WeightsError("The weights are not those of the manifest.")

    monkeypatch.setattr(EngineHost, "build", classmethod(refuse))
    argument = str(tmp_path / "people") if command == "enrol_folder" else path
    with pytest.raises(CommandError, match="not those of the manifest"):
        call_command(command, argument)


def test_recognising_prints_one_line_a_face_and_stores_nothing(photo, capsys, vault_files):
    ada = enrolled_person(1, name="Ada", code="17")
    before = vault_files.blobs()
    path = photo("x/1.jpg", face_of(1), face_of(30))
    call_command("recognise", path)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    who = {"id": str(ada.pk), "code": "17", "name": "Ada"}
    assert (first["face"], first["decision"], first["person"]) == (0, "match", who)
    assert first["candidates"] == [{"person": who, "score": 1.0}]
    assert first["embedding_space"] == SPACE.id
    assert (second["face"], second["decision"], second["person"]) == (1, "unknown", None)
    assert not Recognition.objects.exists()
    assert vault_files.blobs() == before
    assert "embedding" not in {key for key in first if key != "embedding_space"}


def test_a_file_that_is_no_picture_gets_a_line_of_its_own(photo, tmp_path, capsys):
    good = photo("x/1.jpg", face_of(1))
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    with pytest.raises(CommandError, match="2 of 3 files"):
        call_command("recognise", str(bad), str(tmp_path / "nowhere.jpg"), good)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    codes = {line["error"]["code"] for line in lines if "error" in line}
    assert codes == {"file.unreadable", "image.not_an_image"}
    assert [line["decision"] for line in lines if "decision" in line] == ["unknown"]
