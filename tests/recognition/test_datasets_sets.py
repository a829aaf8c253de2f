"""Manifests, groups, clips and verification files: what is read, and what is refused and why."""

import json
import os
import pickle
import pickletools

import numpy as np
import pytest

from recognition.datasets import (
    DatasetRejected,
    VerificationSet,
    all_clip_pairs,
    list_clips,
    read_clip_pairs,
    read_groups,
    read_leave_out,
    read_open_set,
    read_pickled_bin,
    read_verification_set,
    write_verification_set,
)
from tests.realdata import real_photos

ENTRIES = [
    {"file": "images/a1.jpg", "identity": "Ada", "role": "enroll"},
    {"file": "images/a2.jpg", "identity": "Ada", "role": "probe"},
    {"file": "images/x1.jpg", "identity": "Xi", "role": "unknown"},
    {"file": "images/y1.jpg", "identity": "Yu", "role": "unknown"},
]


def written(path, value):
    path.write_text(json.dumps(value))
    return path


def test_roles_and_files_beside_the_manifest(tmp_path):
    found = read_open_set(written(tmp_path / "manifest.json", ENTRIES))
    assert [entry.identity for entry in found.of("unknown")] == ["Xi", "Yu"]
    assert found.of("enroll")[0].path == tmp_path / "images" / "a1.jpg"
    assert found.left_out == 0


@pytest.mark.parametrize("root", ["set", "set/images"])
def test_the_root_may_be_given_with_or_without_the_paths_first_folder(tmp_path, root):
    (tmp_path / "set" / "images").mkdir(parents=True)
    (tmp_path / "set" / "images" / "a1.jpg").write_bytes(b"picture")
    found = read_open_set(written(tmp_path / "manifest.json", ENTRIES), root=tmp_path / root)
    assert found.of("enroll")[0].path == tmp_path / "set" / "images" / "a1.jpg"


def test_identities_are_left_out_by_the_first_name_on_each_line(tmp_path):
    names = tmp_path / "conflicts.txt"
    names.write_text("# why\nXi\tAda\n\n")
    left_out = read_leave_out(names)
    assert left_out == {"Xi"}
    found = read_open_set(written(tmp_path / "m.json", ENTRIES), leave_out=left_out)
    assert ([entry.identity for entry in found.of("unknown")], found.left_out) == (["Yu"], 1)
    assert [entry.identity for entry in found.of("probe")] == ["Ada"]


def changed(number, **fields):
    return [*ENTRIES[:number], {**ENTRIES[number], **fields}, *ENTRIES[number + 1 :]]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"enroll": []}, "no list"),
        ([], "no list"),
        (changed(0, role="gallery"), "entry 1 has the role 'gallery'"),
        (changed(0, identity=None), "entry 1 is"),
        (["a.jpg"], "entry 1 is"),
        (changed(1, identity="Ben"), "Ben is looked for and not enrolled"),
        (changed(2, identity="Ada"), "Ada is enrolled and also a stranger"),
        (changed(3, file="images/x1.jpg"), "named twice"),
        (changed(0, file="../a.jpg"), "leads out of its folder"),
        (changed(0, file="/etc/passwd"), "leads out of its folder"),
        (ENTRIES[:2], "nobody of the role 'unknown'"),
    ],
)
def test_manifests_that_contradict_themselves_are_refused(tmp_path, value, message):
    with pytest.raises(DatasetRejected, match=message):
        read_open_set(written(tmp_path / "manifest.json", value))


def test_a_manifest_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "m.json").write_text("{")
    with pytest.raises(DatasetRejected, match="no JSON"):
        read_open_set(tmp_path / "m.json")
    with pytest.raises(DatasetRejected, match="cannot be read"):
        read_open_set(tmp_path / "gone.json")


@pytest.mark.realdata
def test_the_three_published_manifests_are_read():
    lfw, small = real_photos("lfw"), real_photos("lfw_small")
    conflicts = read_leave_out(lfw / "label_conflicts.txt")
    assert len(conflicts) == 10
    counts = {}
    for name, path in {
        "small": small / "manifest.json",
        "1": lfw / "openset_1.json",
        "3": lfw / "openset_3.json",
    }.items():
        found = read_open_set(path)
        counts[name] = tuple(len(found.of(role)) for role in ("enroll", "probe", "unknown"))
        assert all(entry.path.is_file() for entry in found.entries)
    assert counts == {
        "small": (144, 144, 60),
        "1": (1482, 2534, 2618),
        "3": (1122, 704, 2618),
    }
    # the two large ones were made without the labels in dispute
    assert read_open_set(lfw / "openset_1.json", leave_out=conflicts).left_out == 0


