"""Money leaves a fund in two steps: held when a payout is approved, paid or released by the bank.

A hold that takes the fund below its floor is not refused (relief comes first); one that the fund's
bank account cannot cover always is (domain §3, "Floor").
"""

import datetime as dt
import enum
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    String,
    cast,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.funds import receipts, statement
from models.funds.fund import COST_CONCEPT, Purse, account_id
from models.funds.statement import Line
from models.kernel.database import Base, Transaction
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.kernel.refusals import NotFound, WrongState
from models.ledger.books import TransferKind
from models.ledger.posting import Entry, Journal


class DrawState(enum.StrEnum):
    """Whether the money is held, has left the fund, or was set free again."""

    HELD = "held"
    PAID = "paid"
    RELEASED = "released"


class Draw(Base):
    """An amount, in fen, taken from a fund for one payout, which has the same id."""

    __tablename__ = "draws"
    __table_args__ = (CheckConstraint("amount_fen > 0", name="positive"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"), index=True)
    division_code: Mapped[str] = mapped_column(String(12))
    hold_id: Mapped[UUID] = mapped_column(ForeignKey("transfers.id"))
    amount_fen: Mapped[Fen] = mapped_column(BigInteger)
    state: Mapped[DrawState]
    held_at: Mapped[dt.datetime]
    settled_at: Mapped[dt.datetime | None]


async def hold(
    transaction: Transaction,
    *,
    payout_id: UUID,
    fund_id: UUID,
    division_code: str,
    amount_fen: Fen,
) -> None:
    """Hold money of the fund for a payout. Refuses with FundOverdrawn; the floor is kept."""
    hold_id = new_id()
    entry = _entry(fund_id, amount_fen, TransferKind.PENDING, hold_id=hold_id)
    journal = _journal(
        transaction,
        fund_id,
        division_code=division_code,
        payout_id=payout_id,
        reason="payout_held",
        entry=entry,
    )
    line = Line(journal, Fen(0), Fen(-amount_fen))
    await statement.move(transaction, fund_id, [line], money_in=False)
    await transaction.execute(
        insert(Draw).values(
            id=payout_id,
            fund_id=fund_id,
            division_code=division_code,
            hold_id=hold_id,
            amount_fen=amount_fen,
            state=DrawState.HELD,
            held_at=transaction.now,
        )
    )


async def settle(transaction: Transaction, *, payout_id: UUID, paid: bool) -> None:
    """Let a hold become a payment out of the oldest receipts, or set it free.

    Refuses with NotFound, and with WrongState when the hold was settled before.
    """
    state = DrawState.PAID if paid else DrawState.RELEASED
    settled = (
        await transaction.execute(
            update(Draw)
            .where(Draw.id == payout_id, Draw.state == DrawState.HELD)
            .values(state=state, settled_at=transaction.now)
            .returning(Draw.fund_id, Draw.division_code, Draw.hold_id, Draw.amount_fen)
        )
    ).first()
    if settled is None:
        await _refuse_settling(transaction, payout_id)
        raise AssertionError("unreachable")
    kind = TransferKind.POST if paid else TransferKind.VOID
    entry = _entry(settled.fund_id, settled.amount_fen, kind, pending_id=settled.hold_id)
    journal = _journal(
        transaction,
        settled.fund_id,
        division_code=settled.division_code,
        payout_id=payout_id,
        reason="payout_paid" if paid else "payout_released",
        entry=entry,
    )
    line = (
        Line(journal, Fen(-settled.amount_fen), Fen(0))
        if paid
        else Line(journal, Fen(0), settled.amount_fen)
    )
    await statement.move(transaction, settled.fund_id, [line], money_in=False)
    if paid:
        await receipts.spend(transaction, settled.fund_id, payout_id, settled.amount_fen)


async def _refuse_settling(transaction: Transaction, payout_id: UUID) -> None:
    row = (await transaction.execute(select(Draw.state).where(Draw.id == payout_id))).first()
    if row is None:
        raise NotFound(noun="relief_payout")
    raise WrongState(noun="relief_payout", state=row.state.value)


def _entry(
    fund_id: UUID,
    amount_fen: Fen,
    kind: TransferKind,
    *,
    hold_id: UUID | None = None,
    pending_id: UUID | None = None,
) -> Entry:
    return Entry(
        debit_id=account_id(fund_id, COST_CONCEPT),
        credit_id=account_id(fund_id, Purse.BANK),
        amount_fen=amount_fen,
        kind=kind,
        pending_id=pending_id,
        id=hold_id or new_id(),
    )


def _journal(
    transaction: Transaction,
    fund_id: UUID,
    *,
    division_code: str,
    payout_id: UUID,
    reason: str,
    entry: Entry,
) -> Journal:
    return Journal(
        book_id=fund_id,
        reason=reason,
        subject="relief_payout",
        subject_id=payout_id,
        division_code=division_code,
        occurred_at=transaction.now,
        entries=(entry,),
    )


async def paid_out(
    connection: AsyncConnection, fund_ids: Collection[UUID]
) -> dict[UUID, tuple[Fen, int]]:
    """What each fund has paid out, in fen, and in how many payouts, by the fund's id."""
    rows = await connection.execute(
        select(
            Draw.fund_id,
            cast(func.sum(Draw.amount_fen), BigInteger).label("total_fen"),
            func.count().label("payout_count"),
        )
        .where(Draw.fund_id.in_(fund_ids), Draw.state == DrawState.PAID)
        .group_by(Draw.fund_id)
    )
    return {row.fund_id: (row.total_fen, row.payout_count) for row in rows}
