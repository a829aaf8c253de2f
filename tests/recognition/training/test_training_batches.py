"""Batches: the same pictures in the same order, however many threads load them."""

import numpy as np
import pytest
import torch
from made_training import PX, MadePeople, write_people

from recognition.datasets.errors import DatasetRejected
from recognition.embedding.preparation import fixed_standardise, prewhiten
from recognition.training.augmentation import PictureRecipe
from recognition.training.batches import PictureLoader
from recognition.training.errors import TrainingError
from recognition.training.samplers import Request, people_batch, sample_people, shuffled_requests
from recognition.training.sources import (
    labels_of,
    open_folder,
    require_people,
    split_source,
    with_enough_images,
)

ALL_RANDOM = PictureRecipe(size_px=12, random_crop=True, random_flip=True, random_rotate=True)


def requests(count, **options):
    return list(
        shuffled_requests(count, **{"batch_size": 5, "first": 0, "number": 6, "seed": 1, **options})
    )


def test_every_picture_comes_once_in_each_pass_and_passes_differ():
    rows = [row for request in requests(10) for row in request.rows]
    passes = [rows[:10], rows[10:20], rows[20:30]]
    assert [sorted(one) for one in passes] == [list(range(10))] * 3
    assert passes[0] != passes[1] != passes[2]


def test_a_batch_can_be_had_again_by_its_number():
    """Which is all that resuming needs to know."""
    assert requests(7)[4:] == requests(7, first=4, number=2)
    assert requests(7, seed=2) != requests(7)


def test_a_batch_larger_than_the_data_goes_on_with_the_next_pass():
    (request,) = requests(3, batch_size=8, number=1)
    assert sorted(np.bincount(request.rows, minlength=3)) == [2, 3, 3]


@pytest.mark.parametrize("group", [1, 3])
def test_processes_share_a_batch_in_equal_parts_of_whole_groups(group):
    whole = Request(0, tuple(range(15)), tuple((0, at) for at in range(15)))
    shares = [whole.share_of(rank=rank, processes=2, group=group) for rank in range(2)]
    groups = 15 // group // 2
    assert [len(share.rows) for share in shares] == [groups * group] * 2
    together = sorted(row for share in shares for row in share.rows)
    assert together == list(range(groups * group * 2))
    for share in shares:
        assert [draw[1] for draw in share.draws] == list(share.rows)  # each keeps its own draw
        starts = np.array(share.rows).reshape(-1, group)
        assert (np.diff(starts, axis=1) == 1).all()


def test_people_are_sampled_as_facenet_does():
    labels = np.repeat(np.arange(10), [50, 3, 60, 40, 5, 80, 9, 1, 45, 70])
    rows = sample_people(labels, people=4, images=40, rng=np.random.default_rng(3))
    assert len(rows) == len(set(rows.tolist())) == 160
    counts = np.bincount(labels[rows], minlength=10)
    assert counts.max() <= 40
    assert (counts > 0).sum() >= 4  # more where some have fewer
    assert (np.diff(labels[rows]) != 0).sum() == (counts > 0).sum() - 1  # person by person


def test_all_pictures_are_sampled_where_there_are_not_enough():
    labels = np.array([0, 0, 1, 2])
    rows = sample_people(labels, people=45, images=40, rng=np.random.default_rng(0))
    assert sorted(rows.tolist()) == [0, 1, 2, 3]


def test_a_people_batch_has_the_same_number_of_everybody():
    labels = np.repeat(np.arange(6), [9, 2, 9, 9, 1, 9])
    rows = people_batch(labels, people=6, images=4, rng=np.random.default_rng(0))
    assert np.bincount(labels[rows]).tolist() == [4] * 6
    with pytest.raises(ValueError, match="7 people were asked for; there are 6"):
        people_batch(labels, people=7, images=4, rng=np.random.default_rng(0))


