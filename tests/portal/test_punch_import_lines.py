"""Reading files of punches: moments, columns, lines, and files that are cut off."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from portal.attendance.services.punch_import_columns import SAMPLE, find_columns
from portal.attendance.services.punch_import_lines import FileRow, LineReader, Refused
from portal.attendance.services.punch_import_moments import Clock, Unreadable, instant_in
from portal.attendance.services.punch_import_storage import LIMITS, ends_whole
from portal.core.errors import DomainError
from portal.core.sheets import open_sheet
from tests.roster_files import csv_file, xlsx_file

BERLIN = Clock(ZoneInfo("Europe/Berlin"))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def read(data: bytes, clock: Clock = BERLIN) -> list[FileRow | Refused]:
    file = io.BytesIO(data)
    is_whole = ends_whole(file)
    sheet = open_sheet(file, LIMITS)
    reader = LineReader(
        find_columns(sheet.headings),
        clock,
        now=NOW,
        width=len(sheet.headings),
        ends_whole=is_whole,
    )
    return list(reader.read(sheet.rows))


def reasons(data: bytes) -> dict[int, str]:
    return {row.line: row.reason for row in read(data) if isinstance(row, Refused)}


class TestMoments:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-11-02T08:58:12", "2026-11-02T07:58:12"),
            ("2026-11-02 08:58", "2026-11-02T07:58:00"),
            ("2026-11-02 8:58:12.250", "2026-11-02T07:58:12.250"),
            ("2026-11-02T08:58:12+02:00", "2026-11-02T06:58:12"),
            ("2026-11-02T08:58:12-0330", "2026-11-02T12:28:12"),
            ("2026-11-02T08:58:12Z", "2026-11-02T08:58:12"),
            ("2026-11-02 08:58:12 +01", "2026-11-02T07:58:12"),
            ("02.11.2026 08:58", "2026-11-02T07:58:00"),
            ("02/11/2026 08:58 PM", "2026-11-02T19:58:00"),
            ("2/11/2026 12:05 a.m.", "2026-11-01T23:05:00"),
            # The offset says which of the two, or that there is one after all.
            ("2026-10-25 02:30+02:00", "2026-10-25T00:30:00"),
            ("2026-10-25 02:30+01:00", "2026-10-25T01:30:00"),
            ("2026-03-29T02:30:00+01:00", "2026-03-29T01:30:00"),
            # What a workbook makes of 08:59.
            ("2026-11-02 08:58:59.999997", "2026-11-02T07:59:00"),
            ("2024-02-29 08:00", "2024-02-29T07:00:00"),
        ],
    )
    def test_a_moment_is_read_in_the_zone_of_the_file(self, text, expected):
        assert instant_in(text, BERLIN) == datetime.fromisoformat(expected).replace(tzinfo=UTC)

    def test_the_month_may_stand_first_but_not_before_a_dot(self):
        clock = Clock(BERLIN.zone, is_month_first=True)
        assert instant_in("02/11/2026 12:00", clock).date().isoformat() == "2026-02-11"
        assert instant_in("02.11.2026 12:00", clock).date().isoformat() == "2026-11-02"

    @pytest.mark.parametrize("day", ["2026-11-02", "2026-11-02 00:00:00", "02.11.2026"])
    def test_the_date_may_be_a_column_of_its_own(self, day):
        expected = datetime(2026, 11, 2, 7, 58, tzinfo=UTC)
        assert instant_in("08:58", BERLIN, day=day) == expected
        assert instant_in("1899-12-30 08:58:00", BERLIN, day=day) == expected

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "There is no time"),
            ("2026-11-02", "without a time of day"),
            ("2026-02-30 08:00", "no such day"),
            ("2026-13-01 08:00", "no such day"),
            ("31/02/2026 08:00", "no such day"),
            ("11/22/2026 08:00", "If the month stands before the day"),
            ("yesterday 08:00", "is no date"),
            ("2026-11-2O 08:00", "is no date"),
            ("2026-11/02 08:00", "is no date"),
            ("2026-11-02 25:00", "no such time of day"),
            ("2026-11-02 08:60", "no such time of day"),
            ("2026-11-02 13:00 pm", "no such time of day"),
            ("2026-11-02 0:30 am", "no such time of day"),
            ("2026-11-02 eight", "is no time of day"),
            ("2026-11-02 08:5", "is no time of day"),
            ("2026-11-02 08:00+15:00", "no such offset"),
            ("2026-11-02 08:00+01:75", "no such offset"),
            ("0001-01-01 00:30+14:00", "outside the calendar"),
            ("1700000000", "is no date"),
        ],
    )
    def test_what_is_no_moment_is_refused_with_what_is_expected(self, text, words):
        with pytest.raises(Unreadable, match=words):
            instant_in(text, BERLIN)

    def test_a_time_that_was_twice_is_refused_with_both_spellings(self):
        with pytest.raises(Unreadable) as refused:
            instant_in("2026-10-25 02:30", BERLIN)
        assert "was twice on 2026-10-25 in Europe/Berlin" in str(refused.value)
        assert "02:30+02:00 or 02:30+01:00" in str(refused.value)

    def test_a_time_that_was_not_at_all_is_refused(self):
        with pytest.raises(Unreadable, match=r"02:30 was not at all on 2026-03-29") as refused:
            instant_in("2026-03-29 02:30", BERLIN)
        assert "02:30+01:00" in str(refused.value)

    @pytest.mark.parametrize(
        ("zone", "text"),
        [
            ("Europe/Berlin", "2026-10-25 01:59:59"),
            ("Europe/Berlin", "2026-10-25 03:00"),
            ("Europe/Berlin", "2026-03-29 01:59:59"),
            ("Europe/Berlin", "2026-03-29 03:00"),
            # Half an hour of daylight saving, and a zone that leapt over a whole day.
            ("Australia/Lord_Howe", "2026-04-05 01:29:59"),
            ("Australia/Lord_Howe", "2026-04-05 02:00"),
            ("Asia/Kolkata", "2026-03-29 02:30"),
        ],
    )
    def test_the_minutes_beside_a_change_of_the_clock_are_read(self, zone, text):
        at = instant_in(text, Clock(ZoneInfo(zone)))
        local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert local == datetime.fromisoformat(text)

    def test_half_an_hour_may_come_twice_as_well(self):
        with pytest.raises(Unreadable, match="was twice"):
            instant_in("2026-04-05 01:45", Clock(ZoneInfo("Australia/Lord_Howe")))

    def test_a_day_that_a_zone_leapt_over_was_not_at_all(self):
        with pytest.raises(Unreadable, match="was not at all"):
            instant_in("2011-12-30 09:00", Clock(ZoneInfo("Pacific/Apia")))


class TestColumns:
    @pytest.mark.parametrize(
        ("headings", "fields"),
        [
            ("Code,Time,Direction,Place,Id", {"code", "at", "direction", "place", "id"}),
            ("Employee No.;Timestamp", {"code", "at"}),
            ("Datum;Uhrzeit;Personalnummer;Kommt/Geht", {"date", "at", "code", "direction"}),
            ("Time,ID", {"at", "code"}),
            ("Date,Code", {"at", "code"}),
            ("Code,Time,Remark", {"code", "at"}),
        ],
    )
    def test_headings_say_what_they_hold(self, headings, fields):
        separator = ";" if ";" in headings else ","
        assert set(find_columns(headings.split(separator))) == fields

    @pytest.mark.parametrize(
        ("headings", "words"),
        [
            (["code~time~direction"], "one column only"),
            (["Name", "When"], "no column holds the person's code"),
            (["Code", "Name"], "no column holds the time"),
            (["Foo", "Bar"], "the person's code or the time"),
            (["Code", "Time", "Timestamp"], "mean the same"),
            # A terminal's PIN is a secret, not a number of a person.
            (["PIN", "Time"], "no column holds the person's code"),
        ],
    )
    def test_a_file_without_a_person_or_a_moment_is_refused(self, headings, words):
        with pytest.raises(DomainError, match=words) as refused:
            find_columns(headings)
        assert refused.value.code == "punches.headings"

    def test_the_sample_can_be_read(self):
        rows = read(SAMPLE.encode())
        assert [type(row) for row in rows] == [FileRow, FileRow]
        assert [row.direction for row in rows] == ["in", "out"]


class TestLines:
    @pytest.mark.parametrize(
        ("line", "words"),
        [
            (",2026-11-02 08:00,in", "There is no code"),
            ("1001,2026-11-02 08:00,sideways", "no direction"),
            ("1001,2026-11-23 08:00,in", "in the future"),
            ("1001,1926-11-02 08:00,in", "more than ten years back"),
            ("1001,2026-11-02 08:00,in,stray", "4 cells, and there are 3 headings"),
            ("=1001,2026-11-02 08:00,in", "as formulas do"),
        ],
    )
    def test_a_line_that_says_nothing_useful_is_refused_alone(self, line, words):
        data = csv_file(
            "Code,Time,Direction", "1001,2026-11-02 07:00,in", line, "1002,2026-11-02 09:00,"
        )
        found = read(data)
        assert [type(row) for row in found] == [FileRow, Refused, FileRow]
        assert words in found[1].reason
        assert found[1].line == 3

    def test_the_same_line_again_names_the_first(self):
        data = csv_file(
            "Code,Time,Direction",
            "A-1,2026-11-02 08:00,in",
            "A-1,2026-11-02 08:00,out",
            "a-1,2026-11-02T08:00:00+01:00,In",
        )
        assert reasons(data) == {4: "Line 2 has the same person, time and direction."}

    def test_an_id_is_one_events(self):
        data = csv_file(
            "Code,Time,Id", "1,2026-11-02 08:00,7", "1,2026-11-02 08:00,8", "2,2026-11-02 09:00,7"
        )
        assert reasons(data) == {4: "Line 2 has the same id."}

    @pytest.mark.parametrize(
        "last",
        ["1002,2026-11-0", "1002,2026-11-02 08:00:0", "1002", "1002,2026-11-02 08:00:00,in,207"],
    )
    def test_half_a_file_keeps_what_lies_before_its_broken_end(self, last):
        whole = csv_file(
            "Code,Time,Direction,Id",
            "1001,2026-11-02 07:00:00,in,20701",
            "1001,2026-11-02 17:00:00,out,20702",
        )
        found = read(whole + last.encode())
        assert [type(row) for row in found] == [FileRow, FileRow, Refused]
        assert "seems to be cut off" in found[2].reason

    def test_a_file_without_a_last_end_of_line_is_whole_where_its_last_line_is(self):
        data = csv_file("Code,Time", "1001,2026-11-02 07:00", "1001,2026-11-02 17:00")
        assert reasons(data.rstrip(b"\r\n")) == {}

    def test_quotes_that_do_not_pair_cost_what_comes_after_them_only(self):
        data = csv_file(
            "Code,Time", "1001,2026-11-02 07:00", '"1002,2026-11-02 07:00', "1003,2026-11-02 07:00"
        )
        found = read(data)
        assert [type(row) for row in found] == [FileRow, Refused]
        assert found[1].line == 3
        assert "Nothing from this line on was read" in found[1].reason

    def test_a_workbook_gives_the_same_as_text_would(self):
        rows = [
            ["Code", "Date", "Time", "Direction"],
            [1001.0, datetime(2026, 11, 2), datetime(2026, 11, 2, 8, 58, 59, 999_997).time(), "In"],  # noqa: DTZ001 - a cell has no zone
        ]
        found = read(xlsx_file(rows))
        assert isinstance(found[0], FileRow)
        assert (found[0].code, found[0].direction) == ("1001", "in")
        assert found[0].at == datetime(2026, 11, 2, 7, 59, tzinfo=UTC)

    def test_midnight_in_a_workbook_is_a_moment(self):
        rows = [["Code", "Time"], ["1001", datetime(2026, 11, 2)]]  # noqa: DTZ001 - as above
        found = read(xlsx_file(rows))
        assert isinstance(found[0], FileRow)
        assert found[0].at == datetime(2026, 11, 1, 23, tzinfo=UTC)

    def test_a_year_of_backlog_is_read_in_little_memory(self):
        import tracemalloc

        lines = (
            f"{1000 + n % 500},2026-{1 + n // 4000:02}-{1 + n % 28:02} {6 + n % 12:02}:{n % 60:02}:{n // 60 % 60:02},in"
            for n in range(40_000)
        )
        data = csv_file("Code,Time,Direction", *lines)
        file = io.BytesIO(data)
        sheet = open_sheet(file, LIMITS)
        reader = LineReader(find_columns(sheet.headings), BERLIN, now=NOW, width=3, ends_whole=True)
        tracemalloc.start()
        count = sum(1 for _ in reader.read(sheet.rows))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == 40_000
        # A number per line, to tell it again, and no more.
        assert peak < 12 * 1024 * 1024
