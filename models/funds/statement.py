"""The one way money of a fund moves: ledger, statement and floor in one transaction.

Every movement is a line of the fund's statement with the balance and the available amount after it,
numbered without a gap in the order in which the fund's lock was held.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.funds import floor
from models.funds.fund import FundStanding, Source, Standing
from models.kernel.clock import business_date
from models.kernel.database import Base, Transaction
from models.kernel.money import Fen
from models.kernel.paging import Keyset, Page
from models.kernel.refusals import Refusal
from models.ledger import posting
from models.ledger.posting import Journal, Overdrawn

LONGEST_HISTORY = 400


@dataclass(eq=False)
class FundOverdrawn(Refusal):
    """The fund's bank account has too little for this, counting what is held."""

    available_fen: Fen
    required_fen: Fen


class FundEntry(Base):
    """A line of a fund's statement, in fen; its id is its journal's, `day` when it was booked."""

    __tablename__ = "fund_entries"
    __table_args__ = (
        UniqueConstraint("fund_id", "number"),
        Index(None, "fund_id", "day", "number"),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("journals.id"), primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    number: Mapped[int] = mapped_column(BigInteger)
    occurred_at: Mapped[dt.datetime]
    day: Mapped[dt.date]
    reason: Mapped[str] = mapped_column(String(40))
    source: Mapped[Source | None]
    subject_id: Mapped[UUID]
    memo: Mapped[str] = mapped_column(String(200))
    balance_change_fen: Mapped[Fen] = mapped_column(BigInteger)
    available_change_fen: Mapped[Fen] = mapped_column(BigInteger)
    balance_fen: Mapped[Fen] = mapped_column(BigInteger)
    available_fen: Mapped[Fen] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True)
class Line:
    """A journal with what it does to the fund's balance and to what of it is available, in fen."""

    journal: Journal
    balance_change_fen: Fen
    available_change_fen: Fen
    source: Source | None = None


async def move(
    transaction: Transaction, fund_id: UUID, lines: Sequence[Line], *, money_in: bool
) -> list[int]:
    """Post the lines to the fund and keep its floor; the numbers the lines got, in their order.

    Before: there is at least one line. After: the fund's lock is held until the transaction ends.
    Refuses with FundOverdrawn; the transaction (or savepoint) must then be rolled back.
    """
    try:
        await posting.post(transaction, [line.journal for line in lines])
    except Overdrawn as overdrawn:
        raise FundOverdrawn(overdrawn.available_fen, overdrawn.required_fen) from overdrawn
    # The accounts' trigger has moved the standing, so its row is locked and the numbers are ours.
    row = (
        await transaction.execute(
            update(FundStanding)
            .where(FundStanding.fund_id == fund_id)
            .values(entry_count=FundStanding.entry_count + len(lines))
            .returning(
                FundStanding.floor_fen,
                FundStanding.balance_fen,
                FundStanding.available_fen,
                FundStanding.entry_count,
            )
        )
    ).one()
    after = Standing(*row)
    rows = entries(fund_id, lines, after, day=business_date(transaction.now))
    await transaction.execute(insert(FundEntry), rows)
    await floor.keep(transaction, fund_id, after, money_in=money_in)
    transaction.announce("fund", fund_id)
    return list(range(after.entry_count - len(lines) + 1, after.entry_count + 1))


def entries(
    fund_id: UUID, lines: Sequence[Line], after: Standing, *, day: dt.date
) -> list[dict[str, object]]:
    """The rows of the statement for lines that left the fund where it stands afterwards."""
    number = after.entry_count - len(lines)
    balance = after.balance_fen - sum(line.balance_change_fen for line in lines)
    available = after.available_fen - sum(line.available_change_fen for line in lines)
    rows: list[dict[str, object]] = []
    for line in lines:
        number += 1
        balance += line.balance_change_fen
        available += line.available_change_fen
        rows.append(
            {
                "id": line.journal.id,
                "fund_id": fund_id,
                "number": number,
                "occurred_at": line.journal.occurred_at,
                "day": day,
                "reason": line.journal.reason,
                "source": line.source,
                "subject_id": line.journal.subject_id,
                "memo": line.journal.memo,
                "balance_change_fen": line.balance_change_fen,
                "available_change_fen": line.available_change_fen,
                "balance_fen": balance,
                "available_fen": available,
            }
        )
    return rows


async def page(connection: AsyncConnection, keyset: Keyset, *, fund_id: UUID) -> Page[Any]:
    """The lines of a fund's statement, the newest first."""
    statement = select(FundEntry.__table__).where(FundEntry.fund_id == fund_id)
    return await keyset.rows(connection, statement, FundEntry.number, falling=True)


async def history(
    connection: AsyncConnection,
    fund_id: UUID,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> list[Any]:
    """Where the fund stood at the end of each day of movement, oldest first, at most 400 of them.

    Without `since` the last days of movement are given, however long ago; with it, the first one
    may lie before it: where the fund stood when the period began.
    """
    numbers = (
        select(func.max(FundEntry.number))
        .where(FundEntry.fund_id == fund_id)
        .group_by(FundEntry.day)
    )
    if until is not None:
        numbers = numbers.where(FundEntry.day <= until)
    rows = await connection.execute(
        select(FundEntry.day, FundEntry.balance_fen, FundEntry.available_fen)
        .where(FundEntry.fund_id == fund_id, FundEntry.number.in_(numbers))
        .order_by(FundEntry.day.desc())
        .limit(LONGEST_HISTORY)
    )
    days = list(rows)
    if since is not None:
        within = [row for row in days if row.day >= since]
        days = days[: len(within) + 1]
    return days[::-1]
