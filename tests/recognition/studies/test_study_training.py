"""Studies that train: the same strangers judge every step, and what is varied is all that varies."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognition import cli
from recognition.errors import RecognitionError
from recognition.studies import architecture, data_size
from recognition.studies.architecture import study_architecture
from recognition.studies.data_size import first_part, study_data_size
from recognition.studies.embedding_size import study_embedding_size
from recognition.studies.patterns import Coats
from recognition.studies.trained import TrainingStudy, split_people, untrained
from recognition.training.loop import Plan
from recognition.training.schedule import StepSchedule
from recognition.training.session import RunSettings
from recognition.training.sources import labels_of

pytestmark = pytest.mark.usefixtures("one_torch_thread")
HERD = Coats(individuals=12, pictures=4, size_px=32)


def silent(_):
    pass


@pytest.fixture
def study(tmp_path):
    return TrainingStudy(
        folder=tmp_path / "study",
        data="herd",
        seeds=(1, 2),
        held_share=0.5,
        far=0.1,
        settings=RunSettings(
            logs=Path("unused"), network="dummy", input_px=32, embedding_size=16, batch_size=12,
            epoch_size=2, device="cpu",
            plan=Plan(
                optimiser="ADAM", schedule=StepSchedule(0.02), max_epochs=1, ema_decay=0.5
            ),
        ),
    )  # fmt: skip


def test_every_embedding_size_is_trained_with_every_seed_and_judged_on_people_held_out(study):
    rows = study_embedding_size(HERD, study, sizes=[4, 64], say=silent)
    assert [(row["embedding_size"], row["seed"]) for row in rows] == [
        (4, 1),
        (4, 2),
        (64, 1),
        (64, 2),
    ]
    # 6 strangers with 4 pictures each
    assert {(row["genuine_pairs"], row["impostor_pairs"]) for row in rows} == {(36, 240)}
    assert len({row["auc"] for row in rows}) > 1
    small, large = (np.mean([row["auc"] for row in rows[at : at + 2]]) for at in (0, 2))
    assert large > small  # four numbers of a linear network cannot hold a coat


def test_those_who_judge_are_never_among_those_who_train(study):
    learnt, judged = split_people(HERD, study)
    assert not set(learnt.names) & set(judged.names)
    assert set(learnt.names) | set(judged.names) == set(HERD.names)
    other = replace(study, seeds=(9,), settings=replace(study.settings, embedding_size=8))
    assert split_people(HERD, other)[1].names == judged.names


@pytest.mark.parametrize(
    ("unit", "people", "pictures", "reason"),
    [("people", 3, 12, "half of the people"), ("pictures", 6, 12, "half of each one's pictures")],
)
def test_a_larger_part_of_the_data_holds_the_smaller(study, unit, people, pictures, reason):
    learnt, _ = split_people(HERD, study)
    half, whole = (first_part(learnt, share=share, unit=unit) for share in (0.5, 1.0))
    assert (len(half.names), len(half)) == (people, pictures), reason
    assert {half.key(row) for row in range(len(half))} < {
        whole.key(row) for row in range(len(whole))
    }
    labels = labels_of(half)
    assert [half.names[label] for label in labels] == [
        half.key(row).split("/")[0] for row in range(len(half))
    ]


def test_the_data_study_says_how_much_each_step_had(study):
    rows = study_data_size(HERD, replace(study, seeds=(1,)), shares=[0.5, 1.0], say=silent)
    assert [(row["share"], row["people"], row["pictures"]) for row in rows] == [
        (0.5, 3, 12),
        (1.0, 6, 24),
    ]


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="more than 0 and at most 1"):
        data_size.first_part(HERD, share=share, unit="people")


def test_networks_are_compared_with_their_parameters_and_multiply_adds(study):
    own = replace(study, seeds=(1,))
    rows = study_architecture(HERD, own, networks=["dummy", "nns2"], say=silent)
    dummy, nns2 = rows
    # 32 x 32 x 3 numbers to 16, and a bias of 16 less in the multiply-adds
    assert dummy["multiply_adds"] == 3072 * 16
    assert dummy["parameters"] == 3072 * 16 + 16
    assert nns2["multiply_adds"] > dummy["multiply_adds"]
    assert {row["input_px"] for row in rows} == {32}


def test_a_network_that_cannot_see_such_pictures_is_refused_before_anything_is_trained(
    study, monkeypatch
):
    monkeypatch.setattr(architecture, "train_and_judge", None)
    with pytest.raises(RecognitionError, match="cannot take pictures of 32 px") as refused:
        study_architecture(
            HERD,
            study,
            networks=["dummy", "inception-resnet-v1"],
            say=silent,
        )
    assert refused.value.code == "network.shape"


def test_a_step_broken_off_in_its_training_goes_on_in_the_same_run(study, monkeypatch):
    own = replace(
        study,
        seeds=(1,),
        settings=replace(study.settings, plan=replace(study.settings.plan, max_epochs=2)),
    )
    whole = study_embedding_size(
        HERD, replace(own, folder=study.folder / "whole"), sizes=[16], say=silent
    )

    class Killed(Exception):
        pass

    def killed(words):
        if words.startswith("epoch 1:"):
            raise Killed

    with pytest.raises(Killed):
        study_embedding_size(HERD, own, sizes=[16], say=killed)
    told = []
    again = study_embedding_size(HERD, own, sizes=[16], say=told.append)
    assert [words.split(":")[0] for words in told if words.startswith("epoch")] == ["epoch 2"]
    assert len([*(own.folder / "runs" / "d16-seed1").iterdir()]) == 1
    same = ("val", "auc", "rank_1", "loss")
    assert [again[0][name] for name in same] == [whole[0][name] for name in same]


def test_the_command_trains_draws_and_prints_means_over_its_seeds(tmp_path, capsys):
    quick = ["--network", "dummy", "--image-size", "32", "--epochs", "1", "--epoch-size", "1",
             "--batch-size", "8", "--device", "cpu"]  # fmt: skip
    out = tmp_path / "sizes"
    command = ["study", "embedding-size", str(out), "--sizes", "4", "8", *quick]
    assert cli.main([*command, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [row["runs"] for row in answer["means"]] == [2, 2]
    assert answer["plots"] == [str(out / "embedding-size.png")]
    assert (out / "embedding-size.png").read_bytes().startswith(b"\x89PNG")
    assert cli.main(command) == 0
    table = capsys.readouterr().out
    assert "± runs" in table
    assert "2 runs a row" in table


def test_an_untrained_network_is_judged_by_the_same_rules(study):
    _, judged = split_people(HERD, study)
    found = untrained(judged, settings=study.settings, far=0.1)
    assert found.genuine_pairs == 36
    assert found == untrained(judged, settings=study.settings, far=0.1)