def test_the_number_of_loading_threads_changes_nothing(one_torch_thread):
    source = MadePeople(4, 5)
    alone, two = (
        list(PictureLoader(source, ALL_RANDOM, workers=workers).train(requests(20)))
        for workers in (0, 2)
    )
    assert [batch.rows for batch in alone] == [batch.rows for batch in two]
    assert all(torch.equal(a.pixels, b.pixels) for a, b in zip(alone, two, strict=True))
    assert alone[0].keys[0] == source.key(alone[0].rows[0])
    assert alone[0].labels.tolist() == [source.label(row) for row in alone[0].rows]


def test_a_picture_looks_different_each_time_and_the_same_under_the_same_seed():
    source = MadePeople(1, 1)
    twice = requests(1, batch_size=2, number=1)
    (batch,) = PictureLoader(source, ALL_RANDOM).train(twice)
    assert not torch.equal(batch.pixels[0], batch.pixels[1])
    (again,) = PictureLoader(source, ALL_RANDOM).train(twice)
    assert torch.equal(batch.pixels, again.pixels)


def test_loading_leaves_the_networks_random_numbers_alone():
    before = torch.get_rng_state()
    list(PictureLoader(MadePeople(2, 3), ALL_RANDOM).train(requests(6)))
    assert torch.equal(torch.get_rng_state(), before)


def test_to_be_judged_a_picture_is_cut_from_the_centre_and_standardised_alike():
    picture = MadePeople(1, 1).read(0)
    centre = picture[2:14, 2:14]
    fixed = PictureRecipe(
        size_px=12, random_crop=True, random_flip=True, fixed_standardisation=True
    )
    np.testing.assert_array_equal(
        fixed.for_evaluation(picture), fixed_standardise(centre).transpose(2, 0, 1)
    )
    np.testing.assert_array_equal(
        ALL_RANDOM.for_evaluation(picture), prewhiten(centre).transpose(2, 0, 1)
    )
    np.testing.assert_array_equal(
        ALL_RANDOM.for_evaluation(picture, is_mirrored=True),
        ALL_RANDOM.for_evaluation(picture)[:, :, ::-1],
    )


@pytest.mark.parametrize("shape", [(40, 24), (24, 40), (8, 8)])
def test_resizing_makes_the_shorter_side_fit(shape):
    picture = np.full((*shape, 3), 200, np.uint8)
    recipe = PictureRecipe(size_px=12, resize_px=12, fixed_standardisation=True)
    pixels = recipe.for_evaluation(picture)
    assert pixels.shape == (3, 12, 12)
    assert (pixels == (200 - 127.5) / 128).all()  # no black border


def test_a_damaged_picture_is_left_out_and_named():
    source = MadePeople(2, 3, damaged=frozenset({4}))
    loader = PictureLoader(source, PictureRecipe(size_px=PX))
    (batch,) = loader.train(requests(6, batch_size=6, number=1))
    assert sorted(batch.rows) == [0, 1, 2, 3, 5]
    assert len(batch.pixels) == len(batch.labels) == len(batch.keys) == 5
    assert loader.problems == {"p01/1.png": "This picture is damaged."}


@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_picture_ends_the_training_where_that_is_asked(workers):
    source = MadePeople(2, 3, damaged=frozenset({4}))
    loader = PictureLoader(source, PictureRecipe(size_px=PX), workers=workers, on_damage="refuse")
    with pytest.raises(TrainingError, match=r"p01/1\.png cannot be used: This picture") as caught:
        list(loader.train(requests(6)))
    assert caught.value.code == "training.data"


def test_a_damaged_picture_takes_its_triplet_along():
    source = MadePeople(3, 3, damaged=frozenset({4}))
    triplets = Request(0, (0, 1, 3, 4, 5, 6, 7, 8, 2), tuple((0, at) for at in range(9)))
    (batch,) = PictureLoader(source, PictureRecipe(size_px=PX), group=3).train([triplets])
    assert batch.rows == (0, 1, 3, 7, 8, 2)


