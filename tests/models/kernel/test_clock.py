import datetime as dt

import pytest

from models.kernel.clock import (
    MovableClock,
    SystemClock,
    business_date,
    end_of_business_date,
    start_of_business_date,
)

MINUTE = dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2017-10-16T15:59:59.999999+00:00", "2017-10-16"),
        ("2017-10-16T16:00:00+00:00", "2017-10-17"),
        ("2017-10-17T00:00:00+08:00", "2017-10-17"),
        ("1989-07-01T14:30:00+00:00", "1989-07-01"),
        ("1989-07-01T15:30:00+00:00", "1989-07-02"),
    ],
)
def test_a_business_date_is_the_one_in_shanghai(instant: str, day: str) -> None:
    assert business_date(dt.datetime.fromisoformat(instant)) == dt.date.fromisoformat(day)


def test_a_business_date_lasts_from_its_start_to_the_start_of_the_next() -> None:
    day = dt.date(2017, 12, 31)
    tick = dt.timedelta(microseconds=1)

    assert start_of_business_date(day) == dt.datetime(2017, 12, 30, 16, tzinfo=dt.UTC)
    assert business_date(start_of_business_date(day)) == day
    assert business_date(start_of_business_date(day) - tick) < day
    assert business_date(end_of_business_date(day) - tick) == day
    assert business_date(end_of_business_date(day)) > day


def test_a_clock_that_is_set_runs_on_from_there_until_it_is_released() -> None:
    there = dt.datetime(2017, 10, 17, 1, 0, tzinfo=dt.UTC)
    clock = MovableClock(there)

    assert there <= clock.now() < there + MINUTE
    clock.advance(dt.timedelta(days=3))
    assert there + dt.timedelta(days=3) <= clock.now() < there + dt.timedelta(days=3) + MINUTE
    clock.release()
    assert abs(clock.now() - SystemClock().now()) < MINUTE


def test_an_instant_without_a_zone_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        business_date(dt.datetime(2017, 10, 17))  # noqa: DTZ001 - that is the point
