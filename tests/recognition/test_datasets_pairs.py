"""Folder trees and pairs.txt: drawn without self pairs or duplicates, read with kind errors."""

from collections import Counter

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, settings

from recognition.datasets import (
    DatasetRejected,
    Pair,
    PairList,
    check_pairs,
    find_lfw_picture,
    generate_pairs,
    list_classes,
    list_pictures,
    locate_pairs,
    numbered_pictures,
    read_pairs,
    write_pairs,
)


def make_tree(root, counts, suffix=".jpg"):
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for number in range(1, count + 1):
            (root / name / f"{name}_{number:04d}{suffix}").write_bytes(b"picture")


def test_folders_are_classes_in_the_order_of_their_names(tmp_path):
    make_tree(tmp_path, {"Zoe_Quist": 2, "Ada_Brink": 1, ".hidden": 1})
    (tmp_path / "readme.txt").write_text("no class")
    (tmp_path / "Ada_Brink" / "notes.txt").write_text("no picture")
    (tmp_path / "Ada_Brink" / "A.PNG").write_bytes(b"picture")
    classes = list_classes(tmp_path)
    assert [folder.name for folder in classes] == ["Ada_Brink", "Zoe_Quist"]
    assert [path.name for path in classes[0].files] == ["A.PNG", "Ada_Brink_0001.jpg"]
    assert classes[1].display_name == "Zoe Quist"
    assert len(list_pictures(tmp_path)) == 4


@pytest.mark.parametrize("path", ["gone", "empty"])
def test_a_tree_without_folders_is_refused(tmp_path, path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetRejected, match="expected one"):
        list_classes(tmp_path / path)


def test_lfw_names_are_tried_as_jpg_and_then_as_png(tmp_path):
    make_tree(tmp_path, {"Ada": 1}, suffix=".png")
    assert find_lfw_picture(tmp_path, name="Ada", number=1).suffix == ".png"
    (tmp_path / "Ada" / "Ada_0001.jpg").write_bytes(b"picture")
    assert find_lfw_picture(tmp_path, name="Ada", number=1).suffix == ".jpg"
    assert find_lfw_picture(tmp_path, name="Ada", number=2) is None


def test_ten_folds_of_three_hundred_each_without_duplicates():
    people = {f"p{n:03d}": range(1, 2 + n % 9) for n in range(400)}
    found = check_pairs(generate_pairs(people))
    assert found.genuine_per_fold == (300,) * 10
    assert found.impostor_per_fold == (300,) * 10
    assert (found.pairs, found.duplicates, found.self_pairs) == (6000, 0, 0)
    assert found.people_in_two_folds == 0
    assert found.is_balanced
    assert found.is_usable


TREES = st.dictionaries(
    st.sampled_from([f"p{n}" for n in range(12)]), st.integers(1, 5), min_size=2, max_size=12
)


@settings(max_examples=200, deadline=None)
@given(
    counts=TREES,
    folds=st.integers(1, 3),
    per_fold=st.integers(1, 6),
    seed=st.integers(0, 99),
    people=st.sampled_from(["disjoint", "shared"]),
)
def test_every_list_that_is_drawn_is_sound(counts, folds, per_fold, seed, people):
    pictures = {name: range(1, count + 1) for name, count in counts.items()}
    try:
        drawn = generate_pairs(pictures, folds=folds, per_fold=per_fold, seed=seed, people=people)
    except DatasetRejected:
        assume(False)
    found = check_pairs(drawn)
    assert found.genuine_per_fold == found.impostor_per_fold == (per_fold,) * folds
    assert (found.duplicates, found.self_pairs) == (0, 0)
    assert people == "shared" or found.people_in_two_folds == 0
    for pair in drawn.pairs:
        assert pair.first_number in pictures[pair.first_name]
        assert pair.second_number in pictures[pair.second_name]
    assert drawn == generate_pairs(
        pictures, folds=folds, per_fold=per_fold, seed=seed, people=people
    )


