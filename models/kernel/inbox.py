"""What other computers tell us is stored once, answered, and applied later (laws 4 and 5).

An event is its own job: many are taken at a time and applied in one transaction. When that fails
the batch is halved, inside savepoints, until one bad event fails alone. What the rules cannot
accept is parked as an incident that a person resolves: never dropped, never tried for ever.
"""

import datetime as dt
import enum
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Row, String, UniqueConstraint, false, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import audit
from models.kernel.database import Base, Database, Transaction, is_transient
from models.kernel.divisions import prefix
from models.kernel.ids import new_id
from models.kernel.jobs import delay_after, described
from models.kernel.paging import Keyset, Page
from models.kernel.refusals import InvalidValue, NotFound, Refusal, WrongState

_MAX_ATTEMPTS = 8
_REASON_LENGTH = 400
_NOTE_LENGTH = 1_000
_jitter = random.SystemRandom()


class EventState(enum.StrEnum):
    """Received and waiting, applied, or parked as an incident."""

    RECEIVED = "received"
    APPLIED = "applied"
    PARKED = "parked"


class Event(Base):
    """What a source told us under an id of its own; a parked one is an incident until resolved."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(40))
    external_id: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(120))
    body: Mapped[dict[str, Any]]
    division_code: Mapped[str | None] = mapped_column(String(12))
    state: Mapped[EventState]
    received_at: Mapped[dt.datetime]
    due_at: Mapped[dt.datetime]
    attempts: Mapped[int]
    applied_at: Mapped[dt.datetime | None]
    parked_at: Mapped[dt.datetime | None]
    reason: Mapped[str | None] = mapped_column(String(_REASON_LENGTH))
    resolved_at: Mapped[dt.datetime | None]
    resolved_by: Mapped[UUID | None]
    note: Mapped[str | None] = mapped_column(String(_NOTE_LENGTH))


_IS_WAITING = Event.state == EventState.RECEIVED
_IS_PARKED = Event.state == EventState.PARKED
Index(
    "events_waiting_index",
    Event.source,
    Event.due_at,
    Event.id,
    postgresql_where=_IS_WAITING,
    sqlite_where=_IS_WAITING,
)
# What is read of an incident: all but the body.
INCIDENT = (
    Event.id,
    Event.source,
    Event.external_id,
    Event.kind,
    Event.division_code,
    Event.received_at,
    Event.parked_at,
    Event.reason,
    Event.resolved_at,
    Event.resolved_by,
    Event.note,
)
Index("events_parked_index", Event.id, postgresql_where=_IS_PARKED, sqlite_where=_IS_PARKED)


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event as it is applied."""

    id: UUID
    source: str
    external_id: str
    kind: str
    body: Mapping[str, Any]
    received_at: dt.datetime
    attempts: int


@dataclass(eq=False)
class Parked(Exception):  # noqa: N818 - it is what happens to the event
    """No rule accepts this event and a person must look at it; an applier answers or raises it."""

    reason: str
    division_code: str | None = None


# Applies events, the oldest first, and names those that no rule accepts. It is handed the whole
# batch so that it can do once what would be dear for each: one lock and one posting on a hot fund.
# When it raises, what it did is undone and it is handed each half of the batch by itself.
Applier = Callable[
    [Transaction, Sequence[ReceivedEvent]], Awaitable[Mapping[UUID, "Parked"] | None]
]


async def receive(
    transaction: Transaction,
    *,
    source: str,
    external_id: str,
    kind: str,
    body: Mapping[str, object],
) -> bool:
    """Store an event for its applier; False, and nothing changes, when it was stored before."""
    row = {
        "id": new_id(),
        "source": source,
        "external_id": external_id,
        "kind": kind,
        "body": dict(body),
        "state": EventState.RECEIVED,
        "received_at": transaction.now,
        "due_at": transaction.now,
        "attempts": 0,
    }
    dialect = postgresql if transaction.dialect == "postgresql" else sqlite
    statement = dialect.insert(Event).values(row).on_conflict_do_nothing().returning(Event.id)
    is_new = (await transaction.execute(statement)).first() is not None
    if is_new:
        transaction.leave_work()
    return is_new


async def apply_events(database: Database, source: str, applier: Applier, *, limit: int) -> int:
    """Apply the oldest waiting events of a source, in one transaction; the answer is how many.

    After: each is applied, parked, or waits for a later attempt with the reason noted; those
    another worker is just applying are passed over.
    """
    async with database.read() as connection:
        if not await is_waiting(connection, source, database.clock.now()):
            return 0

    async def apply(transaction: Transaction) -> int:
        events = await _take(transaction, source, limit)
        troubles: dict[UUID, Exception] = {}
        if events:
            await _apply(transaction, applier, events, troubles)
        applied = [event.id for event in events if event.id not in troubles]
        if applied:
            await transaction.execute(
                update(Event)
                .where(Event.id.in_(applied))
                .values(state=EventState.APPLIED, applied_at=transaction.now, reason=None)
            )
        for event in events:
            if event.id in troubles:
                await _set_aside(transaction, event, troubles[event.id])
        return len(events)

    return await database.transact(apply)


