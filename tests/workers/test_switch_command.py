"""``manage.py switch_model`` and ``manage.py models``: what an operator sees, and the exit code."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from portal.calibration.models import ModelSwitch
from portal.calibration.services.switch import start_switch
from portal.core.vault import vault
from portal.engines.models import SpaceAdoption
from portal.engines.selectors import active_space
from portal.people.models import FaceTemplate
from tests.factories.faces import SPACE
from tests.factories.second_model import OTHER_SPACE
from tests.workers.test_model_switch import NEW, enrolled, other, threshold_for_new
from workers.management.commands import models, switch_model

__all__ = ["other"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model's file is there; what is done with it is the engine's tests'."""
    monkeypatch.setattr(switch_model, "find_model", lambda *args, **named: None)


def run(*words: str) -> None:
    call_command("switch_model", NEW, *words)


def test_it_prepares_and_stops_before_the_change(other, capsys):
    enrolled(1)
    enrolled(2)
    run("--only-prepare")
    assert ModelSwitch.objects.get().state == "shadow"
    said = capsys.readouterr().out
    assert "2 of 2 photos have a template of other-model." in said
    assert "is in shadow" in said
    assert active_space().pk == SPACE.id


def test_it_goes_on_where_it_was_stopped_and_changes_over(other, capsys):
    enrolled(1)
    run("--only-prepare")
    threshold_for_new()
    embedded = other.embedded
    run()
    assert other.embedded == embedded
    assert active_space().pk == OTHER_SPACE.id
    assert "recognises from now on" in capsys.readouterr().out


def test_it_takes_over_what_the_page_began(other):
    enrolled(1)
    start_switch(NEW, known=True)
    run("--only-prepare")
    assert ModelSwitch.objects.get().state == "shadow"


def test_without_a_threshold_it_does_not_change_over(other):
    enrolled(1)
    with pytest.raises(CommandError, match="No threshold was measured"):
        run()
    assert not SpaceAdoption.objects.exists()


def test_a_photo_that_cannot_be_used_is_named_nothing_changes_and_the_exit_code_is_1(other, capsys):
    enrolled(1)
    lost = enrolled(2, code="C-77", name="Grace Hopper")
    vault().delete_all([lost.images.get().aligned_key])
    with pytest.raises(
        CommandError, match="1 photos could not be embedded, and 1 people"
    ) as failed:
        run("--only-prepare")
    assert failed.value.returncode == 1
    said = capsys.readouterr().err
    assert "C-77 Grace Hopper, photo" in said
    assert "C-77 Grace Hopper would not be recognised." in said
    assert FaceTemplate.objects.filter(space=SPACE.id).count() == 2, "the old vectors stay"
    assert active_space().pk == SPACE.id


def test_whoever_says_how_many_may_be_left_out_goes_on(other):
    enrolled(1)
    lost = enrolled(2)
    vault().delete_all([lost.images.get().aligned_key])
    run("--only-prepare", "--leave-out", "1")
    threshold_for_new()
    run("--leave-out", "1")
    assert active_space().pk == OTHER_SPACE.id


def test_another_switch_that_goes_on_is_not_disturbed(other):
    start_switch("third", known=True)
    with pytest.raises(CommandError, match="third is being prepared already"):
        run()


def test_a_model_that_cannot_be_loaded_is_said_and_leaves_everything(other, monkeypatch):
    enrolled(1)
    with pytest.raises(CommandError, match="No embedding model is called 'gone'"):
        call_command("switch_model", "gone")
    assert ModelSwitch.objects.get().state == "failed"
    assert active_space().pk == SPACE.id


class TestModels:
    def test_the_words_go_to_the_engine_with_the_folders_of_this_installation(
        self, monkeypatch, data_dir
    ):
        asked: list[list[str]] = []
        monkeypatch.setattr(models, "main", lambda words: asked.append(list(words)) or 3)
        with pytest.raises(SystemExit) as ended:
            models.Command().run_from_argv(["manage.py", "models", "list", "--json"])
        assert ended.value.code == 3
        assert asked == [
            ["models", "--models-dir", str(data_dir / "packs"),
             "--cache-dir", str(data_dir / "models"), "list", "--json"]
        ]  # fmt: skip

    def test_a_model_that_is_needed_is_not_removed(self, other, monkeypatch, capsys):
        monkeypatch.setattr(models, "main", lambda words: 0)
        start_switch(NEW, known=True)
        with pytest.raises(SystemExit) as ended:
            models.Command().run_from_argv(["manage.py", "models", "remove", NEW])
        assert ended.value.code == 1
        assert "being prepared" in capsys.readouterr().err
        with pytest.raises(SystemExit) as ended:
            models.Command().run_from_argv(["manage.py", "models", "remove", "third"])
        assert ended.value.code == 0
