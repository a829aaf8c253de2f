"""The nightly purge as a task, and the progress bar of the commands."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from portal.core.vault import vault
from portal.enrolment.models import Enrolment
from portal.jobs.models import Job
from portal.sightings.models import Recognition
from tests.factories import (
    EnrolmentFaceFactory,
    RecognisedFaceFactory,
    RecognitionFactory,
    enrolled_person,
)
from workers.progress import ProgressBar
from workers.tasks.maintenance import expire, purge


@pytest.mark.django_db
def test_the_purge_is_a_job_that_says_what_it_deleted(
    settings, data_dir, vault_files, django_capture_on_commit_callbacks
):
    settings.PICTURE_RETENTION_DAYS = 2
    long_ago = timezone.now() - timedelta(days=5)
    RecognisedFaceFactory()
    EnrolmentFaceFactory()
    Recognition.objects.update(created_at=long_ago)
    Enrolment.objects.update(created_at=long_ago)
    kept = RecognitionFactory()
    person = enrolled_person()
    orphan = vault().put("crops", b"nobody's")
    fresh = vault().put("crops", b"its row is about to come")
    aged = (datetime.now(UTC) - timedelta(days=5)).timestamp()
    for key in vault_files.blobs() - {fresh}:
        os.utime(data_dir / "media" / key, (aged, aged))
    with django_capture_on_commit_callbacks(execute=True):
        purge()
    job = Job.objects.get()
    assert (job.kind, job.state) == (Job.Kind.PURGE, Job.State.DONE)
    assert "1 unfinished enrolment, 1 picture, 1 crop, 1 result." in job.message
    image = person.images.get()
    assert vault_files.blobs() == {
        kept.picture_key,
        image.portrait_key,
        image.aligned_key,
        fresh,
    }
    assert orphan not in vault_files.blobs()


@pytest.mark.django_db
def test_the_minutely_task_ends_consents_whose_term_is_over(data_dir):
    person = enrolled_person()
    person.consents.update(expires_at=timezone.now())
    expire()
    assert not person.templates.exists()
    assert not person.images.exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_bar_grows_and_remarks_stand_above_it():
    stream = Terminal()
    bar = ProgressBar(2, stream=stream, label="photos")
    bar.advance()
    bar.say("one was not used")
    bar.advance()
    bar.close()
    text = stream.getvalue()
    assert "1/2 photos" in text
    assert "one was not used\n" in text
    assert text.endswith("\n")
    assert f"{'█' * 32} 2/2 photos" in text


def test_elsewhere_only_the_remarks_are_written():
    stream = io.StringIO()
    bar = ProgressBar(0, stream=stream, label="photos")
    bar.advance()
    bar.say("one was not used")
    bar.close()
    assert stream.getvalue() == "one was not used\n"