def test_groups_name_files_or_people(tmp_path):
    path = tmp_path / "groups.csv"
    path.write_text('file,label\nAda/Ada_0001.jpg,young\n"Quist, Zoe",old\n')
    assert read_groups(path) == {"Ada/Ada_0001.jpg": "young", "Quist, Zoe": "old"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.jpg\n", "line 1 is"),
        ("a.jpg,x\nb.jpg,\n", "line 2 is"),
        ("a.jpg,x\na.jpg,y\n", "an earlier line says 'x'"),
        ("file,label\n", "names no groups"),
    ],
)
def test_other_group_lists_are_refused(tmp_path, text, message):
    (tmp_path / "groups.csv").write_text(text)
    with pytest.raises(DatasetRejected, match=message):
        read_groups(tmp_path / "groups.csv")


@pytest.fixture
def clips(tmp_path):
    for clip, frames in {"Ada/0": 3, "Ada/1": 2, "Ben/0": 1}.items():
        folder = tmp_path / "clips" / clip
        folder.mkdir(parents=True)
        for number in range(frames):
            (folder / f"{number:04d}.jpg").write_bytes(b"frame")
    (tmp_path / "clips" / "Flat").mkdir()  # a person without clips
    return list_clips(tmp_path / "clips")


def test_clips_are_folders_in_folders(clips, tmp_path):
    assert {name: len(clip.frames) for name, clip in clips.items()} == {
        "Ada/0": 3,
        "Ada/1": 2,
        "Ben/0": 1,
    }
    assert [(p.first, p.second, p.is_same) for p in all_clip_pairs(list(clips.values()))] == [
        ("Ada/0", "Ada/1", True),
        ("Ada/0", "Ben/0", False),
        ("Ada/1", "Ben/0", False),
    ]
    with pytest.raises(DatasetRejected, match="holds no clips"):
        list_clips(tmp_path / "clips" / "Ada")


def test_splits_of_youtube_faces_are_read(clips, tmp_path):
    path = tmp_path / "splits.txt"
    path.write_text(
        "split number, first name, second name, is same?\n1, Ada/0, Ada/1, 1\n"
        "2, Ada/0, Ben/0, 0\n2, Ada/0, Gone/7, 0\n"
    )
    pairs, skipped = read_clip_pairs(path, clips=clips)
    assert [(pair.fold, pair.is_same) for pair in pairs] == [(0, True), (1, False)]
    assert skipped == 1
    path.write_text("1, Ada/0, Ada/1, yes\n")
    with pytest.raises(DatasetRejected, match="line 1 is"):
        read_clip_pairs(path, clips=clips)
    path.write_text("1, X/0, Y/1, 0\n")
    with pytest.raises(DatasetRejected, match="none of its 1 pairs"):
        read_clip_pairs(path, clips=clips)


PICTURES = (b"\xff\xd8one", b"\xff\xd8two", b"\xff\xd8three", b"\x00\x80\xff")
SET = VerificationSet(PICTURES, (True, False))


def python2_bytes(value: bytes) -> bytes:
    """The opcode that Python 2 wrote a str with; Python 3 writes it no more."""
    return b"T" + len(value).to_bytes(4, "little") + value


def python2_file() -> bytes:
    items = b"".join(python2_bytes(picture) for picture in PICTURES)
    return b"\x80\x02((" + items + b"l(\x88\x89lt."


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (python2_file(), "Python 2, as the published files are"),
        (pickle.dumps((list(PICTURES), [True, False]), protocol=0), "Python 3, text protocol"),
        (pickle.dumps((list(PICTURES), [True, False]), protocol=2), "Python 3 for Python 2"),
        (pickle.dumps((list(PICTURES), [True, False])), "Python 3"),
        (pickle.dumps([[bytearray(p) for p in PICTURES], (1, 0)], protocol=5), "byte arrays, ints"),
    ]
    + [
        (
            pickle.dumps(
                ([np.frombuffer(p, np.uint8) for p in PICTURES], np.array([True, False])), protocol
            ),
            f"numpy arrays by protocol {protocol}",
        )
        for protocol in (2, 4, 5)
    ]
    + [
        (
            pickle.dumps((list(PICTURES), [np.bool_(True), np.bool_(False)]), 4),
            "numpy's own booleans",
        )
    ],
)  # fmt: skip
def test_old_files_are_read_whoever_wrote_them(tmp_path, content, why):
    (tmp_path / "old.bin").write_bytes(content)
    found = read_pickled_bin(tmp_path / "old.bin")
    assert (found.pictures, found.is_same) == (PICTURES, (True, False)), why
    assert read_verification_set(tmp_path / "old.bin").pictures == PICTURES, why


