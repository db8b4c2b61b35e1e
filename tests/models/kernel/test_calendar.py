"""Working days follow the yearly notices, and are foreseen where none has come out yet."""

import datetime as dt

import pytest

from models.kernel.calendar import (
    LAST_ANNOUNCED_YEAR,
    Deadline,
    add_working_days,
    is_working_day,
    working_days_between,
)

DONATION_DAY = dt.date(2017, 10, 17)


@pytest.mark.parametrize(
    ("working_days", "expected"),
    [
        (1, dt.date(2017, 10, 18)),
        (4, dt.date(2017, 10, 23)),
        (10, dt.date(2017, 10, 31)),
        (20, dt.date(2017, 11, 14)),
        # 1 January 2018 was a Monday and a holiday.
        (53, dt.date(2017, 12, 29)),
        (54, dt.date(2018, 1, 2)),
    ],
)
def test_the_day_of_a_donation_drive_plus_working_days(
    working_days: int, expected: dt.date
) -> None:
    assert add_working_days(DONATION_DAY, working_days) == Deadline(expected, provisional=False)


def test_the_spring_festival_of_2018_is_skipped_and_its_make_up_weekends_are_worked() -> None:
    assert is_working_day(dt.date(2018, 2, 11)), "a Sunday worked before the festival"
    assert is_working_day(dt.date(2018, 2, 24)), "a Saturday worked after it"
    assert not any(is_working_day(dt.date(2018, 2, day)) for day in range(15, 22))

    assert add_working_days(dt.date(2018, 2, 9), 1).on == dt.date(2018, 2, 11)
    assert add_working_days(dt.date(2018, 2, 14), 1).on == dt.date(2018, 2, 22)
    assert add_working_days(dt.date(2018, 2, 14), 3).on == dt.date(2018, 2, 24)
    assert add_working_days(dt.date(2018, 2, 14), 4).on == dt.date(2018, 2, 26)


def test_the_national_day_of_2017_and_its_make_up_saturday() -> None:
    assert is_working_day(dt.date(2017, 9, 30))
    assert working_days_between(dt.date(2017, 9, 30), dt.date(2017, 10, 8)) == 0
    assert working_days_between(dt.date(2017, 9, 30), dt.date(2017, 10, 9)) == 1


@pytest.mark.parametrize("start", [DONATION_DAY, dt.date(2018, 2, 10), dt.date(2026, 12, 20)])
@pytest.mark.parametrize("working_days", [1, 5, 15, 60])
def test_counting_back_gives_the_days_that_were_added(start: dt.date, working_days: int) -> None:
    end = add_working_days(start, working_days).on

    assert working_days_between(start, end) == working_days
    assert working_days_between(end, start) == -working_days
    assert is_working_day(end)


def test_a_year_without_a_notice_is_provisional_but_keeps_the_public_holidays() -> None:
    year = LAST_ANNOUNCED_YEAR + 1
    last_announced_day = dt.date(LAST_ANNOUNCED_YEAR, 12, 31)

    assert not is_working_day(dt.date(year, 1, 1))
    assert not is_working_day(dt.date(year, 10, 1))
    assert add_working_days(last_announced_day, 1).provisional
    assert not add_working_days(last_announced_day - dt.timedelta(days=7), 1).provisional


@pytest.mark.parametrize(
    "ask",
    [
        lambda: is_working_day(dt.date(2003, 12, 31)),
        lambda: add_working_days(dt.date(2003, 12, 31), 1),
        lambda: working_days_between(dt.date(2003, 12, 31), dt.date(2004, 1, 5)),
    ],
)
def test_days_before_the_calendar_begins_are_refused(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(ValueError, match="begins in 2004"):
        ask()