@settings(max_examples=60, deadline=None)
@given(counts=TREES)
def test_all_pairs_that_there_are_can_be_drawn(counts):
    pictures = {name: range(1, count + 1) for name, count in counts.items()}
    total = sum(counts.values())
    genuine = sum(n * (n - 1) // 2 for n in counts.values())
    wanted = min(genuine, total * (total - 1) // 2 - genuine)
    assume(wanted >= 1)
    drawn = generate_pairs(pictures, folds=1, per_fold=wanted)
    assert check_pairs(drawn).duplicates == 0
    with pytest.raises(DatasetRejected, match="has only"):
        generate_pairs(pictures, folds=1, per_fold=wanted + 1)


def test_a_person_of_many_pictures_does_not_fill_the_list():
    drawn = generate_pairs({"many": range(1, 101), "two": [1, 2], "three": [1, 2, 3]},
                           folds=1, per_fold=9)  # fmt: skip
    own = Counter(pair.first_name for pair in drawn.pairs if pair.is_same)
    assert own == {"many": 5, "three": 3, "two": 1}


def test_too_few_people_for_disjoint_folds_say_the_way_out():
    pictures = {"a": [1, 2, 3], "b": [1, 2, 3]}
    with pytest.raises(DatasetRejected, match="or let folds share people"):
        generate_pairs(pictures, folds=2, per_fold=2)
    assert len(generate_pairs(pictures, folds=2, per_fold=2, people="shared").pairs) == 8
    with pytest.raises(ValueError, match="1 or more"):
        generate_pairs(pictures, folds=0)


def test_only_pictures_that_the_format_can_name_are_drawn(tmp_path):
    make_tree(tmp_path, {"Ada": 2})
    for name in ("Ada_3.jpg", "Ada_00004.jpg", "selfie.jpg", "Ada_0005.webp", "Ada_10000.png"):
        (tmp_path / "Ada" / name).write_bytes(b"picture")
    assert numbered_pictures(list_classes(tmp_path)) == {"Ada": (1, 2, 10000)}


def test_a_list_survives_writing_and_reading(tmp_path):
    drawn = generate_pairs({f"p{n}": [1, 2, 3] for n in range(12)}, folds=3, per_fold=4)
    path = tmp_path / "pairs.txt"
    write_pairs(path, drawn)
    assert path.read_text().splitlines()[0] == "3\t4"
    assert read_pairs(path) == drawn


def test_reads_what_lfw_publishes(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_text("1\t2\nAda\t1\t4\nBen 2 3\nAda\t1\tBen\t2\r\nCy\t1\tDee\t12\n\n")
    found = read_pairs(path)
    assert found.folds == 1
    assert [pair.is_same for pair in found.pairs] == [True, True, False, False]
    assert found.pairs[3] == Pair("Cy", 1, "Dee", 12, 0)
    path.write_text("1\nAda\t1\t4\nAda\t1\tBen\t2\n")  # pairsDevTest.txt has no number of folds
    assert read_pairs(path).folds == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("ten\t300\n", "begins with"),
        ("0\t300\n", "begins with"),
        ("1\t1\nAda\t1\t2\n", "has 1 pairs; its first line promises 2"),
        ("1\t1\nAda\t1\t2\nAda\tx\tBen\t2\n", "line 3 is"),
        ("1\t1\nAda\t1\t2\nAda\t1\tBen\t2\t3\n", "line 3 is"),
        ("1\t1\nAda\t1\t2\n../etc\t1\tBen\t2\n", "not folder names"),
    ],
)
def test_other_lists_are_refused_with_their_line(tmp_path, text, message):
    path = tmp_path / "pairs.txt"
    path.write_text(text)
    with pytest.raises(DatasetRejected, match=message):
        read_pairs(path)


def test_a_list_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(DatasetRejected, match="cannot be read"):
        read_pairs(tmp_path / "gone.txt")
    (tmp_path / "latin.txt").write_bytes(b"1\t1\n\xe9\n")
    with pytest.raises(DatasetRejected, match="UTF-8"):
        read_pairs(tmp_path / "latin.txt")


def test_pairs_with_a_missing_picture_are_skipped_and_counted(tmp_path):
    make_tree(tmp_path, {"Ada": 2, "Ben": 1})
    pairs = PairList(
        (Pair("Ada", 1, "Ada", 2, 0), Pair("Ada", 1, "Ada", 3, 0), Pair("Ada", 1, "Ben", 1, 0),
         Pair("Cy", 1, "Ben", 1, 0)), 1
    )  # fmt: skip
    found = locate_pairs(pairs, root=tmp_path)
    assert (len(found.pairs), found.skipped) == (2, 2)
    assert found.second[1] == tmp_path / "Ben" / "Ben_0001.jpg"
    assert check_pairs(pairs, root=tmp_path).missing_pictures == ("Ada/Ada_0003", "Cy/Cy_0001")
    with pytest.raises(DatasetRejected, match="folder above"):
        locate_pairs(pairs, root=tmp_path / "Ada")


def test_a_worthless_list_is_found_out():
    pairs = PairList(
        (
            Pair("a", 1, "a", 1, 0),  # a picture with itself
            Pair("a", 1, "b", 2, 0),
            Pair("b", 2, "a", 1, 1),  # the same pair the other way round
            Pair("c", 1, "c", 2, 1),
        ),
        2,
    )
    found = check_pairs(pairs)
    assert (found.self_pairs, found.duplicates, found.people_in_two_folds) == (1, 1, 2)
    assert not found.is_usable
    assert found.is_balanced


def test_uneven_folds_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="same number"):
        write_pairs(tmp_path / "pairs.txt", PairList((Pair("a", 1, "a", 2, 0),), 1))
