"""Archives, tables and lists from elsewhere: round trips, and nothing leads out of its folder."""

import base64
import hashlib
import io
import tarfile
import zipfile

import pytest

from recognition.datasets.archives import (
    decode_table,
    group_by_name,
    rename_classes,
    unpack_archive,
)
from recognition.datasets.errors import DatasetRejected
from tests.faces import jpeg_bytes
from tests.recognition.made_sets import picture, write_set


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tar_of(path, *members):
    with tarfile.open(path, "w:gz") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def zip_of(path, *members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def test_a_tar_and_a_zip_are_unpacked_once_their_digest_is_right(tmp_path):
    tar = tar_of(tmp_path / "a.tar.gz", (tarfile.TarInfo("Ada/1.jpg"), b"one"))
    zipped = zip_of(tmp_path / "a.zip", ("Ada/1.jpg", b"one"), ("Ada/2.jpg", b"two"))
    assert unpack_archive(tar, tmp_path / "t", sha256=digest(tar).upper()) == 1
    assert unpack_archive(zipped, tmp_path / "z", sha256=digest(zipped)) == 2
    assert (tmp_path / "t" / "Ada" / "1.jpg").read_bytes() == b"one"
    assert (tmp_path / "z" / "Ada" / "2.jpg").read_bytes() == b"two"


def test_another_digest_unpacks_nothing(tmp_path):
    zipped = zip_of(tmp_path / "a.zip", ("Ada/1.jpg", b"one"))
    with pytest.raises(DatasetRejected, match="has the SHA-256"):
        unpack_archive(zipped, tmp_path / "out", sha256="0" * 64)
    assert not (tmp_path / "out").exists()


def _link(kind):
    info = tarfile.TarInfo("Ada/link")
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (lambda p: tar_of(p, (tarfile.TarInfo("../out.txt"), b"x")), "a tar that climbs"),
        (lambda p: tar_of(p, (tarfile.TarInfo("/out.txt"), b"x")), "an absolute name"),
        (lambda p: tar_of(p, (_link(tarfile.SYMTYPE), b"")), "a symbolic link"),
        (lambda p: tar_of(p, (_link(tarfile.LNKTYPE), b"")), "a hard link"),
        (lambda p: tar_of(p, (_link(tarfile.CHRTYPE), b"")), "a device"),
        (lambda p: zip_of(p, ("../out.txt", b"x")), "a zip that climbs"),
        (lambda p: zip_of(p, ("..\\out.txt", b"x")), "Windows' way up"),
    ],
)
def test_members_that_would_lie_elsewhere_are_refused(tmp_path, build, why):
    archive = build(tmp_path / "a.bin")
    with pytest.raises(DatasetRejected):
        unpack_archive(archive, tmp_path / "out", sha256=digest(archive))
    assert not (tmp_path / "out").exists(), why
    assert not (tmp_path / "out.txt").exists(), why


def test_half_an_archive_and_none_are_refused(tmp_path):
    whole = tar_of(tmp_path / "a.tar.gz", (tarfile.TarInfo("a.jpg"), b"x" * 90_000))
    half = tmp_path / "half.tar.gz"
    half.write_bytes(whole.read_bytes()[:100])
    text = tmp_path / "text.zip"
    text.write_text("no archive")
    for path in (half, text):
        with pytest.raises(DatasetRejected, match=r"no zip or tar|cannot be unpacked"):
            unpack_archive(path, tmp_path / "out", sha256=digest(path))
    with pytest.raises(DatasetRejected, match="cannot be read"):
        unpack_archive(tmp_path / "none.zip", tmp_path / "out", sha256="0" * 64)


def test_an_archive_behind_a_password_is_refused(tmp_path):
    archive = zip_of(tmp_path / "a.zip", ("p/1.jpg", b"x"))
    data = bytearray(archive.read_bytes())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(header) + flags] |= 1  # "encrypted"
    archive.write_bytes(bytes(data))
    with pytest.raises(DatasetRejected, match="cannot be unpacked"):
        unpack_archive(archive, tmp_path / "out", sha256=digest(archive))


def test_an_archive_that_grows_too_large_is_refused(tmp_path):
    zipped = zip_of(tmp_path / "a.zip", ("zeros", bytes(5000)))
    with pytest.raises(DatasetRejected, match="unpacks to more"):
        unpack_archive(zipped, tmp_path / "out", sha256=digest(zipped), most_bytes=4999)


