"""The pure rules of a roster: what columns mean, what lines say, whose photo is whose."""

from __future__ import annotations

from datetime import date

import pytest

from portal.core.errors import DomainError
from portal.roster.columns import check_mapping, guess_mapping, headings_digest
from portal.roster.matching import MAX_PHOTOS, match_photos
from portal.roster.records import ReadOptions, Record, RowRefused, read_record
from portal.roster.sheets import SheetRow

TODAY = date(2026, 11, 22)


class TestColumns:
    @pytest.mark.parametrize(
        ("headings", "found"),
        [
            (["Code", "Name"], {"code": 0, "name": 1}),
            (["Staff No.", "FORENAME", "sur-name"], {"code": 0, "first_name": 1, "last_name": 2}),
            (["Personalnummer", "Vorname", "Nachname"], {"code": 0, "first_name": 1, "last_name": 2}),
            (["Matricule", "Prénom", "Nom"], {"code": 0, "first_name": 1, "last_name": 2}),
            (["ID", "Full name", "E-Mail Address"], {"code": 0, "name": 1, "email": 2}),
            (["pupil_number", "Pupil Name", "Tutor Group"], {"code": 0, "name": 1, "department": 2}),
            (["Employee ID", "Campus", "Start date", "Leaving Date"],
             {"code": 0, "site": 1, "employed_from": 2, "employed_to": 3}),
            (["Photo consent", "Consent given on", "Picture"],
             {"consent": 0, "consent_on": 1, "photos": 2}),
            (["Code", "Code", "Shoe size", ""], {"code": 0}),
        ],
    )  # fmt: skip
    def test_headings_are_recognised_in_several_spellings(self, headings, found):
        assert guess_mapping(headings) == found

    def test_files_with_the_same_headings_are_known_again_however_they_are_spaced(self):
        assert headings_digest(["Staff No", "Name"]) == headings_digest(["staff no. ", "NAME"])
        assert headings_digest(["Staff No", "Name"]) != headings_digest(["Name", "Staff No"])

    @pytest.mark.parametrize(
        ("mapping", "words"),
        [
            ({"name": 0}, "holds the code"),
            ({"code": 0}, "holds the name"),
            ({"code": 0, "name": 0}, "one thing only"),
            ({"code": 0, "name": 5}, "no such column"),
            ({"code": 0, "name": -1}, "no such column"),
            ({"code": 0, "name": 1, "salary": 2}, "no such field"),
        ],
    )
    def test_a_mapping_by_which_nobody_could_be_imported_is_refused(self, mapping, words):
        with pytest.raises(DomainError, match=words):
            check_mapping(mapping, columns=3)


MAPPING = {
    "code": 0, "name": 1, "email": 2, "department": 3, "employed_from": 4, "employed_to": 5,
    "consent": 6, "consent_on": 7, "photos": 8,
}  # fmt: skip


def read(*cells: str, **options) -> Record:
    row = SheetRow(2, (*cells, *[""] * (9 - len(cells))))
    return read_record(row, MAPPING, options=ReadOptions(**options), today=TODAY)


def cells(**given: str) -> list[str]:
    row = ["7", "Ada Okafor", *[""] * 7]
    for name, value in given.items():
        row[MAPPING[name]] = value
    return row


class TestLines:
    @pytest.mark.parametrize(
        ("text", "order", "day"),
        [
            ("2026-09-01", "day", "2026-09-01"),
            ("2026/9/1", "day", "2026-09-01"),
            ("2026-09-01 00:00:00", "day", "2026-09-01"),
            ("01.09.2026", "day", "2026-09-01"),
            ("01.09.2026", "month", "2026-09-01"),
            ("01/09/2026", "day", "2026-09-01"),
            ("01/09/2026", "month", "2026-01-09"),
            ("1 Sep 2026", "day", "2026-09-01"),
            ("September 1, 2026", "day", "2026-09-01"),
        ],
    )
    def test_dates_as_people_write_them(self, text, order, day):
        assert read(*cells(employed_from=text), date_order=order).employed_from == day

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"code": ""}, "no code"),
            ({"name": ""}, "no name"),
            ({"code": "x" * 41}, "40 characters"),
            ({"name": "x" * 121}, "120 characters"),
            ({"email": "ada at example"}, "not an e-mail address"),
            ({"employed_from": "soon"}, "“soon” is not understood"),
            ({"employed_from": "31.02.2026"}, "is not understood"),
            ({"employed_from": "13/13/2026"}, "is not understood"),
            ({"employed_from": "0026-01-01"}, "is not understood"),
            ({"employed_from": "2026-09-01", "employed_to": "2026-08-31"}, "ends before"),
            ({"consent": "perhaps"}, "expected yes, no or a date"),
            ({"consent": "yes", "consent_on": "2026-11-23"}, "in the future"),
            ({"department": "a/b/c/d/e/f/g"}, "6 deep"),
        ],
    )
    def test_a_line_that_cannot_be_imported_says_why(self, given, words):
        with pytest.raises(RowRefused, match=words):
            read(*cells(**given))

    @pytest.mark.parametrize(
        ("said", "on", "answer", "given_on"),
        [
            ("yes", "", "yes", ""),
            ("YES", "2026-01-02", "yes", "2026-01-02"),
            ("✓", "", "yes", ""),
            ("Ja", "", "yes", ""),
            ("no", "2026-01-02", "no", ""),
            ("withdrawn", "", "no", ""),
            ("2026-01-02", "", "yes", "2026-01-02"),
            ("", "2026-01-02", "yes", "2026-01-02"),
            ("", "", "", ""),
        ],
    )
    def test_consent_is_a_word_a_tick_or_a_date(self, said, on, answer, given_on):
        record = read(*cells(consent=said, consent_on=on))
        assert (record.consent, record.consent_on) == (answer, given_on)

    def test_consent_for_all_does_not_overrule_a_no(self):
        assert read(*cells(), has_all_consent=True).consent == "yes"
        assert read(*cells(consent="no"), has_all_consent=True).consent == "no"

    def test_a_department_is_a_path_however_its_parts_are_joined(self):
        for text in ("Year 7/7b", "Year 7 > 7b", "Year 7 \\ 7b", "/Year 7 / 7b/"):
            assert read(*cells(department=text)).department == "Year 7 / 7b"

    def test_several_photos_of_a_line(self):
        assert read(*cells(photos="a.jpg; b.jpg,c.jpg")).photos == ("a.jpg", "b.jpg", "c.jpg")

    def test_first_and_last_name_make_the_name(self):
        row = SheetRow(2, ("7", "Ada", "Okafor"))
        mapping = {"code": 0, "first_name": 1, "last_name": 2}
        record = read_record(row, mapping, options=ReadOptions(), today=TODAY)
        assert record.name == "Ada Okafor"


