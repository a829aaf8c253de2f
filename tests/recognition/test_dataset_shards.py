"""Shards hold the very files, tell damage, and are plain tar archives in webdataset's layout."""

import io
import json
import multiprocessing
import pickle
import tarfile
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from recognition.datasets.errors import DatasetRejected
from recognition.datasets.read_speed import measure_read_speed
from recognition.datasets.shard_writing import pack_folder, unpack_shards
from recognition.datasets.shards import INDEX_FILE, check_shards, open_shards
from recognition.images import decode_image
from tests.recognition.made_sets import write_set

COUNTS = {"Ada": 4, "Bob": 1, "Cléo Ünal": 6}


@pytest.fixture
def folder(tmp_path):
    write_set(tmp_path / "faces", COUNTS)
    return tmp_path / "faces"


@pytest.fixture
def packed(folder, tmp_path):
    pack_folder(folder, tmp_path / "packed", pictures_per_shard=4, seed=1)
    return tmp_path / "packed"


def test_every_picture_comes_back_with_its_name_label_and_bytes(folder, packed):
    source = open_shards(packed)
    assert source.names == ("Ada", "Bob", "Cléo Ünal")
    assert len(source) == 11
    seen = {}
    for row in range(len(source)):
        path = folder / source.key(row)
        assert source.names[source.label(row)] == path.parent.name
        assert source.content(row) == path.read_bytes()
        assert np.array_equal(source.read(row), decode_image(path.read_bytes()).picture)
        seen[source.key(row)] = source.label(row)
    assert len(seen) == 11
    assert len(list(packed.glob("*.tar"))) == 3  # 4 + 4 + 3


def test_classes_are_mixed_and_the_same_seed_mixes_the_same_way(folder, packed, tmp_path):
    first = open_shards(packed)
    pack_folder(folder, tmp_path / "again", pictures_per_shard=4, seed=1)
    pack_folder(folder, tmp_path / "other", pictures_per_shard=4, seed=2)
    keys, again, other = (
        [source.key(row) for row in range(11)]
        for source in (first, open_shards(tmp_path / "again"), open_shards(tmp_path / "other"))
    )
    assert keys == again
    assert keys != other
    assert sorted(keys) == sorted(other)
    assert keys != sorted(keys)


def test_any_tar_reads_the_archives_in_webdatasets_layout(folder, packed):
    """A record is the members of one name up to the first dot."""
    found = {}
    for path in sorted(packed.glob("*.tar")):
        with tarfile.open(path) as archive:
            for member in archive:
                stem, _, kind = member.name.partition(".")
                found.setdefault(stem, {})[kind] = archive.extractfile(member).read()
    assert len(found) == 11
    for record in found.values():
        note = json.loads(record["json"])
        assert (folder / note["key"]).read_bytes() == record["jpg"]
        assert sorted(COUNTS)[int(record["cls"])] == note["class"]


def test_unpacking_gives_the_folder_back(folder, packed, tmp_path):
    assert unpack_shards(packed, tmp_path / "back") == 11
    before = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.jpg")}
    after = {
        p.relative_to(tmp_path / "back"): p.read_bytes() for p in (tmp_path / "back").rglob("*.*")
    }
    assert before == after


def test_corrupt_pictures_and_empty_classes_are_left_out_and_named(folder, tmp_path):
    (folder / "Empty").mkdir()
    (folder / "Damaged").mkdir()
    (folder / "Damaged" / "half.jpg").write_bytes(
        next((folder / "Ada").iterdir()).read_bytes()[:400]
    )
    (folder / "Ada" / "note.jpg").write_bytes(b"no picture at all")
    report = pack_folder(folder, tmp_path / "out")
    assert (report.pictures, report.classes) == (11, 3)
    assert set(report.skipped) == {"Damaged/half.jpg", "Ada/note.jpg"}
    assert open_shards(tmp_path / "out").names == ("Ada", "Bob", "Cléo Ünal")


def test_a_folder_without_a_readable_picture_is_refused(tmp_path):
    (tmp_path / "faces" / "Ada").mkdir(parents=True)
    (tmp_path / "faces" / "Ada" / "a.jpg").write_bytes(b"")
    with pytest.raises(DatasetRejected, match="no picture that can be read"):
        pack_folder(tmp_path / "faces", tmp_path / "out")
    assert not (tmp_path / "out" / INDEX_FILE).exists()


def test_a_folder_with_something_in_it_is_not_written_to(folder, packed):
    with pytest.raises(DatasetRejected, match="not an empty folder"):
        pack_folder(folder, packed)