def row(mid, name, number, data):
    encoded = base64.b64encode(data).decode()
    return "\t".join([mid, name, "1", "http://a/b", str(number), encoded])


def test_a_table_becomes_folders_and_its_bad_rows_are_named(tmp_path):
    jpeg = jpeg_bytes(picture(1))
    table = tmp_path / "faces.tsv"
    table.write_text(
        "\n".join(
            [
                row("m.01", "a/b", 0, jpeg),
                row("m.01", "c", 1, jpeg_bytes(picture(2))),
                row("m.02", "c", 0, jpeg),
                "m.03\ttoo few",
                row("m.03", "c", 0, b"no picture"),
                "\t".join(["m.03", "d", "1", "u", "5", "not base64!"]),
                row("..", "e", 6, jpeg),
                row("m.02", "c", 0, jpeg),
            ]
        )
        + "\n"
    )
    report = decode_table(table, tmp_path / "out")
    assert (report.pictures, report.classes) == (4, 3)
    assert [line.split(":")[0] for line in report.skipped] == ["4", "5", "6", "8"]
    written = {
        p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.jpg")
    }
    assert written == {"m.01/a_b-0.jpg", "m.01/c-1.jpg", "m.02/c-0.jpg", "_/e-6.jpg"}
    assert (tmp_path / "out" / "m.01" / "a_b-0.jpg").read_bytes() == jpeg


def test_a_table_without_a_picture_is_refused(tmp_path):
    table = tmp_path / "faces.tsv"
    table.write_text("name\turl\n")
    with pytest.raises(DatasetRejected, match="no row that ends in a picture"):
        decode_table(table, tmp_path / "out")


def test_folders_are_renamed_by_a_list(tmp_path):
    write_set(tmp_path / "faces", {"0000045": 1, "0000099": 1, "0000103": 1})
    names = tmp_path / "names.txt"
    names.write_text("0000045 A.J. Buckley\n0000099\tAJ_Cook\n0000777 Nobody\n")
    assert rename_classes(tmp_path / "faces", names) == (2, ("0000777",))
    assert {p.name for p in (tmp_path / "faces").iterdir()} == {
        "A.J._Buckley",
        "AJ_Cook",
        "0000103",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 A\n2 A\n", "two folders one name"),
        ("1 2\n", "two folders one name"),
        ("1 ../x\n", "expected old<tab>new"),
        ("1\n", "expected old<tab>new"),
    ],
)
def test_a_list_that_would_lose_a_folder_renames_nothing(tmp_path, text, message):
    write_set(tmp_path / "faces", {"1": 1, "2": 1})
    names = tmp_path / "names.txt"
    names.write_text(text)
    with pytest.raises(DatasetRejected, match=message):
        rename_classes(tmp_path / "faces", names)
    assert {p.name for p in (tmp_path / "faces").iterdir()} == {"1", "2"}


def test_a_heap_is_sorted_by_the_names_of_its_files(tmp_path):
    heap = tmp_path / "heap"
    heap.mkdir()
    for name in (
        "53_Robin_Williams_0001.jpg",
        "14_Robin_Williams_0002.jpg",
        "9_A_0001.jpg",
        "x.jpg",
    ):
        (heap / name).write_bytes(b"x")
    count, others = group_by_name(sorted(heap.iterdir()), tmp_path / "out", pattern=r"\d+_(.+)_\d+")
    assert count == 3
    assert [path.name for path in others] == ["x.jpg"]
    assert len(list((tmp_path / "out" / "Robin_Williams").iterdir())) == 2


def test_files_of_one_name_in_two_folders_are_not_written_over_one_another(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1_Ada_1.jpg").write_bytes(folder.encode())
    files = sorted(tmp_path.glob("?/*.jpg"))
    count, others = group_by_name(files, tmp_path / "out", pattern=r"\d+_(.+)_\d+")
    assert (count, others) == (1, (tmp_path / "b" / "1_Ada_1.jpg",))
    assert (tmp_path / "out" / "Ada" / "1_Ada_1.jpg").read_bytes() == b"a"


@pytest.mark.parametrize("pattern", ["(", r"\d+", "never(.)"])
def test_a_pattern_that_cannot_sort_is_refused(tmp_path, pattern):
    (tmp_path / "1_a_1.jpg").write_bytes(b"x")
    with pytest.raises(DatasetRejected):
        group_by_name([tmp_path / "1_a_1.jpg"], tmp_path / "out", pattern=pattern)
