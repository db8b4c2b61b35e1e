"""Work to be done later: enqueued in the transaction of its cause, completed in that of its effect.

A worker holds a job by a lease. When the worker dies the lease ends and another takes the job over;
the first, should it come back, can no longer complete it, because completion asks for the lease.
What fails is tried again later and later, and after its last attempt is kept as a dead letter.
Decision: docs/adr/0003-own-leased-job-table.md.
"""

import datetime as dt
import enum
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Index, Row, String, and_, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import audit
from models.kernel.database import Base, Transaction
from models.kernel.ids import new_id
from models.kernel.paging import Keyset, Page
from models.kernel.refusals import NotFound, Refusal, WrongState

Result = TypeVar("Result")

NORMAL = 100
SOON = 50
_FIRST_DELAY = dt.timedelta(seconds=2)
_LONGEST_DELAY = dt.timedelta(hours=1)
_ERROR_LENGTH = 400
_jitter = random.SystemRandom()


class JobState(enum.StrEnum):
    """Where a job is: waiting for its time, held by a worker, done, or given up."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class Job(Base):
    """One piece of work. `due_at` is when a waiting job may begin or a running one's lease ends."""

    __tablename__ = "jobs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    priority: Mapped[int]
    state: Mapped[JobState]
    due_at: Mapped[dt.datetime]
    payload: Mapped[dict[str, Any]]
    dedupe_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    attempts: Mapped[int]
    max_attempts: Mapped[int]
    lease_id: Mapped[UUID | None]
    created_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    error: Mapped[str | None] = mapped_column(String(_ERROR_LENGTH))


_UNFINISHED = Job.state.in_((JobState.WAITING, JobState.RUNNING))
Index(
    "jobs_unfinished_index",
    Job.priority,
    Job.due_at,
    postgresql_where=_UNFINISHED,
    sqlite_where=_UNFINISHED,
)
Index("jobs_state_index", Job.state, Job.id)


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job and how patiently it is run; who enqueues it need not know who does it."""

    name: str
    lease: dt.timedelta = dt.timedelta(seconds=60)
    max_attempts: int = 12
    batch: int = 1


@dataclass(frozen=True, slots=True)
class HeldJob:
    """A job as the worker holds it; `attempts` counts this one."""

    id: UUID
    kind: str
    payload: Mapping[str, Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The hold of one worker on some jobs of one kind."""

    id: UUID
    kind: JobKind
    jobs: tuple[HeldJob, ...]


class LeaseLost(Exception):  # noqa: N818 - it is what happened; nobody has made an error
    """Another worker has taken the job over; nothing of this attempt may be kept."""


def delay_after(attempts: int, *, share: float) -> dt.timedelta:
    """How long to wait after so many failures: doubling, at most an hour, half of it by chance.

    Before: at least one attempt was made; `share` lies between 0 and 1.
    """
    whole = min(_FIRST_DELAY * (1 << min(attempts - 1, 20)), _LONGEST_DELAY)
    return whole / 2 + whole / 2 * share


def described(error: BaseException) -> str:
    """What went wrong, without any value a person may have entered: refusals say code and facts."""
    if isinstance(error, Refusal):
        return str(error)[:_ERROR_LENGTH]
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = (
        f" at {PurePath(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else ""
    )
    return f"{type(error).__qualname__}{where}"[:_ERROR_LENGTH]


