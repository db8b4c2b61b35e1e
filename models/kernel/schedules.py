"""Work that comes round: each due time of a schedule is run once, by whichever worker is first.

The row of a due time is the claim on it: many workers try to insert it, one succeeds and enqueues
the job in the same transaction. After a time with no worker only the latest due time is run.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ForeignKey, String, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import jobs
from models.kernel.clock import SHANGHAI
from models.kernel.database import Base, Transaction
from models.kernel.ids import new_id
from models.kernel.jobs import Job, JobKind, JobState

_START = dt.datetime(1970, 1, 1, tzinfo=SHANGHAI).astimezone(dt.UTC)


class ScheduleRow(Base):
    """A schedule the platform knows; what was due before it was known is not missed."""

    __tablename__ = "schedules"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    known_since: Mapped[dt.datetime]


class ScheduledRun(Base):
    """One due time of a schedule, and the job that was enqueued for it."""

    __tablename__ = "scheduled_runs"

    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id"), primary_key=True)
    due_at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    job_id: Mapped[UUID]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Which kind of job comes round, how often, and how late it may be done.

    `every` counts from midnight in Shanghai, `after_midnight` shifts it.
    """

    kind: JobKind
    every: dt.timedelta
    after_midnight: dt.timedelta = dt.timedelta()
    grace: dt.timedelta = dt.timedelta(minutes=15)

    @property
    def name(self) -> str:
        """A schedule has the name of its kind of job."""
        return self.kind.name

    def latest_due(self, now: dt.datetime) -> dt.datetime:
        """The last due time that is not after `now`, in UTC."""
        start = _START + self.after_midnight
        return start + (now - start) // self.every * self.every


async def enqueue_due(transaction: Transaction, schedules: Sequence[Schedule]) -> list[str]:
    """Enqueue the job of each schedule that is due and not yet claimed; the answer names them."""
    dialect = postgresql if transaction.dialect == "postgresql" else sqlite
    known = await _known(transaction.connection)
    enqueued: list[str] = []
    for schedule in schedules:
        if schedule.name not in known:
            row = {"id": new_id(), "name": schedule.name, "known_since": transaction.now}
            await transaction.execute(
                dialect.insert(ScheduleRow).values(row).on_conflict_do_nothing()
            )
            continue
        due_at = schedule.latest_due(transaction.now)
        schedule_id, known_since = known[schedule.name]
        if due_at < known_since:
            continue
        row = {"schedule_id": schedule_id, "due_at": due_at, "job_id": new_id()}
        won = await transaction.execute(
            dialect.insert(ScheduledRun)
            .values(row)
            .on_conflict_do_nothing()
            .returning(ScheduledRun.job_id)
        )
        job_id = won.scalar_one_or_none()
        if job_id is not None:
            due = {"dueAt": due_at.isoformat()}
            await jobs.enqueue(transaction, schedule.kind, payload=due, job_id=job_id)
            enqueued.append(schedule.name)
    return enqueued


async def sweep(transaction: Transaction, *, older_than: dt.timedelta) -> int:
    """Forget the due times that lie so far back, but never the last one of a schedule."""
    last = (
        select(ScheduledRun.schedule_id, func.max(ScheduledRun.due_at).label("due_at"))
        .group_by(ScheduledRun.schedule_id)
        .subquery()
    )
    kept = select(last.c.due_at).where(last.c.schedule_id == ScheduledRun.schedule_id)
    swept = await transaction.execute(
        delete(ScheduledRun).where(
            ScheduledRun.due_at < transaction.now - older_than,
            ScheduledRun.due_at < kept.scalar_subquery(),
        )
    )
    return swept.rowcount


@dataclass(frozen=True, slots=True)
class Lateness:
    """A schedule whose work for a due time is not done though its grace is over."""

    schedule_id: UUID
    name: str
    due_at: dt.datetime


async def late(
    connection: AsyncConnection, schedules: Sequence[Schedule], now: dt.datetime
) -> list[Lateness]:
    """The schedules that did not run: nobody took the due time up, or the job is not done."""
    known = await _known(connection)
    done = await _last_done(connection)
    found: list[Lateness] = []
    for schedule in schedules:
        if schedule.name not in known:
            continue
        schedule_id, known_since = known[schedule.name]
        due_at = schedule.latest_due(now - schedule.grace)
        if due_at >= known_since and done.get(schedule_id, _START) < due_at:
            found.append(Lateness(schedule_id, schedule.name, due_at))
    return found


async def _known(connection: AsyncConnection) -> dict[str, tuple[UUID, dt.datetime]]:
    rows = await connection.execute(
        select(ScheduleRow.name, ScheduleRow.id, ScheduleRow.known_since)
    )
    return {row.name: (row.id, row.known_since) for row in rows}


async def _last_done(connection: AsyncConnection) -> dict[UUID, dt.datetime]:
    # Only jobs that are done are ever swept, so a due time without its job was done.
    rows = await connection.execute(
        select(ScheduledRun.schedule_id, func.max(ScheduledRun.due_at))
        .outerjoin(Job, Job.id == ScheduledRun.job_id)
        .where((Job.state == JobState.DONE) | Job.state.is_(None))
        .group_by(ScheduledRun.schedule_id)
    )
    return {row[0]: row[1] for row in rows}
