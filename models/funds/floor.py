"""The floor (底线) and the replenishment call (限时补充) that answers it (domain §3, "Floor").

Source: 《通川区防返贫基金管理办法(试行)》: 当基金规模不足100万元时,及时启动财政限时补充.

The transaction that leaves the available balance below the floor opens a call for the shortfall or
moves the open one, so that what is outstanding is always exactly floor − available; at the floor
itself there is no call. The database repeats the rule: two deferred foreign keys, one each way
between `fund_standings` and `open_calls`, let nothing else be committed.
"""

import datetime as dt
import enum
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models import alerts
from models.alerts import AlertKind
from models.funds import fund
from models.funds.fund import Fund, Standing
from models.kernel import jobs
from models.kernel.calendar import add_working_days
from models.kernel.clock import business_date, end_of_business_date
from models.kernel.database import Base, Transaction
from models.kernel.ids import new_code, new_id
from models.kernel.jobs import HeldJob, JobKind
from models.kernel.money import Fen
from models.kernel.paging import Keyset, Page

WATCH_DUE_DATE = JobKind("watch_due_date")


class CallEventKind(enum.StrEnum):
    """What happened to a call."""

    OPENED = "opened"
    RAISED = "raised"
    PARTLY_MET = "partly_met"
    EASED = "eased"
    MET = "met"
    ESCALATED = "escalated"