async def enqueue(
    transaction: Transaction,
    kind: JobKind,
    *,
    payload: Mapping[str, object] | None = None,
    run_at: dt.datetime | None = None,
    dedupe_key: str | None = None,
    priority: int = NORMAL,
    job_id: UUID | None = None,
) -> UUID | None:
    """Leave a job to be done once this transaction has committed, or from `run_at` on.

    While a job with the same `dedupe_key` still waits to begin, nothing is added and the answer is
    None; the key is free again as soon as that job begins. The payload is plain JSON.
    """
    due_at = max(run_at or transaction.now, transaction.now)
    row = {
        "id": job_id or new_id(),
        "kind": kind.name,
        "priority": priority,
        "state": JobState.WAITING,
        "due_at": due_at,
        "payload": dict(payload or {}),
        "dedupe_key": dedupe_key,
        "attempts": 0,
        "max_attempts": kind.max_attempts,
        "created_at": transaction.now,
    }
    dialect = postgresql if transaction.dialect == "postgresql" else sqlite
    statement = dialect.insert(Job).values(row).returning(Job.id)
    if dedupe_key is not None:
        statement = statement.on_conflict_do_nothing(index_elements=["dedupe_key"])
    enqueued = (await transaction.execute(statement)).scalar_one_or_none()
    if enqueued is not None and due_at <= transaction.now:
        transaction.leave_work()
    return enqueued


async def claim(transaction: Transaction, kinds: Mapping[str, JobKind]) -> Lease | None:
    """Take the most urgent due job of a known kind under a new lease, with others of its kind.

    At most `kind.batch` jobs; those another worker is just taking are passed over. A job whose
    worker died at its last attempt is not run again: it becomes a dead letter here.
    """
    due = and_(_UNFINISHED, Job.due_at <= transaction.now, Job.kind.in_(list(kinds)))
    urgency = (Job.priority, Job.due_at)
    head = select(Job.id, Job.kind).where(due).order_by(*urgency).limit(1)
    first = (await transaction.execute(head.with_for_update(skip_locked=True))).first()
    if first is None:
        return None
    kind = kinds[first.kind]
    ids = [first.id]
    if kind.batch > 1:
        more = select(Job.id).where(due, Job.kind == kind.name, Job.id != first.id)
        more = more.order_by(*urgency).limit(kind.batch - 1).with_for_update(skip_locked=True)
        ids += (await transaction.execute(more)).scalars()
    lease_id = new_id()
    spent = Job.attempts >= Job.max_attempts
    taken = await transaction.execute(
        update(Job)
        .where(Job.id.in_(ids))
        .values(
            state=case((spent, JobState.DEAD), else_=JobState.RUNNING),
            error=case((spent, "the worker died"), else_=Job.error),
            finished_at=case((spent, transaction.now), else_=None),
            attempts=case((spent, Job.attempts), else_=Job.attempts + 1),
            lease_id=lease_id,
            dedupe_key=None,
            due_at=transaction.now + kind.lease,
        )
        .returning(Job.id, Job.kind, Job.payload, Job.attempts, Job.state)
    )
    held = {
        row.id: HeldJob(row.id, row.kind, row.payload, row.attempts)
        for row in taken
        if row.state == JobState.RUNNING
    }
    return Lease(lease_id, kind, tuple(held[job_id] for job_id in ids if job_id in held))


async def complete(transaction: Transaction, lease: Lease) -> None:
    """Mark the jobs done. Raises LeaseLost, which undoes the effect, unless the lease holds all."""
    await _under_lease(
        transaction, lease, state=JobState.DONE, finished_at=transaction.now, error=None
    )


async def extend(transaction: Transaction, lease: Lease) -> None:
    """Let a lease last for its whole length from now. Raises LeaseLost."""
    await _under_lease(transaction, lease, due_at=transaction.now + lease.kind.lease)


async def fail(transaction: Transaction, lease: Lease, error: BaseException) -> list[UUID]:
    """Put the jobs of a failed attempt back for a later attempt; the answer is those given up.

    Raises LeaseLost when another worker has them by now.
    """
    given_up: list[UUID] = []
    for job in lease.jobs:
        delay = delay_after(job.attempts, share=_jitter.random())
        spent = Job.attempts >= Job.max_attempts
        row = await transaction.execute(
            update(Job)
            .where(Job.id == job.id, *_held(lease.id))
            .values(
                state=case((spent, JobState.DEAD), else_=JobState.WAITING),
                finished_at=case((spent, transaction.now), else_=None),
                due_at=transaction.now + delay,
                lease_id=None,
                error=described(error),
            )
            .returning(Job.state)
        )
        state = row.scalar_one_or_none()
        if state is None:
            raise LeaseLost
        if state == JobState.DEAD:
            given_up.append(job.id)
    return given_up


