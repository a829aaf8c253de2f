"""Another model in a running system: its worker killed at work, and the change under load."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.sender import send_all
from bench.support import Browser, rows_of
from tests.e2e.cast import ADA, BRUNO, CHLOE, THRESHOLD, photo
from tests.integration.gatehouse import PROJECT, Gatehouse, system_environment
from tests.recognition.made_models import DIMENSION, made_pack

pytestmark = pytest.mark.integration

PAGE = "/calibration/model/"
MEMBERS = (ADA, BRUNO, CHLOE)
# With so many photos the worker dies with most of them still to do.
COPIES = 400
SNAPSHOTS = 180
NEW_THRESHOLD = "0.93"

# The same photo again and again, as if somebody had enrolled hundreds.
COPY = """
import secrets
from portal.people.models import FaceImage, FaceTemplate
image = FaceImage.objects.select_related("person").first()
template = image.templates.get()
for _ in range({copies}):
    image.pk = template.pk = None
    image.photo_sha256 = secrets.token_hex(32)
    image.save(force_insert=True)
    template.image = image
    template.save(force_insert=True)
"""


def manage(system: Gatehouse, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env=system_environment(
            {"GATEHOUSE_DATA_DIR": str(system.data_dir), "GATEHOUSE_THRESHOLD": THRESHOLD}
        ),
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def enrol(system: Gatehouse, folder: Path) -> None:
    for member in MEMBERS:
        (folder / member.name).mkdir(parents=True)
        (folder / member.name / "0.jpg").write_bytes(photo(member, 0))
    manage(system, "enrol_folder", str(folder))


def test_a_model_is_prepared_used_and_left_while_people_pass(
    make_gatehouse: Callable[..., Gatehouse], tmp_path: Path
) -> None:
    system = make_gatehouse(GATEHOUSE_THRESHOLD=THRESHOLD).start()
    enrol(system, tmp_path / "people")
    manage(system, "shell", "-c", COPY.format(copies=COPIES))
    pack = made_pack(tmp_path / "made.onnx")
    manage(system, "models", "add", str(pack), "--id", "made", "--licence", "mine",
           "--channel-order", "rgb")  # fmt: skip
    browser = Browser(system)
    system.until(
        lambda: "made" in engine_of(system), within_s=30, what="the worker's report of the model"
    )

    # Prepared, though the worker is killed in the middle of it.
    browser.press(f"{PAGE}prepare/", on=PAGE, fields={"model": "made"})
    system.until(lambda: new_templates(system) > 0, within_s=60, what="the first templates")
    killed = system.pid_of("recognition@")
    for pid in [pid for pid, command in system.processes().items() if "recognition@" in command]:
        os.kill(pid, signal.SIGKILL)
    at_death = new_templates(system)
    photos = COPIES + len(MEMBERS)
    assert at_death < photos, "it was killed at work"
    system.until(lambda: state_of(system) == "shadow", within_s=120, what="the end of it")
    assert system.pid_of("recognition@") != killed
    assert rows_of(system, "SELECT photos, embedded, failed FROM calibration_modelswitch") == [
        (photos, photos, 0)
    ]
    assert rows_of(
        system, "SELECT state, total, done, failed FROM jobs_job WHERE kind='calibration.reembed'"
    ) == [("done", photos, photos, 0)]
    old_templates = photos
    assert templates(system) == old_templates + photos, "and every old vector is there"

    switch = str(rows_of(system, "SELECT id FROM calibration_modelswitch")[0][0])
    switch = f"{switch[:8]}-{switch[8:12]}-{switch[12:16]}-{switch[16:20]}-{switch[20:]}"
    browser.press(
        f"{PAGE}{switch}/threshold/",
        on=PAGE,
        fields={"threshold": NEW_THRESHOLD, "reason": "Said by its maker", "seen": "shipped"},
    )

    # Used, and left again, while pictures come.
    target = browser.make_camera("Gate")
    picture = photo(ADA, 0)
    pictures = [picture + number.to_bytes(2, "big") for number in range(SNAPSHOTS)]
    keys = [secrets.token_hex(8) for _ in pictures]
    sent: list[object] = []
    sender = threading.Thread(
        target=lambda: sent.extend(send_all(target, pictures, keys=keys, senders=2))
    )
    sender.start()
    system.until(lambda: answered(system) >= SNAPSHOTS // 6, within_s=60, what="the first third")
    browser.press(f"{PAGE}{switch}/use/", on=PAGE)
    system.until(lambda: answered(system, "made") >= 20, within_s=60, what="the new model's")
    browser.press(f"{PAGE}{switch}/back/", on=PAGE)
    back_at = time.monotonic()
    sender.join(timeout=120)
    assert not sender.is_alive(), "pictures were refused"
    more = [picture + b"after" + bytes([number]) for number in range(3)]
    send_all(target, more, keys=["after 0", "after 1", "after 2"], senders=1)
    everything = SNAPSHOTS + len(more)
    system.until(lambda: answered(system) == everything, within_s=120, what="every answer")
    assert time.monotonic() - back_at < 120

    assert rows_of(system, "SELECT count(*) FROM sightings_recognition") == [(everything,)]
    assert rows_of(system, "SELECT count(*) FROM sightings_recognition WHERE face_count != 1") == [
        (0,)
    ]
    # Each was decided wholly by the one or wholly by the other: space and threshold go together,
    # and the same picture has one score in each.
    found = rows_of(
        system,
        "SELECT s.model_id, round(r.threshold, 3), min(f.score), max(f.score), count(*) "
        "FROM sightings_recognition r JOIN engines_space s ON s.id = r.space_id "
        "JOIN sightings_recognisedface f ON f.recognition_id = r.id GROUP BY 1, 2 ORDER BY 1",
    )
    assert [(row[0], row[1]) for row in found] == [
        ("made", float(NEW_THRESHOLD)),
        ("sface-2021dec", float(THRESHOLD)),
    ]
    for row in found:
        assert float(str(row[3])) - float(str(row[2])) < 0.02, row
    newest = rows_of(
        system,
        "SELECT s.model_id FROM sightings_recognition r JOIN engines_space s "
        "ON s.id = r.space_id ORDER BY r.id DESC LIMIT 1",
    )
    assert newest == [("sface-2021dec",)], "the former model decides again"
    assert state_of(system) == "rolled_back"
    assert system.stop() == 0


def engine_of(system: Gatehouse) -> str:
    found = rows_of(system, "SELECT engine FROM engines_workerreport WHERE role = 'recognition'")
    return str(found[0][0]) if found else ""


def templates(system: Gatehouse) -> int:
    return int(str(rows_of(system, "SELECT count(*) FROM people_facetemplate")[0][0]))


def new_templates(system: Gatehouse) -> int:
    found = rows_of(
        system,
        "SELECT count(*) FROM people_facetemplate t JOIN engines_space s ON s.id = t.space_id "
        "WHERE s.dimension = ?",
        DIMENSION,
    )
    return int(str(found[0][0]))


def state_of(system: Gatehouse) -> object:
    return rows_of(system, "SELECT state FROM calibration_modelswitch")[0][0]


def answered(system: Gatehouse, model: str = "%") -> int:
    found = rows_of(
        system,
        "SELECT count(*) FROM sightings_recognition r JOIN engines_space s ON s.id = r.space_id "
        "WHERE r.state = 'done' AND s.model_id LIKE ?",
        model,
    )
    return int(str(found[0][0]))