class ReplenishmentCall(Base):
    """A duty on district finance to bring a fund back to its floor by a date.

    `required_fen` is the shortfall it was opened for and every raise since.
    """

    __tablename__ = "replenishment_calls"
    __table_args__ = (
        CheckConstraint("required_fen > 0", name="required"),
        Index(None, "fund_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    division_code: Mapped[str] = mapped_column(String(12))
    number: Mapped[str] = mapped_column(String(24), unique=True)
    opened_at: Mapped[dt.datetime]
    required_fen: Mapped[Fen] = mapped_column(BigInteger)
    working_days: Mapped[int]
    due_on: Mapped[dt.date]
    is_due_provisional: Mapped[bool]
    closed_at: Mapped[dt.datetime | None]


class OpenCall(Base):
    """The one open call of a fund below its floor, with what is outstanding, in fen."""

    __tablename__ = "open_calls"
    __table_args__ = (
        UniqueConstraint("fund_id", "outstanding_fen"),
        ForeignKeyConstraint(
            ["fund_id", "outstanding_fen"],
            ["fund_standings.below_floor_id", "fund_standings.shortfall_fen"],
            name="open_calls_floor_fkey",
            deferrable=True,
            initially="DEFERRED",
        ),
    )

    fund_id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("replenishment_calls.id"), unique=True)
    outstanding_fen: Mapped[Fen] = mapped_column(BigInteger)


class CallEvent(Base):
    """One step of a call, with the amount it was about, in fen."""

    __tablename__ = "call_events"
    __table_args__ = (Index(None, "call_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("replenishment_calls.id"))
    occurred_at: Mapped[dt.datetime]
    kind: Mapped[CallEventKind]
    amount_fen: Mapped[Fen] = mapped_column(BigInteger)
    outstanding_fen: Mapped[Fen] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True)
class Change:
    """What a call goes through: by how much, and whether that closes it."""

    kind: CallEventKind
    amount_fen: Fen
    closes: bool = False


def decide(outstanding_fen: Fen | None, shortfall_fen: Fen, *, money_in: bool) -> Change | None:
    """What the open call, if there is one, goes through when the fund lacks so much.

    `money_in` says whether money came in, or a hold was released or the floor lowered instead.
    """
    before = outstanding_fen or 0
    if shortfall_fen == before:
        return None
    if shortfall_fen > before:
        kind = CallEventKind.OPENED if outstanding_fen is None else CallEventKind.RAISED
        return Change(kind, Fen(shortfall_fen - before))
    amount = Fen(before - shortfall_fen)
    if not money_in:
        return Change(CallEventKind.EASED, amount, closes=shortfall_fen == 0)
    if shortfall_fen == 0:
        return Change(CallEventKind.MET, amount, closes=True)
    return Change(CallEventKind.PARTLY_MET, amount)


async def keep(
    transaction: Transaction, fund_id: UUID, standing: Standing, *, money_in: bool
) -> None:
    """Let the fund's call say what the fund lacks now.

    Before: this transaction holds the lock on the fund's standing. After: there is an open call for
    exactly the shortfall, or none at or above the floor; whoever must know is told.
    """
    opened = (
        await transaction.execute(
            select(OpenCall.call_id, OpenCall.outstanding_fen).where(OpenCall.fund_id == fund_id)
        )
    ).first()
    shortfall = standing.shortfall_fen
    change = decide(opened.outstanding_fen if opened else None, shortfall, money_in=money_in)
    if change is None:
        return
    if change.kind is CallEventKind.OPENED:
        call_id = await _open(transaction, fund_id, shortfall)
    else:
        assert opened is not None
        call_id = opened.call_id
        await _move(transaction, fund_id, call_id, change, shortfall)
    await _note(transaction, call_id, change.kind, change.amount_fen, shortfall)


async def _open(transaction: Transaction, fund_id: UUID, shortfall_fen: Fen) -> UUID:
    today = business_date(transaction.now)
    rule = await fund.rule_in_force(transaction.connection, fund_id, on=today)
    assert rule is not None, "a floor is watched only while a rule is in force"
    division_code = (
        await transaction.execute(select(Fund.division_code).where(Fund.id == fund_id))
    ).scalar_one()
    deadline = add_working_days(today, rule.replenish_working_days)
    call_id = new_id()
    await transaction.execute(
        insert(ReplenishmentCall).values(
            id=call_id,
            fund_id=fund_id,
            division_code=division_code,
            number=new_code("BC"),
            opened_at=transaction.now,
            required_fen=shortfall_fen,
            working_days=rule.replenish_working_days,
            due_on=deadline.on,
            is_due_provisional=deadline.provisional,
        )
    )
    await transaction.execute(
        insert(OpenCall).values(fund_id=fund_id, call_id=call_id, outstanding_fen=shortfall_fen)
    )
    await alerts.raise_alert(
        transaction,
        AlertKind.FUND_UNDER_FLOOR,
        subject="fund",
        subject_id=fund_id,
        division_code=division_code,
        facts={"shortfall_fen": shortfall_fen, "due_on": deadline.on.isoformat()},
    )
    await _watch(transaction, call_id, deadline.on)
    return call_id


async def _move(
    transaction: Transaction, fund_id: UUID, call_id: UUID, change: Change, shortfall_fen: Fen
) -> None:
    if change.closes:
        await transaction.execute(delete(OpenCall).where(OpenCall.fund_id == fund_id))
        await transaction.execute(
            update(ReplenishmentCall)
            .where(ReplenishmentCall.id == call_id)
            .values(closed_at=transaction.now)
        )
        for kind in (AlertKind.FUND_UNDER_FLOOR, AlertKind.REPLENISHMENT_OVERDUE):
            await alerts.close_alert(transaction, kind, subject_id=fund_id)
        return
    await transaction.execute(
        update(OpenCall).where(OpenCall.fund_id == fund_id).values(outstanding_fen=shortfall_fen)
    )
    if change.kind is CallEventKind.RAISED:
        await transaction.execute(
            update(ReplenishmentCall)
            .where(ReplenishmentCall.id == call_id)
            .values(required_fen=ReplenishmentCall.required_fen + change.amount_fen)
        )


async def _note(
    transaction: Transaction,
    call_id: UUID,
    kind: CallEventKind,
    amount_fen: Fen,
    outstanding_fen: Fen,
) -> None:
    await transaction.execute(
        insert(CallEvent).values(
            id=new_id(),
            call_id=call_id,
            occurred_at=transaction.now,
            kind=kind,
            amount_fen=amount_fen,
            outstanding_fen=outstanding_fen,
        )
    )


async def _watch(transaction: Transaction, call_id: UUID, day: dt.date) -> None:
    await jobs.enqueue(
        transaction,
        WATCH_DUE_DATE,
        payload={"call_id": str(call_id), "day": day.isoformat()},
        run_at=end_of_business_date(day),
        dedupe_key=f"{WATCH_DUE_DATE.name}:{call_id}:{day}",
    )


async def activate(transaction: Transaction, fund_id: UUID) -> None:
    """Watch from now on the floor of the rule in force today; run as a rule's first day begins."""
    await fund.set_floor(transaction, fund_id)
    standing = await fund.standing(transaction.connection, fund_id)
    await keep(transaction, fund_id, standing, money_in=False)
    transaction.announce("fund", fund_id)


async def escalate_overdue(transaction: Transaction, call_id: UUID, day: dt.date) -> None:
    """At the end of the due date, and of each day after it, tell the supervisors if still open."""
    row = (
        await transaction.execute(
            select(
                OpenCall.fund_id,
                OpenCall.outstanding_fen,
                ReplenishmentCall.division_code,
                ReplenishmentCall.due_on,
            )
            .select_from(OpenCall)
            .join(ReplenishmentCall, ReplenishmentCall.id == OpenCall.call_id)
            .where(OpenCall.call_id == call_id)
        )
    ).first()
    if row is None:
        return
    await _note(
        transaction,
        call_id,
        CallEventKind.ESCALATED,
        row.outstanding_fen,
        row.outstanding_fen,
    )
    await alerts.raise_alert(
        transaction,
        AlertKind.REPLENISHMENT_OVERDUE,
        subject="fund",
        subject_id=row.fund_id,
        division_code=row.division_code,
        facts={"outstanding_fen": row.outstanding_fen, "due_on": row.due_on.isoformat()},
    )
    await _watch(transaction, call_id, day + dt.timedelta(days=1))
    transaction.announce("fund", row.fund_id)


async def activate_due(transaction: Transaction, job: HeldJob) -> None:
    """Job `activate_floor`: the first day of a fund's rule has begun."""
    await activate(transaction, UUID(job.payload["fund_id"]))


async def watch_due_date(transaction: Transaction, job: HeldJob) -> None:
    """Job `watch_due_date`: a day of an open call has ended, its last or a later one."""
    day = dt.date.fromisoformat(job.payload["day"])
    await escalate_overdue(transaction, UUID(job.payload["call_id"]), day)


_CALLS = select(
    ReplenishmentCall.__table__,
    OpenCall.outstanding_fen,
    func.coalesce(
        select(func.sum(CallEvent.amount_fen))
        .where(
            CallEvent.call_id == ReplenishmentCall.id,
            CallEvent.kind.in_((CallEventKind.PARTLY_MET, CallEventKind.MET)),
        )
        .scalar_subquery(),
        0,
    ).label("met_fen"),
).outerjoin(OpenCall, OpenCall.call_id == ReplenishmentCall.id)


async def calls(connection: AsyncConnection, keyset: Keyset, *, fund_id: UUID) -> Page[Any]:
    """The calls of a fund, the newest first, each with what was met and what is outstanding."""
    statement = _CALLS.where(ReplenishmentCall.fund_id == fund_id)
    return await keyset.rows(connection, statement, ReplenishmentCall.id, falling=True)


async def calls_by_ids(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Any]:
    """Calls by id."""
    rows = await connection.execute(_CALLS.where(ReplenishmentCall.id.in_(ids)))
    return {row.id: row for row in rows}


async def open_calls(connection: AsyncConnection, fund_ids: Collection[UUID]) -> dict[UUID, Any]:
    """The open call of each fund that has one, by the fund's id."""
    rows = await connection.execute(_CALLS.where(OpenCall.fund_id.in_(fund_ids)))
    return {row.fund_id: row for row in rows}


async def events(connection: AsyncConnection, call_ids: Collection[UUID]) -> dict[UUID, list[Any]]:
    """The steps of each call, in their order, by the call's id."""
    found: dict[UUID, list[Any]] = {call_id: [] for call_id in call_ids}
    rows = await connection.execute(
        select(CallEvent.__table__).where(CallEvent.call_id.in_(call_ids)).order_by(CallEvent.id)
    )
    for row in rows:
        found[row.call_id].append(row)
    return found