class Attack:
    """Unpickled by the standard library, it would call whatever it names."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_file_that_wants_to_run_something_is_refused_and_does_not(tmp_path, protocol):
    trace = tmp_path / "trace"
    for attack in (
        Attack(os.system, f"touch {trace}"),
        Attack(eval, f"open({str(trace)!r}, 'w')"),
        Attack(os.mkdir, str(trace)),
    ):
        content = pickle.dumps(([attack, attack], [True]), protocol=protocol)
        assert any(
            code.name in {"GLOBAL", "STACK_GLOBAL"} for code, *_ in pickletools.genops(content)
        )
        (tmp_path / "evil.bin").write_bytes(content)
        with pytest.raises(DatasetRejected, match="which a file of this kind never needs"):
            read_verification_set(tmp_path / "evil.bin")
        assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no verification set"),
        (b"\x80\x04garbage", "no verification set"),
        (pickle.dumps(([b"a", b"b"], [True]))[:-4], "no verification set"),
        (pickle.dumps({"pictures": []}), "expected these two lists"),
        (pickle.dumps(([b"a"], [True])), "expected two a pair"),
        (pickle.dumps(([], [])), "at least one pair"),
        (pickle.dumps((["a", "b"], [True])), "expected a picture's bytes"),
        (pickle.dumps(([b"a", b"b"], [7])), "expected true or false"),
        (pickle.dumps(([b"a", b"b"], ["yes"])), "expected true or false"),
        (pickle.dumps((b"ab", [True])), "expected two lists"),
        (pickle.dumps(([np.zeros(3), np.zeros(3)], [True])), "expected bytes or booleans"),
        (pickle.dumps(([np.array([object()]), b"b"], [True])), "it asks for|expected bytes"),
    ],
)
def test_other_pickles_are_refused(tmp_path, content, message):
    (tmp_path / "other.bin").write_bytes(content)
    with pytest.raises(DatasetRejected, match=message):
        read_verification_set(tmp_path / "other.bin")


def test_our_container_holds_the_same_and_needs_no_pickle(tmp_path):
    path = tmp_path / "set.any-name"
    named = VerificationSet(PICTURES, (True, False), ("Ada", "Ada", "Ben", "Zoë"))
    write_verification_set(path, named)
    found = read_verification_set(path)
    assert (found.pictures, found.is_same, found.names) == (
        named.pictures,
        named.is_same,
        named.names,
    )
    with np.load(path, allow_pickle=False) as stored:
        assert set(stored.files) == {"format", "data", "ends", "is_same", "names"}
    write_verification_set(path, SET)
    assert read_verification_set(path).names == ()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("format", np.array("other-7"), "has the format other-7"),
        ("ends", np.array([5, 3, 9, 14]), "do not fit"),
        ("ends", np.array([5, 10, 17, 99]), "do not fit"),
        ("ends", np.array([-4, 10, 17, 20]), "do not fit"),
        ("ends", np.array(7), "do not fit"),
        ("is_same", np.array([1, 0]), "do not fit"),
        ("is_same", np.array([True]), "expected two a pair"),
        ("names", np.array(["Ada"]), "expected one each"),
        ("data", np.array([object()], dtype=object), "no verification set of ours"),
    ],
)
def test_a_damaged_container_is_refused(tmp_path, name, value, message):
    path = tmp_path / "set.npz"
    write_verification_set(path, SET)
    with np.load(path) as stored:
        arrays = dict(stored)
    with path.open("wb") as file:
        np.savez(file, **{**arrays, name: value})
    with pytest.raises(DatasetRejected, match=message):
        read_verification_set(path)


def test_half_a_container_and_no_file_are_refused(tmp_path):
    path = tmp_path / "set.npz"
    write_verification_set(path, SET)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DatasetRejected, match="no verification set of ours"):
        read_verification_set(path)
    for read in (read_verification_set, read_pickled_bin):
        with pytest.raises(DatasetRejected, match="cannot be read"):
            read(tmp_path / "gone.bin")
