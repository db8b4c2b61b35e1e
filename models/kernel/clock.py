"""Time: aware UTC instants from an injected clock; business dates are those of Shanghai."""

import datetime as dt
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> dt.datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)  # noqa: TID251 - this is the one place that may


class MovableClock:
    """A clock that runs on from wherever it was last set: replays the past, then tells the time."""

    def __init__(self, at: dt.datetime | None = None) -> None:
        self._system = SystemClock()
        self._offset = dt.timedelta()
        if at is not None:
            self.set(at)

    def now(self) -> dt.datetime:
        return self._system.now() + self._offset

    def set(self, at: dt.datetime) -> None:
        """From this moment on, the clock runs from the given aware instant."""
        assert at.tzinfo is not None
        self._offset = at - self._system.now()

    def advance(self, step: dt.timedelta) -> None:
        """Jump ahead."""
        self._offset += step

    def release(self) -> None:
        """Tell the machine's time again."""
        self._offset = dt.timedelta()


def business_date(instant: dt.datetime) -> dt.date:
    """The date in Shanghai at an aware instant."""
    assert instant.tzinfo is not None
    return instant.astimezone(SHANGHAI).date()


def start_of_business_date(day: dt.date) -> dt.datetime:
    """The instant at which a date begins in Shanghai, in UTC."""
    return dt.datetime.combine(day, dt.time(), SHANGHAI).astimezone(dt.UTC)


def end_of_business_date(day: dt.date) -> dt.datetime:
    """The instant at which a date ends in Shanghai, in UTC: what is due on that day is due then."""
    return start_of_business_date(day + dt.timedelta(days=1))
