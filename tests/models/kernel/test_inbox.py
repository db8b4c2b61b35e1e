"""Events from outside: stored once, applied many at a time, one bad one fails alone."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, select

from models.kernel import audit, inbox
from models.kernel.audit import AuditEntry
from models.kernel.clock import MovableClock
from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.inbox import Event, EventState, Parked, ReceivedEvent
from models.kernel.paging import Keyset
from models.kernel.refusals import InvalidValue, NotFound, Refusal, WrongState
from tests.databases import count


@pytest.fixture
async def other(database: Database, clock: MovableClock) -> AsyncIterator[Database]:
    """The same database as another process would open it."""
    other = Database(database.url.render_as_string(hide_password=False), clock=clock)
    yield other
    await other.close()


async def receive(database: Database, external_id: str, kind: str = "paid") -> bool:
    return await database.transact(
        lambda transaction: inbox.receive(
            transaction, source="bank", external_id=external_id, kind=kind, body={"n": external_id}
        )
    )


async def leave_a_trace(transaction: Transaction, event: ReceivedEvent) -> None:
    await audit.record(
        transaction, None, act=event.external_id, subject="event", subject_id=event.id
    )


class Book:
    """An applier that writes a row for each event, then one for the whole batch."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    async def __call__(
        self, transaction: Transaction, events: Sequence[ReceivedEvent]
    ) -> dict[UUID, Parked]:
        parked: dict[UUID, Parked] = {}
        for event in events:
            if event.kind == "unknown":
                parked[event.id] = Parked("unknown kind", division_code="511702000000")
                continue
            await leave_a_trace(transaction, event)
            if event.kind == "poison":
                raise LookupError
            if event.kind == "refused":
                raise InvalidValue(path="amount", reason="too much")
        await audit.record(
            transaction,
            None,
            act="batch",
            subject="batch",
            subject_id=new_id(),
            facts={"size": len(events)},
        )
        self.batches.append(len(events))
        return parked


async def apply(database: Database, book: Book | None = None, limit: int = 100) -> int:
    return await inbox.apply_events(database, "bank", book or Book(), limit=limit)


async def states(database: Database) -> dict[str, EventState]:
    async with database.read() as connection:
        rows = await connection.execute(select(Event.external_id, Event.state))
        return {row.external_id: row.state for row in rows}


async def acts(database: Database) -> list[str]:
    async with database.read() as connection:
        rows = await connection.execute(select(AuditEntry.act).order_by(AuditEntry.id))
        return [row.act for row in rows]


async def only_event(database: Database) -> Row[*tuple[Any, ...]]:
    async with database.read() as connection:
        return (
            await connection.execute(
                select(Event.id, Event.state, Event.attempts, Event.due_at, Event.reason)
            )
        ).one()


async def test_an_event_is_stored_once_however_often_it_comes(
    database: Database, other: Database
) -> None:
    answers = await asyncio.gather(*(receive(one, "e1") for one in (database, other) * 4))

    assert sorted(answers) == [False] * 7 + [True]
    assert await count(database, Event) == 1


async def test_waiting_events_are_applied_together_in_their_order(database: Database) -> None:
    for number in range(5):
        await receive(database, f"e{number}")
    book = Book()

    assert await apply(database, book, limit=3) == 3
    assert await apply(database, book) == 2
    assert await apply(database, book) == 0

    assert book.batches == [3, 2]
    assert await acts(database) == ["e0", "e1", "e2", "batch", "e3", "e4", "batch"]
    assert set((await states(database)).values()) == {EventState.APPLIED}


async def test_an_event_no_rule_accepts_is_parked_and_the_others_are_applied(
    database: Database,
) -> None:
    for external_id, kind in (("a", "paid"), ("b", "unknown"), ("c", "refused"), ("d", "paid")):
        await receive(database, external_id, kind)

    assert await apply(database) == 4

    assert await states(database) == {
        "a": EventState.APPLIED,
        "b": EventState.PARKED,
        "c": EventState.PARKED,
        "d": EventState.APPLIED,
    }
    assert sorted(act for act in await acts(database) if act != "batch") == ["a", "d"]
    async with database.read() as connection:
        page = await inbox.incidents(connection, Keyset(), division_codes=None, is_open=True)
    assert {row.external_id: row.reason for row in page.rows} == {
        "b": "unknown kind",
        "c": "INVALID_VALUE {'path': 'amount', 'reason': 'too much'}",
    }