def test_nothing_but_damage_is_an_error_and_no_endless_loop():
    source = MadePeople(2, 2, damaged=frozenset(range(4)))
    with pytest.raises(TrainingError, match="Not one of 4 pictures can be used"):
        list(PictureLoader(source, PictureRecipe(size_px=PX)).train(requests(4)))


def test_a_folder_of_people_is_read_and_empty_folders_are_no_people(tmp_path):
    write_people(MadePeople(3, 2), tmp_path)
    (tmp_path / "p01a_nobody").mkdir()
    source = open_folder(tmp_path)
    assert source.names == ("p00", "p01", "p02")
    assert source.empty == ("p01a_nobody",)
    assert labels_of(source).tolist() == [0, 0, 1, 1, 2, 2]
    assert source.key(3) == "p01/1.png"
    assert source.read(3).shape == (32, 32, 3)


def test_folders_without_any_picture_are_refused_with_their_number(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(TrainingError, match="has 1 folders and not one picture"):
        open_folder(tmp_path)


def test_a_folder_without_people_is_refused(tmp_path):
    with pytest.raises(DatasetRejected, match="holds no folders"):
        open_folder(tmp_path)


def test_a_file_that_vanished_is_a_damaged_picture(tmp_path):
    source = open_folder(write_people(MadePeople(2, 2), tmp_path))
    (tmp_path / "p00" / "1.png").unlink()
    loader = PictureLoader(source, PictureRecipe(size_px=32))
    (batch,) = loader.judge(range(4), batch_size=9)
    assert batch.rows == (0, 2, 3)
    assert loader.problems == {"p00/1.png": "No such file or directory."}


def test_pictures_held_back_are_some_of_everybody_but_nobodys_last():
    source = MadePeople(5, 10)
    train, judged = split_source(source, share=0.25, mode="images", seed=1)
    assert np.bincount(labels_of(train)).tolist() == [7] * 5
    assert np.bincount(labels_of(judged)).tolist() == [3] * 5
    keys = [part.key(row) for part in (train, judged) for row in range(len(part))]
    assert sorted(keys) == sorted(source.key(row) for row in range(50))


def test_who_has_one_picture_trains_with_it():
    with pytest.raises(TrainingError, match="leaves nothing to judge by"):
        split_source(MadePeople(3, 1), share=0.5, mode="images", seed=0)


def test_nobody_is_judged_by_more_than_they_leave_to_learn_from():
    """Half of two is one; nine tenths of four would leave none, so the floor is one."""
    train, judged = split_source(MadePeople(2, 2), share=0.5, mode="images", seed=0)
    assert (len(train), len(judged)) == (2, 2)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_people_held_back_are_in_one_part_only_and_none_is_lost(share):
    """facenet's split by classes loses the last one."""
    source = MadePeople(10, 2)
    train, judged = split_source(source, share=share, mode="classes", seed=4)
    assert sorted([*train.names, *judged.names]) == source.names
    assert len(judged.names) >= 1
    assert {train.key(row)[:3] for row in range(len(train))} == set(train.names)
    assert train.names[train.label(0)] == train.key(0)[:3]


def test_people_with_too_few_pictures_are_left_out_and_labels_close_up(tmp_path):
    write_people(MadePeople(3, 4), tmp_path)
    for number in range(1, 4):
        (tmp_path / "p01" / f"{number}.png").unlink()
    source = with_enough_images(open_folder(tmp_path), least=2)
    assert list(source.names) == ["p00", "p02"]
    assert labels_of(source).tolist() == [0] * 4 + [1] * 4
    with pytest.raises(TrainingError, match="No class has 9 pictures, the largest has 4"):
        with_enough_images(open_folder(tmp_path), least=9)


def test_fewer_people_than_asked_is_an_error_with_both_numbers():
    with pytest.raises(TrainingError, match="asks for 45 people, the data has 3") as caught:
        require_people(MadePeople(3, 2), people=45, what="A batch")
    assert caught.value.code == "training.batch"
