"""Files of reports, opened again by what would open them."""

from __future__ import annotations

import csv
import io
import re
import zlib
from base64 import a85decode
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from portal.core.errors import DomainError
from portal.reports.charts import bars, heat_map
from portal.reports.files.csv_file import write_csv
from portal.reports.files.faces import UNDRAWN
from portal.reports.files.letters import drawn_order
from portal.reports.files.pdf_file import MOST_ROWS, write_pdf
from portal.reports.files.xlsx_file import write_xlsx
from portal.reports.sheet import Clock, Column, Kind, Report, Row, Section, totals_of

COLUMNS = (
    Column("date", "Date", Kind.DATE, 12),
    Column("code", "Code"),
    Column("name", "Name", width=24),
    Column("last_out", "Last out", Kind.TIME),
    Column("worked", "Worked", Kind.MINUTES, is_total=True),
    Column("leave", "Leave", Kind.DAYS, is_total=True),
    Column("absent", "Absences", Kind.COUNT, is_total=True),
)
DAY = date(2026, 10, 24)
MORNING = Clock(datetime(2026, 10, 25, 6, 5, tzinfo=UTC), DAY)


def report_of(*rows: tuple[Any, ...], **fields: Any) -> Report:
    made = [Row(row) for row in rows]
    sections = fields.pop("sections", (Section(made, totals=totals_of(COLUMNS, made)),))
    every = [row for section in sections for row in section.rows]
    return Report(
        **{
            "slug": "daily",
            "title": "Daily attendance",
            "columns": COLUMNS,
            "sections": sections,
            "totals": totals_of(COLUMNS, every),
            "choices": (("Dates", "24 October 2026"), ("Times", "Europe/Berlin")),
            "as_of": datetime(2026, 11, 3, 12, 30, tzinfo=UTC),
            "zone": "UTC",
            "people": len(every),
            **fields,
        }
    )


def line(name: str, worked: int | None = 545, leave: int | None = 1) -> tuple[Any, ...]:
    return (DAY, "E-1", name, MORNING, worked, leave, None)


EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", '=HYPERLINK("http://x")', " =1"]


class TestCsv:
    def _lines(self, report: Report, *, has_mark: bool = True) -> list[list[str]]:
        file = io.BytesIO()
        write_csv(report, file, has_mark=has_mark)
        assert file.getvalue().startswith(b"\xef\xbb\xbf") is has_mark
        return list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")))

    @pytest.mark.parametrize("has_mark", [True, False])
    def test_numbers_are_numbers_and_times_are_iso(self, has_mark: bool) -> None:
        head, row = self._lines(report_of(line("Zoë, “the” 王")), has_mark=has_mark)
        assert head == [
            "Date", "Code", "Name", "Last out", "Worked (min)", "Leave", "Absences",
        ]  # fmt: skip
        assert row == [
            "2026-10-24", "E-1", "Zoë, “the” 王", "2026-10-25 06:05", "545", "0.5", "",
        ]  # fmt: skip

    @pytest.mark.parametrize("name", EVIL)
    def test_no_cell_begins_a_formula(self, name: str) -> None:
        _, row = self._lines(report_of(line(name)))
        assert row[2].startswith("'")


