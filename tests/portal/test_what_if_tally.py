"""What a replay comes to in numbers: changes, people, days, and first and last sightings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.calibration import tally as module
from portal.calibration.person_days import PersonDays
from portal.calibration.selectors.what_if.report import headline
from portal.calibration.tally import Outcome, Tally, change_of

DAY = date(2026, 11, 2)
SITE = UUID(int=1)


def at(hour: float) -> datetime:
    return datetime(2026, 11, 2, tzinfo=UTC) + timedelta(hours=hour)


def outcome(was=None, becomes=None, *, before=None, after=None, day=DAY) -> Outcome:
    return Outcome(
        visit_id=uuid4(),
        face_id=None,
        camera_id=None,
        at=at(9),
        day=day,
        before=before or ("match" if was else "unknown"),
        after=after or ("match" if becomes else "unknown"),
        was=was,
        becomes=becomes,
        score=0.5,
    )


@pytest.mark.parametrize(
    ("before", "after", "was", "becomes", "change"),
    [
        ("unknown", "match", None, "a", "appears"),
        ("match", "uncertain", "a", None, "disappears"),
        ("match", "match", "a", "b", "changes"),
        ("unknown", "uncertain", None, None, "kind"),
        ("match", "match", "a", "a", ""),
        ("uncertain", "uncertain", None, None, ""),
    ],
)
def test_a_suggestion_is_no_name(before, after, was, becomes, change):
    assert change_of(before, after, was=was, becomes=becomes) == change


def test_everything_is_counted_and_the_list_ends_with_the_newest_names(monkeypatch):
    monkeypatch.setattr(module, "LISTED", 3)
    tally = Tally()
    tally._names = module.deque(maxlen=3)
    tally._others = module.deque(maxlen=3)
    for number in range(5):
        tally.add(outcome("a", None, day=DAY + timedelta(days=number)))
        tally.add(outcome(before="unknown", after="uncertain"))
    assert tally.summary()["changes"] == {"appears": 0, "disappears": 5, "changes": 0, "kind": 5}
    assert [one.day.day for one in tally.listed] == [4, 5, 6]


def test_names_come_before_what_goes_to_the_review():
    tally = Tally()
    tally.add(outcome(before="unknown", after="uncertain"))
    tally.add(outcome("a", None))
    tally.add(outcome("a", "b"))
    assert [one.change for one in tally.listed] == ["disappears", "changes", "kind"]
    found = tally.summary()
    assert found["people"] == [
        {"id": "a", "gains": 0, "loses": 2},
        {"id": "b", "gains": 1, "loses": 0},
    ]
    assert found["review"] == {"before": 0, "after": 1, "joins": 1, "leaves": 0}


class TestPersonDays:
    def seen(self, days: PersonDays, first: float, last: float, was, becomes, day=DAY) -> None:
        days.saw(day, first_at=at(first), last_at=at(last), site_id=SITE, was=was, becomes=becomes)

    @pytest.mark.parametrize(
        ("visits", "effects", "why"),
        [
            ([(8, 9, "a", None)], {"lost": 1}, "the only sighting of the day"),
            ([(8, 9, None, "a")], {"gained": 1}, "none before"),
            ([(8, 9, "a", None), (16, 17, "a", "a")], {"first": 1}, "comes later"),
            ([(8, 9, "a", "a"), (16, 17, "a", None)], {"last": 1}, "goes earlier"),
            ([(8, 9, "a", "a"), (12, 13, "a", None), (16, 17, "a", "a")], {}, "in between"),
            ([(8, 9, "a", "b")], {"lost": 1, "gained": 1}, "it is another's day now"),
            ([(8, 9, "a", "a")], {}, "nothing changes"),
            (
                [(8, 9, None, "a"), (12, 13, "a", "a"), (17, 18, None, "a")],
                {"first": 1, "last": 1},
                "both ends of one day",
            ),
        ],
    )
    def test_what_it_does_to_a_day(self, visits, effects, why):
        days = PersonDays()
        for first, last, was, becomes in visits:
            self.seen(days, first, last, was, becomes)
        found = days.summary()
        none = dict.fromkeys(("lost", "gained", "first", "last"), 0)
        assert {key: found[key] for key in none} == {**none, **effects}, why

    def test_each_day_is_one_of_its_own(self):
        days = PersonDays()
        self.seen(days, 8, 9, "a", None)
        self.seen(days, 8, 9, "a", "a", day=DAY + timedelta(days=1))
        found = days.summary()
        assert (found["lost"], found["person_days"], found["affected"]) == (1, 2, 1)
        assert found["days"][0]["day"] == "2026-11-02"
        assert found["days"][0]["after"] is None

    @given(
        st.lists(
            st.tuples(
                st.integers(0, 23), st.sampled_from(["a", "b", None]), st.sampled_from(["a", None])
            ),
            max_size=12,
        )
    )
    def test_the_order_in_which_visits_are_read_plays_no_part(self, visits):
        forth, back = PersonDays(), PersonDays()
        for days, order in ((forth, visits), (back, visits[::-1])):
            for hour, was, becomes in order:
                self.seen(days, hour, hour + 0.5, was, becomes)
        assert forth.summary() == back.summary()


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((12, 2, 0), "12 names would disappear, 2 would appear, none would change."),
        ((1, 0, 0), "1 name would disappear, none would appear, none would change."),
        ((0, 3, 1), "No names would disappear, 3 would appear, 1 would change."),
        ((0, 0, 0), "No name would appear, disappear or change."),
    ],
)
def test_the_outcome_in_a_sentence(counts, said):
    gone, new, other = counts
    assert headline({"disappears": gone, "appears": new, "changes": other}) == said
