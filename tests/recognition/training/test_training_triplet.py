"""Triplet training: cycles of embedding, mining and learning; and harmonic embeddings."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_training import PX, MadePeople, settings

from recognition.evaluation.verification import operating_point, roc_curve
from recognition.losses import MINING_RULES
from recognition.networks import build_network
from recognition.networks.files import load_network
from recognition.training.augmentation import PictureRecipe
from recognition.training.batches import PictureLoader
from recognition.training.errors import TrainingError
from recognition.training.judging import embed_rows
from recognition.training.triplet import TripletSettings, train_triplet

pytestmark = pytest.mark.usefixtures("one_torch_thread", "without_curves")
SMALL = TripletSettings(people_per_batch=6, images_per_person=4)
LARGE = TripletSettings(people_per_batch=8, images_per_person=6, mining_mode="eval")
HARD = MadePeople(8, 6, noise=60.0)


def quiet(words):
    pass


def vectors_of(network, source):
    loader = PictureLoader(source, PictureRecipe(size_px=PX, fixed_standardisation=True))
    vectors, _ = embed_rows(
        network.eval(), loader, rows=range(len(source)), batch_size=64, device=torch.device("cpu")
    )
    return vectors, np.array([source.label(row) for row in range(len(source))])


def val(first, second, labels, *, fmr=0.01):
    """VAL of all pairs of two different pictures, one embedded by each."""
    a, b = np.triu_indices(len(labels), k=1)
    cosines = np.concatenate([(first @ second.T)[a, b], (first @ second.T)[b, a]])
    is_same = np.tile(labels[a] == labels[b], 2)
    return operating_point(roc_curve(cosines, is_same), fmr=fmr).tmr


@pytest.mark.parametrize("rule", MINING_RULES)
def test_training_on_mined_triplets_separates_made_people(tmp_path, rule):
    """Twelve pictures of each: fewer are learnt by heart within six steps, and new ones are not."""
    people = replace(HARD, photos=12)
    start = vectors_of(build_network("dummy", input_px=PX, embedding_size=8, seed=666), people)
    outcome = train_triplet(
        people,
        settings(tmp_path, rate=0.1, epochs=4, epoch_size=6, ema_decay=0.0, batch_size=30),
        triplet=replace(LARGE, rule=rule),
        say=quiet,
    )
    end = vectors_of(load_network(outcome.network_file), replace(people, seed=5))
    before, after = (val(v, v, labels) for v, labels in (start, end))
    print(f"{rule}: VAL {before:.3f} before, {after:.3f} after")
    assert before < 0.2
    assert after > 0.95


def test_a_picture_that_is_alone_in_its_batch_is_not_mined_in_training_mode():
    network = build_network("mobilefacenet", input_px=48, embedding_size=8, seed=0).train()
    people = MadePeople(3, 3)
    loader = PictureLoader(people, PictureRecipe(size_px=48, resize_px=48))
    for mode, kept in ((True, 8), (False, 9)):
        vectors, rows = embed_rows(
            network.train(mode), loader, rows=range(9), batch_size=4, device=torch.device("cpu")
        )
        assert (len(vectors), rows) == (kept, tuple(range(kept)))


def test_pictures_held_back_say_nothing_of_triplets(tmp_path):
    with pytest.raises(TrainingError, match="--validation-set-split-mode classes"):
        train_triplet(HARD, settings(tmp_path, validation_share=0.2), triplet=SMALL, say=quiet)


def test_the_same_seed_gives_the_same_triplets_and_losses_and_a_stopped_run_goes_on(tmp_path):
    def losses(path):
        lines = (path / "steps.jsonl").read_text().splitlines()
        return [json.loads(line)["loss"] for line in lines]

    def run(name, **changed):
        return train_triplet(
            HARD, settings(tmp_path / name, **changed), triplet=SMALL, say=quiet
        ).run

    whole = run("a", epochs=3)
    assert losses(run("b", epochs=3)) == losses(whole)
    part = run("c", epochs=2)
    resumed = run(part.relative_to(tmp_path), epochs=3, resume=True)
    assert losses(resumed) == losses(whole)
    assert losses(run("d", epochs=3, seed=1)) != losses(whole)


def test_training_ends_by_itself_where_no_triplet_violates_the_margin(tmp_path):
    words = []
    outcome = train_triplet(
        MadePeople(6, 4, noise=1.0),
        settings(tmp_path, epochs=400, rate=0.02, epoch_size=20),
        triplet=SMALL,
        say=words.append,
    )
    assert outcome.epochs < 400
    assert outcome.network_file.is_file()
    (said,) = (word for word in words if word.startswith("Training ends"))
    assert "3 samples of people in a row hold no triplet" in said
    assert "Nobody else is nearer than the margin of 0.2 allows" in said


def test_a_network_that_maps_everybody_to_one_point_is_not_taken_for_one_that_has_learnt(tmp_path):
    """No negative is farther than its positive there, so the semi-hard rule has none to give."""

    class Grey(MadePeople):
        def read(self, index):
            return np.full((PX, PX, 3), 90, np.uint8)

    words = []
    outcome = train_triplet(
        Grey(6, 4), settings(tmp_path, embedding_size=1),
        triplet=replace(SMALL, rule="semi_hard"), say=words.append,
    )  # fmt: skip
    assert outcome.epochs == 0
    (said,) = (word for word in words if word.startswith("Training ends"))
    # three samples of six people, six pairs of each one's four pictures
    assert "nearer than the margin allows for 108 of their pairs" in said
    assert "maps everybody to one point" in said


@pytest.mark.parametrize(
    ("source", "changes", "code", "complaint"),
    [
        (MadePeople(5, 4), {}, "training.batch", "asks for 6 people, the data has 5"),
        (MadePeople(8, 1), {}, "training.data", "Nobody has two pictures"),
        (MadePeople(8, 4), {"batch_size": 10}, "training.options", "multiple of three"),
    ],
)
def test_data_that_cannot_give_triplets_is_refused_at_once(
    tmp_path, source, changes, code, complaint
):
    with pytest.raises(TrainingError, match=complaint) as caught:
        train_triplet(source, settings(tmp_path, **changes), triplet=SMALL, say=quiet)
    assert caught.value.code == code


def test_people_with_one_picture_are_told_and_used_as_negatives(tmp_path):
    class OneAlone(MadePeople):
        def __len__(self):
            return super().__len__() - self.photos + 1  # the last person has one

    words = []
    train_triplet(OneAlone(6, 4), settings(tmp_path, epochs=1), triplet=SMALL, say=words.append)
    assert "21 pictures of 6 people; people with a single picture: 1." in words


def test_damaged_pictures_are_left_out_of_mining_and_told(tmp_path):
    outcome = train_triplet(
        replace(HARD, damaged=frozenset({0, 13})),
        settings(tmp_path, epochs=1),
        triplet=SMALL,
        say=quiet,
    )
    assert set(outcome.problems) == {"p00/0.png", "p02/1.png"}


@pytest.fixture(scope="module")
def old_version(tmp_path_factory):
    """An old network that learnt a little; its file."""
    folder = tmp_path_factory.mktemp("versions")
    return train_triplet(
        HARD,
        settings(folder, rate=0.02, epochs=1, epoch_size=8, ema_decay=0.0, batch_size=30, seed=1),
        triplet=SMALL,
        say=quiet,
    ).network_file


def test_harmonic_embeddings_lie_between_the_old_and_the_new(tmp_path, old_version):
    """Mission row 19: VAL(v1, v1) < VAL(v2, v1) < VAL(v2, v2), on pictures not trained with."""
    outcome = train_triplet(
        HARD,
        settings(tmp_path, rate=0.1, epochs=8, epoch_size=6, ema_decay=0.0, batch_size=32),
        triplet=replace(SMALL, people_per_batch=8, compatible_with=old_version),
        say=quiet,
    )
    fresh = replace(HARD, photos=12, seed=77)
    old, labels = vectors_of(load_network(old_version), fresh)
    new, _ = vectors_of(load_network(outcome.network_file), fresh)
    values = val(old, old, labels), val(new, old, labels), val(new, new, labels)
    print("VAL v1-v1 {:.3f} < v2-v1 {:.3f} < v2-v2 {:.3f}".format(*values))
    assert values[0] + 0.05 < values[1] < values[2] - 0.05
    stranger, _ = vectors_of(build_network("dummy", input_px=PX, embedding_size=8, seed=2), fresh)
    assert val(stranger, old, labels) < 0.3  # two networks that know nothing of each other


@pytest.mark.parametrize(
    ("changes", "people", "complaint"),
    [
        ({"embedding_size": 6}, 6, "embedding size is 8, the new one's 6"),
        ({"fixed_standardisation": False}, 6, "scaled 'fixed', this run scales 'per_image'"),
        ({"accumulate": 2}, 6, "cannot be computed in parts"),
        ({"batch_size": 8}, 6, "A batch of 8 holds 6 people fewer than twice"),
    ],
)
def test_networks_that_cannot_be_compared_are_refused(
    tmp_path, old_version, changes, people, complaint
):
    with pytest.raises(TrainingError, match=complaint):
        train_triplet(
            HARD,
            settings(tmp_path, **changes),
            triplet=replace(SMALL, people_per_batch=people, compatible_with=old_version),
            say=quiet,
        )