def test_a_shard_cut_in_half_does_not_open_and_what_is_lost_is_listed(packed):
    shard = packed / "shard-000001.tar"
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetRejected, match=r"shard-000001\.tar has .* bytes; expected"):
        open_shards(packed)
    lost = check_shards(packed)
    assert {record.shard for record in lost} == {"shard-000001.tar"}
    assert 0 < len(lost) < 4  # what lies in the half that is there can be read


def test_a_missing_shard_loses_all_of_its_pictures(packed):
    (packed / "shard-000002.tar").unlink()
    with pytest.raises(DatasetRejected, match="is missing"):
        open_shards(packed)
    assert len(check_shards(packed)) == 3


def test_one_changed_byte_is_noticed_when_its_picture_is_read(packed):
    source = open_shards(packed)
    shard = packed / source.shard_of(0)
    content = shard.read_bytes()
    at = content.index(source.content(0)) + 30
    shard.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    damaged = open_shards(packed)
    with pytest.raises(DatasetRejected, match="other bytes than were packed"):
        damaged.read(0)
    assert [record.key for record in check_shards(packed)] == [source.key(0)]
    assert damaged.read(1).ndim == 3


def one_array():
    content = io.BytesIO()
    np.save(content, np.zeros(3))
    return content.getvalue()


@pytest.mark.parametrize(
    ("damage", "message", "why"),
    [
        (lambda path: path.unlink(), "interrupted", "packing that did not end has no index"),
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "no index of shards", "cut"),
        (lambda path: path.write_bytes(b"text"), "no index of shards", "something else"),
        (lambda path: path.write_bytes(b""), "no index of shards", "a disk that was full"),
        (lambda path: path.write_bytes(one_array()), "no index of shards", "one array"),
        (lambda path: np.savez(path, format=np.array("x")), "has the format x", "another kind"),
    ],
)
def test_a_damaged_index_is_refused(packed, damage, message, why):
    damage(packed / INDEX_FILE)
    with pytest.raises(DatasetRejected, match=message):
        open_shards(packed)


@pytest.mark.parametrize(
    "change",
    [{"label": np.full(11, 9)}, {"shard": np.full(11, 3)}, {"files": np.array(["../a.tar"] * 3)}],
)
def test_an_index_that_points_outside_is_refused(packed, change):
    with np.load(packed / INDEX_FILE) as stored:
        arrays = {name: stored[name] for name in stored.files}
    np.savez(packed / INDEX_FILE, **(arrays | change))
    with pytest.raises(DatasetRejected, match="do not fit together"):
        open_shards(packed)


def test_unpacking_writes_nothing_outside_its_folder(packed, tmp_path):
    with np.load(packed / INDEX_FILE) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["keys"] = np.array(["../outside.jpg"] * 11)
    np.savez(packed / INDEX_FILE, **arrays)
    with pytest.raises(DatasetRejected, match="lies outside"):
        unpack_shards(packed, tmp_path / "back")
    assert not (tmp_path / "outside.jpg").exists()


def _length_of(source, row):
    return len(source.content(row))


def test_a_source_travels_to_other_processes_as_loaders_need(packed):
    source = open_shards(packed)
    expected = [len(source.content(row)) for row in range(4)]  # files are open by now
    assert len(pickle.loads(pickle.dumps(source))) == 11  # noqa: S301 - our own
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert list(pool.map(_length_of, [source] * 4, range(4))) == expected


def test_read_speed_compares_the_same_pictures(folder, packed):
    found = measure_read_speed(folder, shards=packed, pictures=8, rounds=1)
    assert found.pictures == 8
    assert [(rate.what, rate.order) for rate in found.rates] == [
        ("bytes", "stored"),
        ("bytes", "random"),
        ("decoded", "stored"),
        ("decoded", "random"),
    ]
    assert all(rate.folder > 0 and rate.shards > 0 for rate in found.rates)


def test_read_speed_refuses_shards_of_another_folder(packed, tmp_path):
    write_set(tmp_path / "others", {"Zoe": 2})
    with pytest.raises(DatasetRejected, match="packed from another folder"):
        measure_read_speed(tmp_path / "others", shards=packed)


def test_the_archives_end_as_tar_asks(packed):
    """Two blocks of zeros: without them other tools warn."""
    content = (packed / "shard-000000.tar").read_bytes()
    assert content.endswith(bytes(1024))
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert archive.getnames()
