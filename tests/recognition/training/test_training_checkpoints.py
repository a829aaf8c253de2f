"""Checkpoints: whole or not there, three at most, and never taken for another training's."""

import errno
import json
import os

import pytest
import torch
from made_training import MadePeople, settings
from safetensors.torch import save_file

from recognition import whole_files
from recognition.training.checkpoints import (
    Checkpoint,
    load_checkpoint,
    newest_checkpoint,
    save_checkpoint,
)
from recognition.training.errors import TrainingError
from recognition.training.softmax import train_softmax
from recognition.training.sources import split_source

pytestmark = pytest.mark.usefixtures("one_torch_thread", "without_curves")
IDENTITY = {"network": "dummy", "people": 4, "head": (1, 2)}
TENSORS = {
    "objective.weight": torch.arange(6.0).reshape(2, 3),
    "objective.count": torch.tensor(7),
    "random.cpu": torch.get_rng_state(),
    "half": torch.ones(3, dtype=torch.bfloat16),
    "empty": torch.empty(0, 4),
}


def saved(folder, step=1, tensors=TENSORS):
    return save_checkpoint(Checkpoint(IDENTITY, {"step": step}, tensors), folder, step=step)


def test_everything_comes_back_as_it_was(tmp_path):
    found = load_checkpoint(saved(tmp_path), identity=IDENTITY)
    assert found.state == {"step": 1}
    assert found.tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert found.tensors[name].dtype == tensor.dtype
        assert torch.equal(found.tensors[name], tensor)


def test_the_three_newest_are_kept(tmp_path):
    assert newest_checkpoint(tmp_path / "none") is None
    for step in (1, 2, 10, 100, 99):
        saved(tmp_path, step)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"checkpoint-{step:09d}.safetensors" for step in (10, 99, 100)]
    assert newest_checkpoint(tmp_path).name == "checkpoint-000000100.safetensors"


def test_the_file_holds_no_pickle_and_is_its_owners_alone(tmp_path):
    path = saved(tmp_path)
    content = path.read_bytes()
    assert content[8:9] == b"{"  # safetensors: a length, then JSON
    assert content[:4] != b"PK\x03\x04"
    assert b"torch._utils" not in content
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("kept", [0, 4, 100, 0.5, 0.99])
def test_half_a_file_is_refused_and_named(tmp_path, kept):
    path = saved(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(TrainingError, match="is no whole checkpoint") as caught:
        load_checkpoint(path, identity=IDENTITY)
    assert caught.value.code == "training.checkpoint"
    assert str(path) in caught.value.message


@pytest.mark.parametrize("where", ["weights", "metadata"])
def test_a_byte_that_changed_is_noticed(tmp_path, where):
    path = saved(tmp_path)
    content = bytearray(path.read_bytes())
    at = len(content) - 5 if where == "weights" else content.index(b"gatehouse-training") - 30
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(TrainingError):
        load_checkpoint(path, identity=IDENTITY)


def test_a_file_that_is_missing_or_of_another_kind_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="cannot be read"):
        load_checkpoint(tmp_path / "none.safetensors", identity=IDENTITY)
    other = tmp_path / "network.safetensors"
    save_file({"a": torch.ones(1)}, other)
    with pytest.raises(TrainingError, match="expected the format gatehouse-training-1"):
        load_checkpoint(other, identity=IDENTITY)