async def _apply(
    transaction: Transaction,
    applier: Applier,
    events: Sequence[ReceivedEvent],
    troubles: dict[UUID, Exception],
) -> None:
    try:
        async with transaction.savepoint():
            parked = await applier(transaction, events)
    except Exception as error:  # whatever it was, the good events of the batch go through
        if isinstance(error, DBAPIError) and is_transient(error):
            raise
        if len(events) == 1:
            troubles[events[0].id] = error
            return
    else:
        troubles.update(parked or {})
        return
    middle = len(events) // 2
    for half in (events[:middle], events[middle:]):
        await _apply(transaction, applier, half, troubles)


async def _set_aside(transaction: Transaction, event: ReceivedEvent, error: Exception) -> None:
    attempts = event.attempts + 1
    values: dict[str, Any] = {"attempts": attempts, "reason": described(error)}
    if isinstance(error, Parked | Refusal) or attempts >= _MAX_ATTEMPTS:
        values |= {"state": EventState.PARKED, "parked_at": transaction.now}
    else:
        wait = delay_after(attempts, share=_jitter.random())
        values["due_at"] = transaction.now + wait
    if isinstance(error, Parked):
        values |= {"reason": error.reason[:_REASON_LENGTH], "division_code": error.division_code}
    await transaction.execute(update(Event).where(Event.id == event.id).values(values))


async def resolve_incident(
    transaction: Transaction, actor_id: UUID | None, *, incident_id: UUID, note: str
) -> None:
    """Close an incident: somebody has looked at it and says what was done.

    Refuses with NotFound("incident"), WrongState when it is resolved, InvalidValue for no note.
    """
    written = note.strip()
    if not 0 < len(written) <= _NOTE_LENGTH:
        raise InvalidValue(path="note", reason=f"1 to {_NOTE_LENGTH} characters")
    statement = select(Event.resolved_at).where(Event.id == incident_id, _IS_PARKED)
    row = (await transaction.execute(statement.with_for_update())).first()
    if row is None:
        raise NotFound(noun="incident")
    if row.resolved_at is not None:
        raise WrongState(noun="incident", state="resolved")
    await transaction.execute(
        update(Event)
        .where(Event.id == incident_id)
        .values(resolved_at=transaction.now, resolved_by=actor_id, note=written)
    )
    await audit.record(
        transaction, actor_id, act="resolve_incident", subject="event", subject_id=incident_id
    )


async def incidents(
    connection: AsyncConnection,
    keyset: Keyset,
    *,
    division_codes: Sequence[str] | None,
    is_open: bool | None = None,
) -> Page[Row[Any]]:
    """Parked events, the newest first, without their bodies: those of the divisions, or all.

    An event that names no division belongs to nobody's work list but that of who sees all (None).
    """
    statement = select(*INCIDENT).where(_IS_PARKED)
    if division_codes is not None:
        inside = [Event.division_code.startswith(prefix(code)) for code in division_codes]
        statement = statement.where(or_(false(), *inside))
    if is_open is not None:
        statement = statement.where(
            Event.resolved_at.is_(None) if is_open else Event.resolved_at.is_not(None)
        )
    return await keyset.rows(connection, statement, Event.id, falling=True)


async def is_waiting(connection: AsyncConnection, source: str, now: dt.datetime) -> bool:
    """Whether an event of the source is to be applied now."""
    statement = select(Event.id).where(_IS_WAITING, Event.source == source, Event.due_at <= now)
    return (await connection.execute(statement.limit(1))).first() is not None


async def oldest_received(connection: AsyncConnection) -> dict[str, tuple[int, dt.datetime]]:
    """For each source with events still to be applied: how many, and when the first one came."""
    rows = await connection.execute(
        select(Event.source, func.count(), func.min(Event.received_at))
        .where(_IS_WAITING)
        .group_by(Event.source)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def _take(transaction: Transaction, source: str, limit: int) -> list[ReceivedEvent]:
    rows = await transaction.execute(
        select(
            Event.id,
            Event.source,
            Event.external_id,
            Event.kind,
            Event.body,
            Event.received_at,
            Event.attempts,
        )
        .where(_IS_WAITING, Event.source == source, Event.due_at <= transaction.now)
        .order_by(Event.due_at, Event.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [ReceivedEvent(*row) for row in rows]