class TestXlsx:
    def _book(self, report: Report) -> Any:
        file = io.BytesIO()
        write_xlsx(report, file)
        return load_workbook(io.BytesIO(file.getvalue()))

    def test_durations_times_and_dates_are_real_and_columns_add_up(self) -> None:
        book = self._book(report_of(line("Ada"), line("Bo", 30, None)))
        sheet = book["Report"]
        assert [cell.value for cell in sheet[1]] == [column.label for column in COLUMNS]
        first = [cell.value for cell in sheet[2]]
        assert first == [
            datetime(2026, 10, 24),  # noqa: DTZ001
 "E-1", "Ada", datetime(2026, 10, 25, 6, 5),  # noqa: DTZ001
            timedelta(hours=9, minutes=5), 0.5, None,
        ]  # fmt: skip
        assert sheet["E2"].number_format == "[h]:mm"
        assert sheet["A2"].number_format == "ddd d mmm yyyy"
        worked = [cell.value for cell in sheet["E"][1:]]
        assert worked == [timedelta(minutes=545), timedelta(minutes=30), timedelta(minutes=575)]
        assert sheet["A4"].value == "Total"
        assert sheet["E4"].font.bold
        assert not sheet["E2"].font.bold

    def test_the_title_sheet_says_what_was_asked_and_as_of_when(self) -> None:
        book = self._book(report_of(line("Ada"), notes=("Hours are those worked.",)))
        about = {row[0].value: row[1].value for row in book["About"].iter_rows()}
        assert about == {
            "Report": "Daily attendance",
            "Dates": "24 October 2026",
            "Times": "Europe/Berlin",
            "Rows": "1",
            "As of": "3 Nov 2026, 12:30:00 (UTC)",
            "Note": "Hours are those worked.",
        }
        assert book.active.title == "Report"

    def test_the_head_is_frozen_printed_on_every_page_and_wide_enough(self) -> None:
        sheet = self._book(report_of(line("Ada")))["Report"]
        assert sheet.freeze_panes == "A2"
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.column_dimensions["C"].width == 26

    @pytest.mark.parametrize("name", EVIL)
    def test_no_cell_is_a_formula(self, name: str) -> None:
        sheet = self._book(report_of(line(name)))["Report"]
        assert sheet["C2"].data_type == "s"
        assert sheet["C2"].value.startswith("'")

    def test_what_xml_cannot_hold_does_not_break_the_file(self) -> None:
        sheet = self._book(report_of(line("<b>&\x00\x0b]]>")))["Report"]
        assert sheet["C2"].value == "<b>&  ]]>"

    def test_the_same_rows_give_the_same_bytes(self) -> None:
        files = []
        for _ in range(2):
            file = io.BytesIO()
            write_xlsx(report_of(line("Ada")), file)
            files.append(file.getvalue())
        assert files[0] == files[1]

    def test_a_report_without_rows_opens(self) -> None:
        sheet = self._book(report_of())["Report"]
        assert sheet["A1"].value == "Date"


def pages_of(report: Report) -> tuple[bytes, list[str]]:
    """The file, and what is drawn on each page."""
    file = io.BytesIO()
    write_pdf(report, file)
    content = file.getvalue()
    return content, _texts(content)


def _texts(content: bytes) -> list[str]:
    """The texts of every page, by the tables that say which letter each code is."""
    objects = dict(re.findall(rb"(\d+) 0 obj(.*?)endobj", content, re.DOTALL))
    fonts = {
        name[1]: _letters(_stream(objects[table[1]]))
        for body in objects.values()
        if (name := re.search(rb"/Name /(\S+)", body))
        and (table := re.search(rb"/ToUnicode (\d+) 0 R", body))
    }
    pages = []
    for body in objects.values():
        drawn = _stream(body)
        if b" Tj" in drawn:
            found = re.findall(rb"/(\S+) [\d.]+ Tf \(((?:\\.|[^\\)])*)\) Tj", drawn)
            pages.append("\n".join(_read(text, fonts[font]) for font, text in found))
    return pages


def _stream(body: bytes) -> bytes:
    found = re.search(rb"stream\r?\n(.*?)endstream", body, re.DOTALL)
    if found is None:
        return b""
    raw = found[1].strip(b"\r\n")
    if b"/ASCII85Decode" in body:
        raw = a85decode(raw.removesuffix(b"~>"))
    return zlib.decompress(raw) if b"/FlateDecode" in body else raw


def _letters(table: bytes) -> dict[int, str]:
    return {
        int(code, 16): bytes.fromhex(letter.decode()).decode("utf-16-be")
        for code, letter in re.findall(rb"<([0-9A-F]{2})> <((?:[0-9A-F]{4})+)>", table)
    }


def _read(text: bytes, letters: dict[int, str]) -> str:
    codes = re.sub(
        rb"\\([0-7]{3}|.)",
        lambda match: bytes([int(match[1], 8)]) if len(match[1]) == 3 else match[1],
        text,
    )
    return "".join(letters.get(code, "?") for code in codes)