async def release(transaction: Transaction, lease: Lease) -> None:
    """Give the jobs back at once, the attempt not counted: the worker is stopping."""
    await _under_lease(
        transaction,
        lease,
        state=JobState.WAITING,
        due_at=transaction.now,
        attempts=Job.attempts - 1,
        lease_id=None,
    )
    transaction.leave_work()


async def retry(transaction: Transaction, actor_id: UUID | None, *, job_id: UUID) -> None:
    """Let a dead letter be tried again from its first attempt.

    Refuses with NotFound("job"), or with WrongState when the job was not given up.
    """
    statement = select(Job.state).where(Job.id == job_id).with_for_update()
    state = (await transaction.execute(statement)).scalar_one_or_none()
    if state is None:
        raise NotFound(noun="job")
    if state != JobState.DEAD:
        raise WrongState(noun="job", state=state)
    await transaction.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(
            state=JobState.WAITING,
            due_at=transaction.now,
            attempts=0,
            lease_id=None,
            finished_at=None,
        )
    )
    await audit.record(transaction, actor_id, act="retry_job", subject="job", subject_id=job_id)
    transaction.leave_work()


async def sweep(transaction: Transaction, *, older_than: dt.timedelta, limit: int = 5_000) -> int:
    """Forget jobs done that long ago, at most so many at once; dead letters stay."""
    old = (
        select(Job.id)
        .where(Job.state == JobState.DONE, Job.finished_at < transaction.now - older_than)
        .limit(limit)
    )
    swept = await transaction.execute(delete(Job).where(Job.id.in_(old)))
    return swept.rowcount


@dataclass(frozen=True, slots=True)
class JobFigures:
    """How many jobs of a kind are in a state, and since when the first of them has been due."""

    kind: str
    state: JobState
    count: int
    oldest_due_at: dt.datetime


async def figures(connection: AsyncConnection) -> list[JobFigures]:
    """The unfinished and the dead jobs, counted by kind and state."""
    statement = (
        select(Job.kind, Job.state, func.count(), func.min(Job.due_at))
        .where(Job.state != JobState.DONE)
        .group_by(Job.kind, Job.state)
        .order_by(Job.kind, Job.state)
    )
    return [JobFigures(*row) for row in await connection.execute(statement)]


async def jobs(
    connection: AsyncConnection, keyset: Keyset, *, state: JobState | None = None
) -> Page[Row[Any]]:
    """Jobs, the newest first, of one state or of all; without their payloads."""
    statement = select(
        Job.id,
        Job.kind,
        Job.state,
        Job.due_at,
        Job.attempts,
        Job.max_attempts,
        Job.created_at,
        Job.finished_at,
        Job.error,
    )
    if state is not None:
        statement = statement.where(Job.state == state)
    return await keyset.rows(connection, statement, Job.id, falling=True)


async def is_due(connection: AsyncConnection, now: dt.datetime, kinds: Sequence[str]) -> bool:
    """Whether there is a job of these kinds to be claimed."""
    statement = select(Job.id).where(_UNFINISHED, Job.due_at <= now, Job.kind.in_(kinds)).limit(1)
    return (await connection.execute(statement)).first() is not None


def _held(lease_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (Job.lease_id == lease_id, Job.state == JobState.RUNNING)


async def _under_lease(transaction: Transaction, lease: Lease, **values: Any) -> None:
    ids = [job.id for job in lease.jobs]
    changed = await transaction.execute(
        update(Job).where(Job.id.in_(ids), *_held(lease.id)).values(**values)
    )
    if changed.rowcount != len(ids):
        raise LeaseLost