def matched(people: dict[int, Record], *names: str) -> dict[str, int]:
    """Per photo the line that got it."""
    matching = match_photos(people, names)
    return {name: line for line, found in matching.of_line.items() for name in found}


class TestMatching:
    PEOPLE = {
        2: Record("1001", "Ada Okafor", email="ada@example.org"),
        3: Record("1002", "Bruno Keller", email="bruno@example.org"),
        4: Record("P-2", "Chloe Lambert"),
    }

    @pytest.mark.parametrize(
        ("name", "line"),
        [
            ("1001.jpg", 2),
            ("1001_2.jpg", 2),
            ("1001-front.JPG", 2),
            ("1001 (3).jpg", 2),
            ("1001/anything.jpg", 2),
            ("photos/7b/1001/anything.jpg", 2),
            ("ada@example.org.jpg", 2),
            ("Ada Okafor.jpg", 2),
            ("ada_okafor_2.jpg", 2),
            ("p-2.jpg", 4),
            ("P-2_1.jpg", 4),
            ("1001/1002.jpg", 3),
        ],
        ids=str,
    )
    def test_a_photo_finds_its_person_by_file_name_or_folder(self, name, line):
        assert matched(self.PEOPLE, name) == {name: line}

    @pytest.mark.parametrize("name", ["100.jpg", "10011.jpg", "x1001.jpg", "DSC_0042.jpg", "2.jpg"])
    def test_what_only_looks_like_a_code_is_nobodys(self, name):
        assert matched(self.PEOPLE, name) == {}
        assert match_photos(self.PEOPLE, [name]).unclaimed[0][0] == name

    def test_the_column_of_the_file_decides_over_the_names(self):
        people = {2: Record("1001", "Ada", photos=("DSC_1", "b.jpg")), 3: Record("DSC_1", "Bo")}
        assert matched(people, "x/DSC_1.jpg", "b.jpg") == {"x/DSC_1.jpg": 2, "b.jpg": 2}

    def test_named_photos_that_are_absent_or_ambiguous_are_told(self):
        people = {2: Record("1001", "Ada", photos=("gone.jpg", "same.jpg"))}
        matching = match_photos(people, ["a/same.jpg", "b/same.jpg"])
        assert dict(matching.problems[2]) == {
            "gone.jpg": "there is no photo of this name",
            "same.jpg": "several photos have this name; give its folder too",
        }
        assert matching.of_line[2] == []

    def test_a_photo_that_two_lines_claim_is_given_to_neither(self):
        people = {
            2: Record("1", "Ada", photos=("us.jpg",)),
            3: Record("2", "Bo", photos=("us.jpg",)),
        }
        matching = match_photos(people, ["us.jpg"])
        assert not any(matching.of_line.values())
        assert set(matching.problems) == {2, 3}
        assert "lines 2, 3 all claim it" in matching.unclaimed[0][1]

    def test_a_name_that_two_people_bear_says_nothing(self):
        people = {2: Record("1", "Ada Okafor"), 3: Record("2", "Ada Okafor")}
        assert matched(people, "Ada Okafor.jpg") == {}

    def test_no_more_than_twenty_photos_of_one_person(self):
        names = [f"1001_{n}.jpg" for n in range(MAX_PHOTOS + 1)]
        matching = match_photos(self.PEOPLE, names)
        assert len(matching.of_line[2]) == MAX_PHOTOS
        assert "more than 20 photos" in matching.problems[2][0][1]
