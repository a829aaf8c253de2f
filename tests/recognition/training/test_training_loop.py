"""Steps: accumulation, precision, what stops a training, and going on exactly where it stood."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import ddp_gradient
import doomed_training
import numpy as np
import pytest
import torch
import uneven_processes
from made_training import PX, MadePeople, WithNorm, settings, write_people
from safetensors.torch import load_file

from recognition.device import choose_device
from recognition.errors import DeviceUnavailable
from recognition.networks import build_network
from recognition.training.augmentation import PictureRecipe
from recognition.training.batches import PictureLoader
from recognition.training.classifier import linear_head
from recognition.training.ddp import Processes, join_processes
from recognition.training.errors import TrainingError
from recognition.training.loop import Plan, Trainer
from recognition.training.objectives import (
    ClassificationObjective,
    LossWeights,
    TripletObjective,
)
from recognition.training.samplers import shuffled_requests
from recognition.training.schedule import FileSchedule
from recognition.training.softmax import train_softmax

pytestmark = pytest.mark.usefixtures("one_torch_thread", "without_curves")

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SOURCE = MadePeople(4, 6)
TORCHRUN = (
    sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone",
    "--nproc-per-node", "2",
)  # fmt: skip


def environment():
    return {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}",
        "OMP_NUM_THREADS": "1",
    }


def batches(number=3, *, source=SOURCE, batch_size=12):
    loader = PictureLoader(source, PictureRecipe(size_px=PX, fixed_standardisation=True))
    requests = shuffled_requests(len(source), batch_size=batch_size, first=0, number=number, seed=1)
    return list(loader.train(list(requests)))


def made_trainer(*, weights=None, network=None, **plan):
    torch.manual_seed(3)
    network = network or build_network("dummy", input_px=PX, embedding_size=6, seed=5)
    objective = ClassificationObjective(network, linear_head(4, 6), weights or LossWeights())
    return Trainer(objective, plan=Plan(**{"optimiser": "MOM", **plan}), identity={})


def gradients(trainer):
    return {n: p.grad.numpy().copy() for n, p in trainer.objective.named_parameters()}


def test_a_batch_computed_in_parts_has_the_gradient_of_the_whole():
    (batch,) = batches(1)
    found = []
    for accumulate in (1, 3, 5):
        trainer = made_trainer(accumulate=accumulate, weights=LossWeights(prelogits_norm=0.1))
        numbers = trainer.train_on(batch)
        found.append((gradients(trainer), numbers))
    for other, numbers in found[1:]:
        assert numbers == pytest.approx(found[0][1], rel=1e-5)
        for name, gradient in found[0][0].items():
            np.testing.assert_allclose(other[name], gradient, atol=1e-6)


def test_all_parts_of_a_batch_see_the_centres_as_they_were_before_it():
    found = []
    for accumulate in (1, 3, 5):
        trainer = made_trainer(accumulate=accumulate, weights=LossWeights(center=0.5))
        numbers = [trainer.train_on(batch) for batch in batches(2)]
        found.append((gradients(trainer), trainer.objective.center.centres, numbers))
    assert found[0][1].abs().max() > 0.01
    for other, centres, numbers in found[1:]:
        assert numbers[0] == pytest.approx(found[0][2][0], rel=1e-5)
        assert numbers[1] == pytest.approx(found[0][2][1], rel=1e-5)
        torch.testing.assert_close(centres, found[0][1], atol=1e-6, rtol=1e-5)
        for name, gradient in found[0][0].items():
            np.testing.assert_allclose(other[name], gradient, atol=1e-6)


def test_triplets_stay_whole_when_a_batch_is_computed_in_parts():
    (batch,) = batches(1, batch_size=15)
    found = []
    for accumulate in (1, 4):
        network = build_network("dummy", input_px=PX, embedding_size=6, seed=5)
        trainer = Trainer(TripletObjective(network), plan=Plan(accumulate=accumulate), identity={})
        trainer.train_on(batch)
        found.append(gradients(trainer))
    for name, gradient in found[0].items():
        np.testing.assert_allclose(found[1][name], gradient, atol=1e-6)


def test_a_loss_that_is_a_sum_stays_the_sum_when_a_batch_is_computed_in_parts():
    (batch,) = batches(1, batch_size=15)
    found = []
    for accumulate in (1, 4):
        network = build_network("dummy", input_px=PX, embedding_size=6, seed=5)
        objective = TripletObjective(network, reduction="sum")
        trainer = Trainer(objective, plan=Plan(accumulate=accumulate), identity={})
        found.append((trainer.train_on(batch)["loss"], gradients(trainer)))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-5)
    for name, gradient in found[0][1].items():
        np.testing.assert_allclose(found[1][1][name], gradient, atol=1e-5)


def test_no_part_of_a_batch_is_a_single_picture():
    """Statistics of a batch need two; twelve pictures in twelve parts would be one each."""
    (batch,) = batches(1)
    trainer = made_trainer(accumulate=12)
    assert [len(labels) for _, labels in trainer._divided(batch)] == [2] * 6


def test_the_loss_is_the_sum_of_its_parts_with_their_factors():
    trainer = made_trainer(weights=LossWeights(center=0.5, prelogits_norm=0.01))
    found = trainer.train_on(batches(1)[0])
    expected = found["cross_entropy"] + 0.5 * found["center"] + 0.01 * found["prelogits_norm"]
    assert found["loss"] == pytest.approx(expected, rel=1e-6)


def test_weight_decay_is_the_gradient_of_half_the_sum_of_squares():
    (batch,) = batches(1)
    free, decayed = made_trainer(), made_trainer(weight_decay=0.1)
    start = free.objective.network.linear.weight.detach().clone()
    bias = decayed.objective.network.linear.bias
    head = decayed.objective.head.weight.detach()
    for trainer in (free, decayed):
        trainer.set_rate(0.01)
    assert decayed.regularisation() == pytest.approx(
        0.05 * float(start.square().sum() + head.square().sum())
    )
    for trainer in (free, decayed):
        trainer.train_on(batch)
    gap = decayed.objective.network.linear.weight - free.objective.network.linear.weight
    # nesterov: the first step is 1.9 times the gradient
    torch.testing.assert_close(gap, -0.01 * 1.9 * 0.1 * start, atol=1e-6, rtol=1e-3)
    assert torch.equal(bias, free.objective.network.linear.bias)


def test_the_histogram_counts_every_prelogit_by_its_size():
    trainer = made_trainer(weights=LossWeights(histogram_max=2.0))
    (batch,) = batches(1)
    with torch.no_grad():
        sizes = trainer.objective.network(batch.pixels).abs().clamp(max=2.0).numpy()
    trainer.train_on(batch)
    expected, _ = np.histogram(sizes, bins=1000, range=(0.0, 2.0))
    found = trainer.objective.histogram.numpy()
    assert found.sum() == sizes.size
    assert abs(found - expected).sum() <= 4  # a value on a bin's edge may round either way


def test_a_loss_that_is_no_number_stops_and_names_the_files_and_changes_nothing():
    (batch,) = batches(1)
    batch.pixels[4, 0, 0, 0] = math.nan
    trainer = made_trainer()
    before = {name: t.clone() for name, t in trainer.objective.state_dict().items()}
    with pytest.raises(TrainingError) as caught:
        trainer.train_on(batch)
    assert caught.value.code == "training.not_finite"
    assert batch.keys[0] in caught.value.message
    assert "and 6 more" in caught.value.message
    after = trainer.objective.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_files_are_not_blamed_for_what_another_process_saw():
    (batch,) = batches(1)
    trainer = made_trainer()
    trainer.processes = Processes(rank=0, count=2)
    for parameter in trainer.objective.parameters():  # as averaging with the other's would
        parameter.register_hook(lambda gradient: gradient * math.nan)
    with pytest.raises(TrainingError, match="another process names") as caught:
        trainer.train_on(batch)
    assert caught.value.code == "training.not_finite_elsewhere"
    assert batch.keys[0] not in caught.value.message


def test_a_training_whose_loss_explodes_leaves_the_batchs_files_in_its_run(tmp_path):
    with pytest.raises(TrainingError, match="is not a finite number") as caught:
        train_softmax(SOURCE, settings(tmp_path, rate=1e38, epochs=9), say=lambda words: None)
    (run,) = tmp_path.iterdir()
    failed = json.loads((run / "failed_batch.json").read_text())
    assert len(failed["files"]) == 12
    assert failed["files"][0] in caught.value.message
    assert f"Step {failed['step']}" in caught.value.message


def test_a_failed_batch_that_cannot_be_noted_is_still_what_ends_the_training(tmp_path):
    def remove_run(words):
        if words.startswith("Run: "):
            shutil.rmtree(words.removeprefix("Run: "))

    with pytest.raises(TrainingError, match="is not a finite number") as caught:
        train_softmax(
            SOURCE, settings(tmp_path), weights=LossWeights(prelogits_norm=1e300), say=remove_run
        )
    assert caught.value.code == "training.not_finite"


def test_twenty_people_are_learnt_by_heart(tmp_path):
    """Mission row 13: at least 0.99 of the training pictures."""
    outcome = train_softmax(
        MadePeople(20, 4),
        settings(tmp_path, rate=0.05, epochs=25, embedding_size=32, batch_size=40),
        say=lambda words: None,
    )
    print(f"accuracy on 20 made people: {outcome.last['accuracy']:.4f}")
    assert outcome.last["accuracy"] >= 0.99


@pytest.mark.parametrize("workers", [0, 2])
def test_the_same_seed_gives_the_same_losses_and_another_one_others(tmp_path, workers):
    def losses(name, seed, workers=0):
        outcome = train_softmax(
            SOURCE,
            settings(
                tmp_path / name, epochs=2, seed=seed, random_flip=True, keep_probability=0.8,
                workers=workers,
            ),
            say=lambda words: None,
        )  # fmt: skip
        lines = (outcome.run / "steps.jsonl").read_text().splitlines()
        return [json.loads(line)["loss"] for line in lines]

    first = losses("a", 1)
    assert losses("b", 1, workers) == first
    assert losses("c", 2) != first


def test_a_schedule_that_ends_ends_the_training_and_its_rates_are_used(tmp_path):
    base = settings(tmp_path, epochs=9)
    chosen = replace(
        base, plan=replace(base.plan, schedule=FileSchedule(((0, 0.1), (2, 0.01), (4, None))))
    )
    chosen = replace(chosen, validation_share=0.3, validate_every=2)
    outcome = train_softmax(SOURCE, chosen, say=lambda words: None)
    assert outcome.epochs == 3
    assert "val_accuracy" in outcome.last  # what is written at the end has been judged
    lines = (outcome.run / "epochs.jsonl").read_text().splitlines()
    assert [json.loads(line)["learning_rate"] for line in lines] == [0.1, 0.01, 0.01]


def test_a_run_that_was_stopped_goes_on_to_the_same_bits_with_normalisation_and_dropout(tmp_path):
    """Every optimiser's state, batch statistics, random numbers and averages."""
    steps = batches(6)
    for name in ("ADAM", "RMSPROP", "MOM", "ADAGRAD", "ADADELTA"):

        def trainer(name=name):
            torch.manual_seed(9)
            return made_trainer(network=WithNorm(), optimiser=name, weights=LossWeights(center=0.1))

        torch.manual_seed(1)
        whole = trainer()
        losses = [whole.train_on(batch)["loss"] for batch in steps]
        first = trainer()
        begun = [first.train_on(batch)["loss"] for batch in steps[:3]]
        first.save(tmp_path / name)
        torch.manual_seed(12345)  # whatever else the process did
        second = trainer()
        second.restore(next((tmp_path / name).iterdir()))
        assert begun + [second.train_on(batch)["loss"] for batch in steps[3:]] == losses, name
        ends = whole.objective.state_dict()
        assert all(
            torch.equal(value, ends[key]) for key, value in second.objective.state_dict().items()
        )
        with whole.averaged(), second.averaged():
            assert torch.equal(
                whole.objective.network.out.weight, second.objective.network.out.weight
            )


