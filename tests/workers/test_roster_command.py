"""``manage.py import_roster``: the same import from the command line."""

from __future__ import annotations

import json
import time

import pytest
from django.core.management import CommandError, call_command

from portal.audit.models import AuditEntry
from portal.core import events
from portal.core.commands import acting_as_command
from portal.core.context import SYSTEM, acting_as

# The function itself: every test here has another in its place.
from portal.core.events import GalleryChanged, publish
from portal.jobs.models import Job
from portal.people.models import FaceImage, Person
from portal.roster.models import RosterImport, RosterPart
from recognition.errors import WeightsError
from tests.factories.faces import face_of
from tests.factories.pictures import fresh_jpeg
from tests.factories.roster import csv_file, zip_file
from workers.engine_host import EngineHost

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _built(host, monkeypatch):
    monkeypatch.setattr(EngineHost, "build", classmethod(lambda cls, owner: host))


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "staff.csv"
    path.write_bytes(
        csv_file("Code,Name,Consent", "1001,Ada Okafor,yes", "1002,Bo Ek,no", ",Nobody,yes")
    )
    return str(path)


@pytest.fixture
def pictures(engine):
    return {
        "1001.jpg": engine.shows(fresh_jpeg(), face_of(1)),
        "1002.jpg": engine.shows(fresh_jpeg(), face_of(2)),
        "nobody.jpg": engine.shows(fresh_jpeg(), face_of(3)),
    }


@pytest.fixture(params=["zip", "folder"])
def photos(request, tmp_path, pictures):
    if request.param == "zip":
        path = tmp_path / "photos.zip"
        path.write_bytes(zip_file(pictures))
    else:
        path = tmp_path / "photos"
        path.mkdir()
        for name, data in pictures.items():
            (path / name).write_bytes(data)
    return str(path)


def test_people_and_photos_come_in_and_everything_else_says_why(sheet, photos, capsys):
    call_command("import_roster", sheet, "--photos", photos)
    said = capsys.readouterr().out
    assert "2 new, 0 changed, 0 unchanged, 1 refused; 1 photos added" in said
    assert "line 4 (): There is no code." in said
    assert "line 3 (1002): 1002.jpg: there is no consent" in said
    assert "nobody.jpg: no line has such a code" in said
    assert [i.person.code for i in FaceImage.objects.all()] == ["1001"]
    job = Job.objects.get()
    assert (job.state, job.done, job.failed) == ("done", 2, 0)
    assert {entry.actor_id for entry in AuditEntry.objects.all()} == {"import_roster"}
    assert not RosterPart.objects.exists()


def test_a_second_time_changes_nothing(sheet, photos, capsys):
    call_command("import_roster", sheet, "--photos", photos)
    capsys.readouterr()
    call_command("import_roster", sheet, "--photos", photos)
    said = capsys.readouterr().out
    assert "0 new, 0 changed, 2 unchanged, 1 refused; 0 photos added" in said
    assert "Nothing was to be changed" in said


def test_a_dry_run_leaves_no_trace(sheet, photos, capsys):
    call_command("import_roster", sheet, "--photos", photos, "--dry-run")
    assert "2 would be new" in capsys.readouterr().out
    assert not Person.objects.exists()
    assert not RosterImport.objects.exists()
    assert not Job.objects.exists()


def test_the_report_as_json(sheet, photos, capsys):
    call_command("import_roster", sheet, "--photos", photos, "--json")
    said = json.loads(capsys.readouterr().out)
    assert (said["state"], said["new"], said["refused"]) == ("applied", 2, 1)
    assert [row["outcome"] for row in said["rows"]] == ["new", "new", "refused"]
    assert said["rows"][0]["photos"] == [{"name": "1001.jpg", "verdict": "used", "reason": ""}]
    assert said["unclaimed"][0]["name"] == "nobody.jpg"


def test_columns_are_named_where_their_headings_say_nothing(tmp_path, capsys):
    path = tmp_path / "odd.csv"
    path.write_bytes(csv_file("Kenn,Wer,Gruppe", "1,Ada,7b"))
    with pytest.raises(CommandError, match="holds the code"):
        call_command("import_roster", str(path))
    assert not RosterImport.objects.exists()
    call_command(
        "import_roster", str(path), "--mapping", "Kenn=code", "wer=name", "Gruppe=department"
    )
    assert str(Person.objects.get(code="1").department) == "7b"
    call_command("import_roster", str(path))
    assert "1 unchanged" in capsys.readouterr().out, "the columns were remembered"


@pytest.mark.parametrize("pair", ["code", "Shoes=code", "Kenn=salary"])
def test_a_column_that_is_not_there_is_said_with_those_that_are(tmp_path, pair):
    path = tmp_path / "odd.csv"
    path.write_bytes(csv_file("Kenn,Wer", "1,Ada"))
    with pytest.raises(CommandError, match="headings are: Kenn, Wer"):
        call_command("import_roster", str(path), "--mapping", pair)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("gone.csv", None, "No such file"),
        ("staff.csv", b"\xff\xd8\xff\xe0\0", "bytes that are no text"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, name, data, words):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(CommandError, match=words):
        call_command("import_roster", str(tmp_path / name))
    assert not RosterImport.objects.exists()


def test_an_engine_that_does_not_start_leaves_nothing_behind(sheet, photos, monkeypatch):
    def refuse(cls: type, owner: str) -> EngineHost:
        raise WeightsError("The weights are not those of the manifest.")

    monkeypatch.setattr(EngineHost, "build", classmethod(refuse))
    with pytest.raises(CommandError, match="not those of the manifest"):
        call_command("import_roster", sheet, "--photos", photos)
    assert not Person.objects.exists()
    assert not RosterImport.objects.exists()


def test_an_interruption_keeps_whole_people_and_can_be_undone(sheet, monkeypatch):
    from workers import roster as module

    real = module.apply_row
    calls = []

    def interrupted(*args, **more):
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        return real(*args, **more)

    monkeypatch.setattr(module, "apply_row", interrupted)
    with pytest.raises(CommandError, match="run it again for the rest"):
        call_command("import_roster", sheet)
    assert [p.code for p in Person.objects.all()] == ["1001"]
    roster = RosterImport.objects.get()
    assert (roster.state, roster.act is not None) == ("stopped", True)


def test_a_broker_that_is_away_is_not_waited_for_with_every_person(monkeypatch):
    asked = []

    class Away:
        def run(self, group: str, message: object) -> None:
            asked.append(group)
            raise ConnectionError("no broker")

    monkeypatch.setattr(events, "_loop", Away)
    monkeypatch.setattr(events, "_away_until", 0.0)
    longest_s = {}
    for actor in (acting_as(SYSTEM), acting_as_command("import_roster")):
        with actor:
            for _ in range(3):
                publish("people", GalleryChanged(type="gallery.changed", revision=1))
        longest_s[len(asked)] = round(events._away_until - time.monotonic())
        monkeypatch.setattr(events, "_away_until", 0.0)
    assert longest_s == {1: 5, 2: 60}, "a running system tries again soon: the broker comes back"