def test_another_trainings_checkpoint_is_refused_with_what_differs(tmp_path):
    path = saved(tmp_path)
    with pytest.raises(TrainingError) as caught:
        load_checkpoint(path, identity={**IDENTITY, "network": "nn2", "people": 5})
    assert caught.value.code == "training.other_checkpoint"
    assert "network is 'dummy' there and 'nn2' here" in caught.value.message
    assert "people is 4 there and 5 here" in caught.value.message


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "training.disk_full"),
        (errno.EDQUOT, "training.disk_full"),
        (errno.EROFS, "training.unwritable"),
    ],
)
def test_a_full_disk_is_an_error_and_costs_no_older_checkpoint(tmp_path, monkeypatch, number, code):
    saved(tmp_path, 1)

    def fail(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(whole_files.os, "fsync", fail)
    with pytest.raises(TrainingError, match="The checkpoints before it are") as caught:
        saved(tmp_path, 2)
    monkeypatch.undo()
    assert caught.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-000000001.safetensors"]
    load_checkpoint(newest_checkpoint(tmp_path), identity=IDENTITY)


def quiet(words):
    pass


def test_a_training_on_a_full_disk_ends_with_a_word_and_resumes_when_there_is_room(
    tmp_path, monkeypatch
):
    source = MadePeople(3, 4)
    whole = train_softmax(source, settings(tmp_path / "whole", epochs=4), say=quiet)
    written = []
    real = whole_files.os.fsync

    def full_later(descriptor):
        written.append(descriptor)
        if len(written) > 12:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(whole_files.os, "fsync", full_later)
    with pytest.raises(TrainingError, match="No space left on device"):
        train_softmax(source, settings(tmp_path / "full", epochs=4), say=quiet)
    monkeypatch.undo()
    (run,) = (tmp_path / "full").iterdir()
    assert newest_checkpoint(run / "checkpoints") is not None
    train_softmax(source, settings(run, epochs=4, resume=True), say=quiet)

    def losses(path):
        lines = (path / "steps.jsonl").read_text().splitlines()
        return [(row["step"], row["loss"]) for row in map(json.loads, lines)]

    assert losses(run) == losses(whole.run)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"embedding_size": 9}, "embedding_size is 8 there and 9 here"),
        ({"batch_size": 6}, "batch_size is 12 there and 6 here"),
        ({"seed": 1}, "seed is 666 there and 1 here"),
        ({"ema_decay": 0.0}, "ema_decay is 0.9 there and 0.0 here"),
        ({"ema_decay": 0.5}, "ema_decay is 0.9 there and 0.5 here"),
        ({"head_epochs": 1}, "head_epochs is 0 there and 1 here"),
        ({"rate": 0.01}, "learning_rates is .*start=0.05.* there and .*start=0.01.* here"),
        ({"validation_share": 0.25}, "held_back is None there and .*0.25"),
    ],
)
def test_a_run_resumes_only_as_it_began(tmp_path, changed, named):
    outcome = train_softmax(MadePeople(3, 4), settings(tmp_path, epochs=1), say=quiet)
    with pytest.raises(TrainingError, match=named):
        train_softmax(
            MadePeople(3, 4), settings(outcome.run, epochs=2, resume=True, **changed), say=quiet
        )


def test_other_people_are_another_training(tmp_path):
    outcome = train_softmax(MadePeople(3, 4), settings(tmp_path, epochs=1), say=quiet)
    with pytest.raises(TrainingError, match="people is 3 there and 4 here"):
        train_softmax(MadePeople(4, 4), settings(outcome.run, resume=True), say=quiet)


class Renamed(MadePeople):
    @property
    def names(self):
        return [f"q{label:02d}" for label in range(self.people)]


class Relabelled(MadePeople):
    def label(self, index):
        return (index + 1) % self.people


class OtherFiles(MadePeople):
    def key(self, index):
        return super().key(index).replace(".png", ".jpg")


@pytest.mark.parametrize("kind", [Renamed, Relabelled, OtherFiles])
def test_as_many_people_and_pictures_of_another_set_are_another_training(tmp_path, kind):
    outcome = train_softmax(MadePeople(3, 4), settings(tmp_path, epochs=1), say=quiet)
    with pytest.raises(TrainingError, match="pictures_sha256 is"):
        train_softmax(kind(3, 4), settings(outcome.run, epochs=2, resume=True), say=quiet)


def test_other_pictures_held_back_are_another_training(tmp_path):
    held = {"validation_share": 0.5, "validation_mode": "classes"}
    outcome = train_softmax(MadePeople(6, 4), settings(tmp_path, epochs=1, **held), say=quiet)

    class HeldElsewhere(OtherFiles):
        def key(self, index):
            return (
                super().key(index) if self.label(index) in judged else MadePeople.key(self, index)
            )

    _, part = split_source(MadePeople(6, 4), share=0.5, mode="classes", seed=666)
    judged = {MadePeople(6, 4).names.index(name) for name in part.names}
    with pytest.raises(TrainingError, match="pictures_sha256 is"):
        train_softmax(
            HeldElsewhere(6, 4), settings(outcome.run, epochs=2, resume=True, **held), say=quiet
        )


def test_learning_rates_change_where_that_is_asked_and_said(tmp_path):
    outcome = train_softmax(MadePeople(3, 4), settings(tmp_path, epochs=1), say=quiet)
    words = []
    changed = settings(outcome.run, epochs=2, rate=0.01, resume=True, new_schedule=True)
    assert train_softmax(MadePeople(3, 4), changed, say=words.append).epochs == 2
    assert any("Learning rates from here on" in word and "0.01" in word for word in words)
    rows = (outcome.run / "epochs.jsonl").read_text().splitlines()
    assert [json.loads(row)["learning_rate"] for row in rows] == [0.05, 0.01]


def test_a_checkpoint_that_notes_less_is_refused_with_what_it_lacks(tmp_path):
    path = saved(tmp_path)
    with pytest.raises(TrainingError, match=r"older version .* did not note pictures_sha256"):
        load_checkpoint(path, identity={**IDENTITY, "pictures_sha256": "0" * 64})


def test_what_is_no_run_cannot_be_resumed(tmp_path):
    with pytest.raises(TrainingError, match=r"has no arguments\.json"):
        train_softmax(MadePeople(3, 4), settings(tmp_path, resume=True), say=quiet)
