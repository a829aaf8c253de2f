"""Files that are broken, or made to break something: each is really made here."""

from __future__ import annotations

import datetime as dt
import io
import stat
import struct
import time
import tracemalloc
import zipfile

import pytest
from openpyxl import Workbook

from portal.core.archive import ArchiveLimits, ArchiveReader, EntryRefused, open_archive
from portal.core.errors import DomainError
from portal.roster.photos import FolderPhotos, ZipPhotos, photo_digest
from portal.roster.sheets import MAX_ROWS, read_sheet
from tests.factories.pictures import jpeg
from tests.factories.roster import csv_file, entry, xlsx_file, zip_file

MIB = 1024 * 1024
SMALL = ArchiveLimits(max_files=10, max_unpacked_bytes=4 * MIB, max_entry_bytes=3 * MIB)


def photos_in(data: bytes) -> ZipPhotos:
    return ZipPhotos(io.BytesIO(data))


def refusal(data: bytes) -> str:
    with pytest.raises(DomainError) as refused:
        photos_in(data)
    assert refused.value.code == "roster.archive"
    return refused.value.message


class TestArchives:
    @pytest.mark.parametrize(
        "name",
        [
            "../evil.jpg",
            "photos/../../evil.jpg",
            "/etc/evil.jpg",
            "C:/evil.jpg",
            "C:\\evil.jpg",
            "..\\evil.jpg",
            "photos\\1001.jpg",
            "\\\\server\\share\\evil.jpg",
        ],
    )
    def test_a_name_that_points_outside_refuses_the_archive(self, name):
        assert "points outside" in refusal(zip_file({"1001.jpg": jpeg(), name: jpeg()}))

    def test_a_name_with_a_zero_in_it_refuses_the_archive(self):
        data = zip_file({"evilXjpg.txt": b"x"}).replace(b"evilXjpg", b"evil\0jpg")
        assert "points outside" in refusal(data)

    @pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
    def test_a_link_or_a_device_refuses_the_archive(self, kind):
        data = zip_file([(entry("1001.jpg", mode=kind | 0o777), b"/etc/passwd")])
        assert "is a link" in refusal(data)

    def test_ten_thousand_and_one_files_are_refused_before_they_are_listed(self):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for number in range(10_001):
                archive.writestr(f"{number}.jpg", b"")
        assert "10,001 files" in refusal(file.getvalue())

    def test_a_directory_that_hides_its_length_is_refused_by_its_size(self):
        """The count at the end says 1, and 30,000 names follow each other."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for number in range(30_000):
                archive.writestr(f"{number}.jpg", b"")
        data = bytearray(file.getvalue())
        struct.pack_into("<2H", data, len(data) - 22 + 8, 1, 1)
        assert "10,000 are the most" in refusal(bytes(data))

    def test_a_bomb_is_stopped_by_what_comes_out_of_it(self):
        """64 MB of zeros in 64 kB: stopped after the first, and never held."""
        data = zip_file({"1001.jpg": bytes(64 * MIB)})
        assert len(data) < 100_000
        source = photos_in(data)
        tracemalloc.start()
        with pytest.raises(DomainError, match="looks like a trap"):
            source.read("1001.jpg")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8 * MIB

    def test_the_total_is_counted_over_all_files(self):
        noise = bytes(range(256)) * 4096  # 1 MB that does not shrink when stored
        data = zip_file([(f"{n}.jpg", noise) for n in range(6)], compression=zipfile.ZIP_STORED)
        archive = open_archive(io.BytesIO(data), limits=SMALL)
        reader = ArchiveReader(archive, limits=SMALL)
        with pytest.raises(DomainError, match="more than 4 MB"):
            sum(len(reader.read(info)) for info in archive.infolist())

    def test_many_entries_over_the_same_bytes_are_counted_each(self):
        """The bomb without recursion: every name in the directory points at one body."""
        body = zip_file({"a.jpg": bytes(range(256)) * 8192}, compression=zipfile.ZIP_STORED)
        directory = body.index(b"PK\x01\x02")
        end = body.index(b"PK\x05\x06")
        many = 8 * body[directory:end]
        tail = bytearray(body[end:])
        struct.pack_into("<2HL", tail, 8, 8, 8, len(many))
        archive = open_archive(io.BytesIO(body[:directory] + many + bytes(tail)), limits=SMALL)
        reader = ArchiveReader(archive, limits=SMALL)
        with pytest.raises((DomainError, EntryRefused)):
            sum(len(reader.read(info)) for info in archive.infolist())

    def test_a_claim_of_one_gigabyte_is_not_believed(self):
        data = bytearray(zip_file({"1001.jpg": jpeg()}))
        for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
            struct.pack_into("<L", data, data.index(mark) + offset, 1024 * MIB)
        source = photos_in(bytes(data))
        tracemalloc.start()
        with pytest.raises(EntryRefused):
            source.read("1001.jpg")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8 * MIB

    def test_a_claim_of_less_than_comes_is_a_damaged_file(self):
        data = bytearray(zip_file({"1001.jpg": bytes(range(256)) * 1000}))
        for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
            struct.pack_into("<L", data, data.index(mark) + offset, 100)
        with pytest.raises(EntryRefused, match="damaged"):
            photos_in(bytes(data)).read("1001.jpg")

    def test_a_wrong_checksum_costs_that_photo_only(self):
        good = jpeg()
        data = bytearray(
            zip_file([("1.jpg", good), ("2.jpg", good)], compression=zipfile.ZIP_STORED)
        )
        data[data.index(b"1.jpg") + 40] ^= 0xFF
        source = photos_in(bytes(data))
        with pytest.raises(EntryRefused, match="checksum"):
            source.read("1.jpg")
        assert source.read("2.jpg") == good

    def test_what_is_encrypted_nested_doubled_or_no_photo_is_named_and_the_rest_is_read(self):
        nested = zip_file({"x.jpg": jpeg()})
        with pytest.warns(UserWarning, match="Duplicate name"):
            data = bytearray(
                zip_file(
                    [
                        ("good.jpg", jpeg()),
                        ("more.zip", nested),
                        ("more.tar.gz", b"x"),
                        ("twice.jpg", jpeg()),
                        ("twice.jpg", jpeg()),
                        ("Case.jpg", jpeg()),
                        ("case.JPG", jpeg()),
                        ("list.pdf", b"%PDF"),
                        ("locked.jpg", jpeg()),
                        ("__MACOSX/._good.jpg", b"x"),
                        (".DS_Store", b"x"),
                        ("Thumbs.db", b"x"),
                    ]
                )
            )
        for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            # The flag that says “encrypted”, in both headers of locked.jpg.
            at = data.rindex(
                mark, 0, data.rindex(b"locked.jpg") if offset == 8 else data.index(b"locked.jpg")
            )
            data[at + offset] |= 1
        source = photos_in(bytes(data))
        said = dict(source.refused)
        assert source.names == ("good.jpg",)
        assert "archive inside" in said["more.zip"]
        assert "archive inside" in said["more.tar.gz"]
        assert "twice" in said["twice.jpg"]
        assert "twice" in said["Case.jpg"]
        assert said["list.pdf"] == "it is not a photo"
        assert "encrypted" in said["locked.jpg"]
        assert set(said) & {".DS_Store", "Thumbs.db", "__MACOSX/._good.jpg"} == set()

    def test_an_archive_that_calls_itself_a_photo_is_no_picture(self):
        source = photos_in(zip_file({"1001.jpg": zip_file({"x.jpg": jpeg()})}))
        with pytest.raises(EntryRefused, match="not a readable picture"):
            photo_digest(source, "1001.jpg")

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_unusual_ways_of_packing_are_not_unpacked(self, method):
        source = photos_in(zip_file({"1001.jpg": jpeg()}, compression=method))
        with pytest.raises(EntryRefused, match="plain ZIP"):
            source.read("1001.jpg")

    @pytest.mark.parametrize(
        "data",
        [b"", b"PK\x05\x06", b"no archive", zip_file({"a.jpg": jpeg()})[:-10], b"Rar!\x1a\x07\x00"],
        ids=["empty", "only a mark", "text", "cut short", "rar"],
    )
    def test_what_is_no_archive_is_said_to_be_none(self, data):
        assert "not a ZIP file" in refusal(data)

    def test_names_that_are_utf8_without_saying_so_are_read(self):
        data = bytearray(zip_file({"Zoë.jpg": jpeg()}))
        for mark, offset in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
            data[data.index(mark) + offset] &= ~0x08
        assert photos_in(bytes(data)).names == ("Zoë.jpg",)

    def test_a_folder_is_read_without_its_links(self, tmp_path):
        (tmp_path / "7b").mkdir()
        (tmp_path / "7b" / "1001.jpg").write_bytes(jpeg())
        (tmp_path / "link.jpg").symlink_to("/etc/passwd")
        source = FolderPhotos(tmp_path)
        assert source.names == ("7b/1001.jpg",)
        assert source.refused == (("link.jpg", "it is a link, not a file"),)


class TestSpreadsheets:
    LINES = ("Code;Name;Department", "1001;Zoë Müller;Büro", "1002;Bo;")

    @pytest.mark.parametrize(
        "encoding",
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"],
    )
    def test_the_usual_encodings_are_read(self, encoding):
        sheet = read_sheet(csv_file(*self.LINES, encoding=encoding))
        assert sheet.headings == ("Code", "Name", "Department")
        assert sheet.rows[0].cells == ("1001", "Zoë Müller", "Büro")

    @pytest.mark.parametrize(
        ("data", "line"),
        [
            (csv_file("Code,Name", "1,Ada", "2,Bo\0b"), 3),
            (csv_file("Code,Name", "1,Ada") + b"\x81\x8d\x8f", 3),
            (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", 1),
            (csv_file("Code,Name", "1,Ada\x1b[31m"), 2),
            (b"\xef\xbb\xbfCode,Name\r\n1,\xff\xfe", 2),
        ],
        ids=["a zero", "no encoding", "a picture", "a control code", "a false mark"],
    )
    def test_rubbish_is_refused_with_its_line(self, data, line):
        with pytest.raises(DomainError, match=f"line {line} ") as refused:
            read_sheet(data)
        assert refused.value.code == "roster.sheet"

    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_the_separator_is_found_outside_quotes(self, separator):
        text = separator.join(['"Code, or; number"', "Name", "E-mail"])
        sheet = read_sheet(csv_file(text, separator.join(["1", "Ada", "a@b.org"])))
        assert sheet.headings == ("Code, or; number", "Name", "E-mail")

    def test_ragged_lines(self):
        sheet = read_sheet(
            csv_file("Code,Name,Department", "1,Ada", "2,Bo,Office,stray", "3,Cy,Office,,")
        )
        assert sheet.rows[0].cells == ("1", "Ada", "")
        assert "4 cells, and there are 3 headings" in sheet.rows[1].fault
        assert not sheet.rows[2].fault, "empty cells at the end are how programs save"

    @pytest.mark.parametrize("cell", ["=1+1", "+A1", "-2", "@SUM(A1)", "=cmd|' /C calc'!A0"])
    def test_a_cell_that_begins_as_a_formula_refuses_its_line(self, cell):
        sheet = read_sheet(csv_file("Code,Name", f'1,"{cell}"', "2,Bo"))
        assert "as formulas do" in sheet.rows[0].fault
        assert not sheet.rows[1].fault

    def test_a_dash_alone_is_an_empty_cell(self):
        assert read_sheet(csv_file("Code,Name", "1,-", "2,–")).rows[0].cells == ("1", "")

    def test_quotes_that_do_not_pair_are_refused_with_their_line(self):
        with pytest.raises(DomainError, match="from line 3 on"):
            read_sheet(csv_file("Code,Name", "1,Ada", '2,"Bo', "3,Cy"))

    def test_lines_are_counted_as_an_editor_does(self):
        sheet = read_sheet(csv_file("", "Code,Name", '1,"Ada', 'Okafor"', "", "2,Bo"))
        assert [row.line for row in sheet.rows] == [3, 6]

    def test_a_hundred_thousand_lines_are_refused_quickly_with_the_limit(self):
        data = csv_file("Code,Name", *(f"{n},Somebody" for n in range(100_000)))
        started = time.perf_counter()
        with pytest.raises(DomainError, match=f"more than {MAX_ROWS:,} lines"):
            read_sheet(data)
        tracemalloc.start()
        with pytest.raises(DomainError):
            read_sheet(data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 40 * MIB
        assert time.perf_counter() - started < 60, "not a measurement: it must not hang"

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "it is empty"),
            (b"\r\n\r\n", "it is empty"),
            (csv_file("Code,Name"), "no line below"),
            (csv_file(",".join(f"c{n}" for n in range(61)), "1"), "more than 60 columns"),
            (b"x" * (20 * MIB + 1), "more than 20 MB"),
        ],
        ids=["empty", "blank", "headings only", "columns", "bytes"],
    )
    def test_other_limits_are_stated(self, data, words):
        with pytest.raises(DomainError, match=words):
            read_sheet(data)


class TestWorkbooks:
    def test_numbers_dates_and_truth_read_as_text(self):
        sheet = read_sheet(
            xlsx_file(
                [
                    ["Code", "Name", "From", "Consent"],
                    [1001.0, "Ada", dt.date(2026, 9, 1), True],
                    [1002, "Bo", dt.datetime(2026, 9, 1), False],  # noqa: DTZ001 - a cell has no zone
                ]
            )
        )
        assert sheet.rows[0].cells == ("1001", "Ada", "2026-09-01", "yes")
        assert sheet.rows[1].cells == ("1002", "Bo", "2026-09-01", "no")

    def test_a_formula_is_not_calculated_but_refuses_its_line(self):
        sheet = read_sheet(xlsx_file([["Code", "Name"], [1, "=A1"], [2, "Bo"]]))
        assert "as formulas do" in sheet.rows[0].fault
        assert sheet.rows[1].cells == ("2", "Bo")

    def test_a_cell_far_below_is_refused_quickly(self):
        book = Workbook()
        book.active["A1"], book.active["A1048576"] = "Code", "1"
        file = io.BytesIO()
        book.save(file)
        with pytest.raises(DomainError, match="more than 10,000 lines"):
            read_sheet(file.getvalue())

    def test_an_entity_bomb_is_refused(self):
        bomb = (
            b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">%s]><sst>&j;</sst>"""
            % b"".join(
                b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10)
                for letter in b"bcdefghij"
            )
        )
        with pytest.raises(DomainError, match="declares entities") as refused:
            read_sheet(replaced(xlsx_file([["Code"], ["x"]]), "xl/sharedStrings.xml", bomb))
        assert refused.value.code == "roster.sheet"

    def test_an_entity_bomb_in_utf16_is_refused_too(self):
        bomb = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE l [<!ENTITY a "x">]><sst/>'
        data = replaced(xlsx_file([["Code"]]), "xl/sharedStrings.xml", bomb.encode("utf-16"))
        with pytest.raises(DomainError, match="declares entities"):
            read_sheet(data)

    def test_a_workbook_that_unpacks_to_too_much_is_refused(self):
        data = replaced(xlsx_file([["Code"]]), "xl/sharedStrings.xml", b" " * (65 * MIB))
        assert len(data) < MIB
        with pytest.raises(DomainError, match="more than 64 MB") as refused:
            read_sheet(data)
        assert refused.value.code == "roster.sheet"

    @pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
    def test_a_broken_workbook_is_said_to_be_unreadable(self, part):
        data = replaced(xlsx_file([["Code"], [1]]), part, b"<broken")
        with pytest.raises(DomainError, match="not a readable XLSX"):
            read_sheet(data)

    def test_any_other_archive_is_no_workbook(self):
        with pytest.raises(DomainError, match="not a readable XLSX"):
            read_sheet(zip_file({"1001.jpg": jpeg()}))


def replaced(workbook: bytes, name: str, content: bytes) -> bytes:
    """The workbook with one part changed."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    return zip_file({**parts, name: content})
