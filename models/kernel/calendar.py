"""Working days of mainland China, make-up weekends (调休) included.

Sources: 《全国年节及纪念日放假办法》(国务院令第795号 since 2025-01-01, 第644号 and 第513号 before)
and the State Council's notice for each year, as kept by `chinesecalendar` from 2004 to its last
year. The years after that are only foreseen, by `holidays`: the public holidays are known, the
make-up weekends are not yet, so whatever rests on such a year is marked provisional.
"""

import datetime as dt
import functools
from collections.abc import Container
from dataclasses import dataclass

import chinese_calendar

_ANNOUNCED_YEARS = {day.year for day in chinese_calendar.holidays}
FIRST_YEAR = min(_ANNOUNCED_YEARS)
LAST_ANNOUNCED_YEAR = max(_ANNOUNCED_YEARS)

_FRIDAY = 4
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a period; provisional while the notice for its year has not come out."""

    on: dt.date
    provisional: bool


def is_working_day(day: dt.date) -> bool:
    """Whether offices work on a day.

    Raises ValueError for a day before 2004, of which the calendar knows nothing.
    """
    if day.year < FIRST_YEAR:
        raise ValueError(f"the calendar of working days begins in {FIRST_YEAR}, not on {day}")
    if day.year <= LAST_ANNOUNCED_YEAR:
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() <= _FRIDAY and day not in _foreseen_holidays()


def add_working_days(start: dt.date, working_days: int) -> Deadline:
    """The last day of a period of so many working days; the day it starts on does not count.

    Before: at least one working day. After: `working_days_between` says the same number.
    Raises ValueError for a start before 2004.
    """
    assert working_days > 0
    is_working_day(start)
    day = start
    while working_days:
        day += _DAY
        working_days -= is_working_day(day)
    return Deadline(day, provisional=day.year > LAST_ANNOUNCED_YEAR)


def working_days_between(start: dt.date, end: dt.date) -> int:
    """Working days after the start up to and with the end; negative when the end is earlier.

    Raises ValueError for a day before 2004.
    """
    if end < start:
        return -working_days_between(end, start)
    is_working_day(start)
    days = (start + dt.timedelta(days=passed) for passed in range(1, (end - start).days + 1))
    return sum(is_working_day(day) for day in days)


@functools.cache
def _foreseen_holidays() -> Container[dt.date]:
    import holidays  # noqa: PLC0415 - takes a fifth of a second, and most days are announced

    return holidays.country_holidays("CN")