async def test_one_poisonous_event_among_many_fails_alone_and_is_parked_in_the_end(
    database: Database, clock: MovableClock
) -> None:
    for number in range(20):
        await receive(database, f"e{number}", "poison" if number == 7 else "paid")

    assert await apply(database) == 20

    found = await states(database)
    assert found.pop("e7") == EventState.RECEIVED
    assert set(found.values()) == {EventState.APPLIED}
    assert "e7" not in await acts(database)
    assert await apply(database) == 0
    for _ in range(7):
        clock.advance(dt.timedelta(hours=1))
        assert await apply(database) == 1
    assert (await states(database))["e7"] == EventState.PARKED
    clock.advance(dt.timedelta(hours=2))
    assert await apply(database) == 0
    assert "e7" not in await acts(database)


async def test_a_failed_event_notes_why_without_what_was_said(
    database: Database, clock: MovableClock
) -> None:
    await receive(database, "p", "poison")

    await apply(database)

    event = await only_event(database)
    assert (event.state, event.attempts) == (EventState.RECEIVED, 1)
    assert event.reason.startswith("LookupError at test_inbox.py:")
    assert event.due_at > clock.now()
    assert await acts(database) == []


async def test_racing_workers_apply_each_event_once(database: Database, other: Database) -> None:
    for number in range(30):
        await receive(database, f"e{number:02d}")

    await asyncio.gather(*(apply(one, limit=5) for one in (database, other) for _ in range(4)))
    while await apply(database):
        pass

    assert sorted(act for act in await acts(database) if act != "batch") == [
        f"e{number:02d}" for number in range(30)
    ]


async def test_a_worker_that_dies_while_applying_leaves_the_events_to_another(
    database: Database, other: Database
) -> None:
    await receive(database, "e")
    begun = asyncio.Event()

    async def hang(transaction: Transaction, events: Sequence[ReceivedEvent]) -> None:
        await leave_a_trace(transaction, events[0])
        begun.set()
        await asyncio.Event().wait()

    dying = asyncio.create_task(inbox.apply_events(database, "bank", hang, limit=10))
    await begun.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)

    assert await apply(other) == 1
    assert await acts(database) == ["e", "batch"]


async def test_incidents_are_seen_by_division_and_resolved_once(database: Database) -> None:
    await receive(database, "b", "unknown")
    await apply(database)
    incident_id = (await only_event(database)).id

    async def visible(codes: list[str] | None, *, is_open: bool | None = None) -> int:
        async with database.read() as connection:
            page = await inbox.incidents(
                connection, Keyset(), division_codes=codes, is_open=is_open
            )
        return len(page.rows)

    async def resolve(of: UUID, note: str) -> None:
        await database.transact(
            lambda transaction: inbox.resolve_incident(transaction, None, incident_id=of, note=note)
        )

    assert [await visible(codes) for codes in (None, ["511700000000"], ["511702000000"])] == [1] * 3
    assert [await visible(codes) for codes in ([], ["511703000000"])] == [0, 0]
    recorded = await count(database, AuditEntry)
    refused: list[tuple[type[Refusal], UUID, str]] = [
        (NotFound, new_id(), "seen"),
        (InvalidValue, incident_id, "  "),
        (InvalidValue, incident_id, "x" * 1_001),
    ]
    for refusal, of, note in refused:
        with pytest.raises(refusal):
            await resolve(of, note)
    assert (await visible(None, is_open=True), await count(database, AuditEntry)) == (1, recorded)

    await resolve(incident_id, "退回付款人")

    assert [await visible(None, is_open=state) for state in (True, False)] == [0, 1]
    with pytest.raises(WrongState):
        await resolve(incident_id, "again")
    assert await count(database, AuditEntry) == recorded + 1


async def test_the_oldest_waiting_event_is_known(database: Database, clock: MovableClock) -> None:
    first = clock.now()
    await receive(database, "1")
    clock.advance(dt.timedelta(minutes=1))
    await receive(database, "2")

    async with database.read() as connection:
        ((source, (number, oldest)),) = (await inbox.oldest_received(connection)).items()

    assert (source, number) == ("bank", 2)
    assert first <= oldest < first + dt.timedelta(seconds=30)
