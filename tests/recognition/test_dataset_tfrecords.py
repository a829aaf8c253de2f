"""TensorFlow's record files: written here by their format, read back, cut and damaged."""

import json
import struct

import cv2
import numpy as np
import pytest

from recognition import cli
from recognition.datasets.errors import DatasetRejected
from recognition.datasets.tfrecords import _masked, decode_tfrecords


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def feature(value):
    if isinstance(value, bytes):
        return field(1, field(1, value))
    if isinstance(value, float):
        return field(2, field(1, struct.pack("<f", value)))
    return field(3, field(1, varint(value)))


def example(**features):
    entries = b"".join(
        field(1, field(1, name.replace("__", "/").encode()) + field(2, feature(value)))
        for name, value in features.items()
    )
    return field(1, entries)


def record(data):
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", _masked(head)) + data + struct.pack("<I", _masked(data))


def picture(seed, suffix=".png"):
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 40, 3), np.uint8)
    return cv2.imencode(suffix, pixels)[1].tobytes()


def labelled(seed, label, **others):
    return record(
        example(image__encoded=picture(seed), image__class__label=label, image__x=0.5, **others)
    )


def test_checksums_are_those_of_the_format():
    """CRC-32C of RFC 3720's examples (B.4), masked as record files mask theirs."""

    def unmasked(number):
        turned = (number - 0xA282EAD8) & 0xFFFFFFFF
        return (turned >> 17 | turned << 15) & 0xFFFFFFFF

    assert unmasked(_masked(bytes(32))) == 0x8A9136AA
    assert unmasked(_masked(b"\xff" * 32)) == 0x62A8AB43
    assert unmasked(_masked(bytes(range(32)))) == 0x46DD794E
    assert unmasked(_masked(b"123456789")) == 0xE3069283


def test_pictures_come_back_as_they_were_by_number_and_by_name(tmp_path):
    one, two = tmp_path / "a.tfrecord", tmp_path / "b.tfrecord"
    one.write_bytes(labelled(1, 7) + labelled(2, -3) + labelled(3, 7))
    two.write_bytes(record(example(image__class__label="Zoë/".encode(), image__encoded=picture(4))))
    report = decode_tfrecords([one, two], tmp_path / "out")
    assert (report.pictures, report.classes, report.skipped) == (4, 3, ())
    kept = {p.relative_to(tmp_path / "out") for p in (tmp_path / "out").rglob("*.png")}
    assert len(kept) == 4
    assert (tmp_path / "out" / "7" / "a.tfrecord-00000003.png").read_bytes() == picture(3)
    assert all(path.parts[0] in {"7", "-3"} or path.parts[0].startswith("Zo") for path in kept)


def test_other_keys_are_named(tmp_path):
    path = tmp_path / "a.tfrecord"
    path.write_bytes(record(example(jpeg=picture(1, ".jpg"), who=b"ada")))
    with pytest.raises(DatasetRejected, match="it has no 'image/encoded', but jpeg, who"):
        decode_tfrecords([path], tmp_path / "none")
    assert decode_tfrecords([path], tmp_path / "o", picture_key="jpeg", label_key="who").pictures
    assert (tmp_path / "o" / "ada" / "a.tfrecord-00000001.jpg").is_file()


def test_a_damaged_record_is_left_out_and_those_behind_it_are_read(tmp_path):
    first, second, third = (bytearray(labelled(n, n)) for n in (1, 2, 3))
    second[len(second) // 2] ^= 1
    path = tmp_path / "a.tfrecord"
    path.write_bytes(first + second + third)
    report = decode_tfrecords([path], tmp_path / "out")
    assert report.pictures == 2
    (said,) = report.skipped
    assert "a.tfrecord, record 2: its bytes do not fit their checksum" in said


@pytest.mark.parametrize(
    ("cut", "said"), [(-1, "is cut off"), (-2000, "is cut off"), (5, "in a record's length")]
)
def test_of_a_file_that_is_cut_off_what_is_whole_is_read(tmp_path, cut, said):
    whole, half = labelled(1, 1), labelled(2, 2)
    path = tmp_path / "a.tfrecord"
    path.write_bytes(whole + half[:cut])
    report = decode_tfrecords([path], tmp_path / "out")
    assert report.pictures == 1
    assert said in report.skipped[0]


def test_behind_a_wrong_length_nothing_is_believed(tmp_path):
    broken = bytearray(labelled(2, 2))
    broken[3] ^= 0x40
    path = tmp_path / "a.tfrecord"
    path.write_bytes(labelled(1, 1) + broken + labelled(3, 3))
    report = decode_tfrecords([path], tmp_path / "out")
    assert report.pictures == 1
    assert "damaged from here on" in report.skipped[0]


@pytest.mark.parametrize(
    "data",
    [
        b"\x0f",
        b"\xff" * 12,
        field(1, b"\x0a\x7f"),
        example(image__encoded=b"no picture", image__class__label=1),
        example(image__encoded=3, image__class__label=1),
        example(image__encoded=b"x", image__class__label=0.5),
    ],
)
def test_what_is_no_labelled_picture_is_named(tmp_path, data):
    path = tmp_path / "a.tfrecord"
    path.write_bytes(labelled(1, 1) + record(data))
    report = decode_tfrecords([path], tmp_path / "out")
    assert report.pictures == 1
    assert report.skipped[0].startswith(f"{path}, record 2: ")


def test_labels_lead_nowhere_else(tmp_path):
    path = tmp_path / "a.tfrecord"
    path.write_bytes(labelled(1, b"../../up") + labelled(2, b".."))
    decode_tfrecords([path], tmp_path / "in" / "out")
    assert len(list((tmp_path / "in" / "out").rglob("*.png"))) == 2
    assert not list(tmp_path.glob("*up*"))


def test_the_command_says_what_it_left_out(tmp_path, capsys):
    path = tmp_path / "a.tfrecord"
    path.write_bytes(labelled(1, 1) + b"half")
    out = tmp_path / "out"
    assert cli.main(["dataset", "decode-tfrecord", str(out), str(path), "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert (printed["pictures"], len(printed["skipped"])) == (1, 1)
    assert cli.main(["dataset", "decode-tfrecord", str(tmp_path / "p"), str(out / "none")]) == 1
    assert "cannot be read" in capsys.readouterr().err