def test_a_training_killed_in_the_middle_resumes_to_the_same_result(tmp_path):
    """kill -9 of a real process; every later loss and every weight is equal to the bit."""
    epochs = 24
    whole = doomed_training.train(tmp_path / "whole", epochs=epochs)
    with subprocess.Popen(
        [sys.executable, str(HERE / "doomed_training.py"), str(tmp_path / "killed"), str(epochs)],
        env=environment(),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch 2:"):
                process.send_signal(signal.SIGKILL)
                break
    assert process.wait() == -signal.SIGKILL
    (run,) = (tmp_path / "killed").iterdir()
    done = [json.loads(line)["epoch"] for line in (run / "epochs.jsonl").read_text().splitlines()]
    assert 2 <= len(done) < epochs
    resumed = doomed_training.train(run, epochs=epochs, resume=True)
    assert resumed.run == run

    def numbers(path, name):
        timed = {"seconds", "images_per_s", "loading_share"}
        rows = [json.loads(line) for line in (path / name).read_text().splitlines()]
        return [{k: v for k, v in row.items() if k not in timed} for row in rows]

    for name in ("steps.jsonl", "epochs.jsonl"):
        assert numbers(run, name) == numbers(whole.run, name)
    first, second = load_file(whole.network_file), load_file(resumed.network_file)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_two_processes_have_the_gradient_of_one(tmp_path):
    """Mission row 23: torchrun, gloo, at most 1e-6; with accumulation, centres, and triplets of
    people that are not in one process."""
    ddp_gradient.main(str(tmp_path / "one"))
    ran = subprocess.run(
        [*TORCHRUN, str(HERE / "ddp_gradient.py"), str(tmp_path / "two")],
        env=environment(), capture_output=True, encoding="utf-8", check=False, timeout=180,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    one, two = load_file(tmp_path / "one"), load_file(tmp_path / "two")
    assert one.keys() == two.keys()
    widest = max(float((one[name] - two[name]).abs().max()) for name in one)
    print(f"largest difference between one process and two: {widest:.1e}")
    assert widest <= 1e-6
    assert float(one["centres"].abs().max()) > 0.01
    assert max(float(one[name].abs().max()) for name in one if name.startswith("harmonic")) > 0.01


def test_several_processes_write_one_run_and_name_what_any_of_them_could_not_read(tmp_path):
    """The one that read a damaged picture must not end the one that writes the network."""
    source = MadePeople(4, 6)
    people = write_people(source, tmp_path / "people")
    (people / source.key(3)).write_bytes(b"no picture")
    ran = subprocess.run(
        [
            *TORCHRUN, "-m", "recognition", "train", "softmax", people, tmp_path / "runs",
            "--network", "dummy", "--image-size", "32", "--device", "cpu",
            "--batch-size", "8", "--epoch-size", "3", "--max-epochs", "1", "--workers", "0",
        ],
        env=environment(), cwd=HERE.parents[2], capture_output=True, encoding="utf-8",
        check=False, timeout=180,
    )  # fmt: skip
    (run,) = (tmp_path / "runs").iterdir()
    assert (run / "network.safetensors").is_file(), ran.stderr
    assert list(json.loads((run / "damaged_pictures.json").read_text())) == [source.key(3)]
    assert ran.stdout.count("network.safetensors") == 1


def test_processes_step_together_or_not_at_all_and_share_a_run(tmp_path):
    """One is late by the clock that names runs, and now and then has no picture left."""
    shares = [
        [
            len(set(request.share_of(rank=rank, processes=2).rows) - uneven_processes.DAMAGED)
            for rank in range(2)
        ]
        for request in shuffled_requests(
            24, batch_size=uneven_processes.BATCH, first=0, number=uneven_processes.STEPS, seed=666
        )
    ]
    assert [0, 2] in shares or [2, 0] in shares  # one would have stepped alone
    ran = subprocess.run(
        [*TORCHRUN, str(HERE / "uneven_processes.py"), str(tmp_path)],
        env=environment(), capture_output=True, encoding="utf-8", check=False, timeout=180,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    (run,) = tmp_path.iterdir()
    assert ran.stdout.count(f"run {run} with 6 problems\n") == 2
    steps = (run / "steps.jsonl").read_text().splitlines()
    assert len(steps) == sum(share == [2, 2] for share in shares) > 0
    left_out = uneven_processes.STEPS - len(steps)
    assert ran.stdout.count("is left out: damage leaves") == left_out


def test_a_batch_that_damage_leaves_one_picture_of_is_left_out_and_said(tmp_path):
    """Normalisation of a single picture has no statistics and would be an error of torch's."""
    words = []
    outcome = train_softmax(
        MadePeople(2, 4, damaged=frozenset({3})),
        settings(tmp_path, epochs=1, epoch_size=4, batch_size=2),
        say=words.append,
    )
    assert outcome.last["step"] == 3
    (said,) = (word for word in words if "left out" in word and "Batch" in word)
    assert "damage leaves 1 of its pictures; a step needs 2" in said


def test_a_batch_of_less_than_two_pictures_a_process_is_refused_at_once(tmp_path):
    with pytest.raises(TrainingError, match="fewer than two pictures each") as caught:
        train_softmax(SOURCE, settings(tmp_path, batch_size=1), say=lambda words: None)
    assert caught.value.code == "training.batch"
    assert not list(tmp_path.iterdir())


def test_fewer_triplets_than_processes_end_a_training(tmp_path):
    """One pair and one other person give one triplet, which two processes cannot divide."""
    people = write_people(MadePeople(2, 2), tmp_path / "people")
    (people / "p01" / "1.png").unlink()
    ran = subprocess.run(
        [
            *TORCHRUN, "-m", "recognition", "train", "triplet", people, tmp_path / "runs",
            "--network", "dummy", "--image-size", "32", "--device", "cpu", "--workers", "0",
            "--batch-size", "6", "--epoch-size", "3", "--max-epochs", "2", "--alpha", "9",
            "--people-per-batch", "2", "--images-per-person", "2",
        ],
        env=environment(), cwd=HERE.parents[2], capture_output=True, encoding="utf-8",
        check=False, timeout=180,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "Training ends: 3 samples of people in a row hold fewer triplets than" in ran.stdout
    assert list((tmp_path / "runs").glob("*/network.safetensors"))


def test_torchruns_variables_must_fit_one_another(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    with (
        pytest.raises(TrainingError, match="Start several processes with"),
        join_processes(torch.device("cpu")),
    ):
        pass


def test_half_precision_is_used_where_the_processor_has_it_and_refused_where_not():
    try:
        choose_device("cpu", "bf16")
    except DeviceUnavailable:
        with pytest.raises(DeviceUnavailable):
            made_trainer(precision="bf16")
        return
    trainer, exact = made_trainer(precision="bf16"), made_trainer()
    (batch,) = batches(1)
    found, expected = trainer.train_on(batch)["loss"], exact.train_on(batch)["loss"]
    assert found != expected
    assert found == pytest.approx(expected, rel=0.02)
    assert trainer.objective.network.linear.weight.dtype is torch.float32


def test_sixteen_bit_floats_need_a_gpu():
    with pytest.raises(DeviceUnavailable, match="f16"):
        made_trainer(precision="f16")