class TestPdf:
    def test_pages_repeat_the_head_and_count_themselves(self) -> None:
        content, pages = pages_of(report_of(*[line(f"Person {n}") for n in range(120)]))
        assert content.startswith(b"%PDF-")
        assert len(pages) == 3
        for number, text in enumerate(pages, 1):
            assert "Worked" in text
            assert f"page {number} of 3" in text
            assert "As of 3 Nov 2026, 12:30:00 (UTC) · Times Europe/Berlin" in text
        assert "Person 0" in pages[0]
        assert "Person 119" in pages[2]
        # 120 times 9:05.
        assert "1090:00" in pages[2]
        assert "06:05 +1" in pages[0]

    def test_a_wide_report_lies_down(self) -> None:
        upright, _ = pages_of(report_of(line("Ada")))
        wide, _ = pages_of(report_of(line("Ada"), is_wide=True))
        assert b"/MediaBox [ 0 0 595.28 841.89 ]" in upright
        assert b"/MediaBox [ 0 0 841.89 595.28 ]" in wide

    @pytest.mark.parametrize(
        "name",
        [
            "Zoë Müller",
            "Дмитрий Иванов",
            "Αλέξανδρος",
            "Nguyễn Thị Bích",
            "王秀英",
            "山田 太郎",
            "김민준",
        ],
    )
    def test_names_are_drawn_in_their_letters(self, name: str) -> None:
        _, (text,) = pages_of(report_of(line(name)))
        assert name.replace(" ", "") in text.replace(" ", "").replace("\n", "")
        assert UNDRAWN not in text

    @pytest.mark.parametrize("name", ["प्रिया शर्मा", "สมชาย", "Ada 🤖"])
    def test_what_cannot_be_drawn_is_marked_and_the_foot_says_where_it_is(self, name: str) -> None:
        _, (text,) = pages_of(report_of(line(name)))
        assert UNDRAWN in text
        assert "CSV and Excel files have them" in text
        # The code still tells who it is.
        assert "E-1" in text

    def test_people_have_a_page_each_to_sign(self) -> None:
        sections = tuple(
            Section(
                [Row(line(name))],
                title=f"{name} (E-1)",
                totals=totals_of(COLUMNS, [Row(line(name))]),
            )
            for name in ("Ada", "Bo")
        )
        _, pages = pages_of(report_of(sections=sections))
        assert len(pages) == 2
        for name, text in zip(("Ada", "Bo"), pages, strict=True):
            assert f"{name} (E-1)" in text
            assert "Date and signature" in text

    def test_long_words_go_on_in_the_next_line(self) -> None:
        _, (text,) = pages_of(report_of(line("Wolfeschlegelsteinhausenbergerdorff " * 3)))
        joined = re.sub(r"\s", "", text)
        assert joined.count("Wolfeschlegelsteinhausenbergerdorff") >= 2

    def test_more_rows_than_anybody_leafs_through_are_refused(self) -> None:
        rows = [Row(line("Ada"))] * (MOST_ROWS + 1)
        with pytest.raises(DomainError) as refused:
            write_pdf(report_of(sections=(Section(rows),)), io.BytesIO())
        assert refused.value.code == "report.too_long"
        assert "Excel" in refused.value.message

    def test_a_picture_is_drawn_with_its_title(self) -> None:
        said = {"key": "k", "summary": "s", "x_label": "Hour", "y_label": "People"}
        drawn = bars(
            [1, 4], labels=["8", "9"], words=["a", "b"], name="n", title="Most at 9", **said
        )
        mapped = heat_map(
            [[0.0] * 23 + [2.0]],
            rows=["Mon"],
            words=lambda *_: "w",
            title="Full at 23",
            **said,
        )
        for chart in (drawn, mapped):
            _, (text,) = pages_of(report_of(line("Ada"), chart=chart))
            assert chart.title in text
            assert "Hour" in text


class TestLetters:
    def test_text_from_left_to_right_stays(self) -> None:
        assert drawn_order("Zoë (7b) 王") == "Zoë (7b) 王"

    @pytest.mark.parametrize(
        ("text", "seen"),
        [
            ("אבג", "גבא"),
            ("אבג 12", "12 גבא"),
            ("(אב)", "(בא)"),
            ("Ada אבג", "Ada גבא"),
            # Beh begins, meem ends; alef never reaches to the left.
            ("بم", "\ufee2\ufe91"),
            ("لا", "\ufefb"),
            ("سلام", "\ufee1\ufefc\ufeb3"),
        ],
    )
    def test_what_runs_to_the_left_is_turned_and_joined(self, text: str, seen: str) -> None:
        assert drawn_order(text) == seen


def test_times_of_day_keep_their_date_in_excel() -> None:
    file = io.BytesIO()
    write_xlsx(report_of(line("Ada")), file)
    cell = load_workbook(io.BytesIO(file.getvalue()))["Report"]["D2"]
    assert cell.value.time() == time(6, 5)
    assert cell.number_format == "hh:mm"
