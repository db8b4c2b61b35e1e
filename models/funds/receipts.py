"""Money received by a fund, and what of each receipt is still unspent (domain §3, "Trace").

A payout is paid out of named receipts, oldest first, in the transaction that posts it; the parts
add up to the payout, and what is left of all receipts adds up to the balance of the fund.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    bindparam,
    cast,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.funds import fund, statement
from models.funds.fund import INCOME_CONCEPTS, Purse, Source, account_id
from models.funds.statement import Line
from models.kernel import audit
from models.kernel.clock import business_date, start_of_business_date
from models.kernel.database import Base, Transaction
from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue, Refusal
from models.kernel.texts import required
from models.ledger.posting import Entry, Journal
from models.parties.memberships import Actor, Role
from models.parties.rights import in_division, own

REPLENISHING = in_division(Role.FINANCE) | own(Role.FUND_MANAGER)
_PAGE = 500
_REFERENCE_LENGTH = 120


@dataclass(eq=False)
class ReferenceUsed(Refusal):
    """Money with this document or bank reference was recorded for the fund before."""

    reference: str


class FundReceipt(Base):
    """An amount of money the fund received, and what of it is unspent, in fen."""

    __tablename__ = "fund_receipts"
    __table_args__ = (
        UniqueConstraint("fund_id", "number"),
        UniqueConstraint("fund_id", "source", "reference"),
        CheckConstraint("amount_fen > 0", name="positive"),
        CheckConstraint("remaining_fen BETWEEN 0 AND amount_fen", name="remaining"),
        Index(None, "subject_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    division_code: Mapped[str] = mapped_column(String(12))
    number: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[Source]
    reference: Mapped[str] = mapped_column(String(_REFERENCE_LENGTH))
    subject_id: Mapped[UUID]
    received_at: Mapped[dt.datetime]
    amount_fen: Mapped[Fen] = mapped_column(BigInteger)
    remaining_fen: Mapped[Fen] = mapped_column(BigInteger)


Index(
    "fund_receipts_unspent_index",
    FundReceipt.fund_id,
    FundReceipt.number,
    postgresql_where=FundReceipt.remaining_fen > 0,
    sqlite_where=FundReceipt.remaining_fen > 0,
)


class PayoutSource(Base):
    """The part of a payout, in fen, that was paid out of a receipt."""

    __tablename__ = "payout_sources"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="positive"),
        Index(None, "receipt_id"),
    )

    payout_id: Mapped[UUID] = mapped_column(primary_key=True)
    receipt_id: Mapped[UUID] = mapped_column(ForeignKey("fund_receipts.id"), primary_key=True)
    amount_fen: Mapped[Fen] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """Money that came in. The reference is the payer's or the provider's own, used once."""

    id: UUID
    source: Source
    purse: Purse
    amount_fen: Fen
    reference: str
    subject: str
    subject_id: UUID
    received_at: dt.datetime
    memo: str = ""


async def receive(
    transaction: Transaction, fund_id: UUID, division_code: str, receipts: Sequence[NewReceipt]
) -> None:
    """Put money into the fund: a batch costs one lock on it, however many gifts there are.

    After: each receipt is posted, on the statement, unspent, and the floor is kept. Refuses with
    ReferenceUsed for a reference that the fund has had from the same source.
    """
    lines = [
        Line(
            _journal(fund_id, division_code, receipt),
            receipt.amount_fen,
            receipt.amount_fen,
            receipt.source,
        )
        for receipt in receipts
    ]
    numbers = await statement.move(transaction, fund_id, lines, money_in=True)
    rows = [
        {
            "id": receipt.id,
            "fund_id": fund_id,
            "division_code": division_code,
            "number": number,
            "source": receipt.source,
            "reference": receipt.reference,
            "subject_id": receipt.subject_id,
            "received_at": receipt.received_at,
            "amount_fen": receipt.amount_fen,
            "remaining_fen": receipt.amount_fen,
        }
        for receipt, number in zip(receipts, numbers, strict=True)
    ]
    dialect = postgresql if transaction.dialect == "postgresql" else sqlite
    inserted = await transaction.execute(
        dialect.insert(FundReceipt)
        .on_conflict_do_nothing(index_elements=["fund_id", "source", "reference"])
        .returning(FundReceipt.id),
        rows,
    )
    new = {row.id for row in inserted}
    for receipt in receipts:
        if receipt.id not in new:
            raise ReferenceUsed(reference=receipt.reference)


def _journal(fund_id: UUID, division_code: str, receipt: NewReceipt) -> Journal:
    return Journal(
        book_id=fund_id,
        reason=f"{receipt.source}_received",
        subject=receipt.subject,
        subject_id=receipt.subject_id,
        division_code=division_code,
        occurred_at=receipt.received_at,
        memo=receipt.memo,
        entries=(
            Entry(
                debit_id=account_id(fund_id, receipt.purse),
                credit_id=account_id(fund_id, INCOME_CONCEPTS[receipt.source]),
                amount_fen=receipt.amount_fen,
            ),
        ),
    )


async def record_replenishment(
    transaction: Transaction,
    actor: Actor,
    *,
    receipt_id: UUID,
    fund_id: UUID,
    amount_fen: Fen,
    source: Source,
    document_number: str,
    received_on: dt.date,
) -> UUID:
    """Record money other than a donation that arrived at the fund's bank.

    Refuses with NotPermitted unless finance of the division or the fund's manager asks,
    InvalidValue for a donation, an amount below one fen, or a day to come or before the fund,
    ReferenceUsed.
    """
    subject = await fund.served(transaction.connection, fund_id)
    REPLENISHING.require(
        actor, organisation_id=subject.office_id, division_code=subject.division_code
    )
    if amount_fen <= 0:
        raise InvalidValue(path="amountFen", reason="not_positive")
    if source is Source.DONATION:
        raise InvalidValue(path="source", reason="is_a_donation")
    document = required(document_number, path="documentNumber", longest=_REFERENCE_LENGTH)
    if received_on > business_date(transaction.now):
        raise InvalidValue(path="receivedOn", reason="in_the_future")
    if received_on < business_date(subject.opened_at):
        raise InvalidValue(path="receivedOn", reason="before_the_fund")
    receipt = NewReceipt(
        id=receipt_id,
        source=source,
        purse=Purse.BANK,
        amount_fen=amount_fen,
        reference=document,
        subject="replenishment",
        subject_id=receipt_id,
        received_at=_moment(transaction.now, received_on),
        memo=document,
    )
    await receive(transaction, fund_id, subject.division_code, [receipt])
    await audit.record(
        transaction,
        actor.person_id,
        act="replenishment_recorded",
        subject="fund",
        subject_id=fund_id,
        facts={"receipt_id": receipt_id, "amount_fen": amount_fen, "source": source.value},
    )
    return receipt_id


def _moment(now: dt.datetime, day: dt.date) -> dt.datetime:
    return now if day == business_date(now) else start_of_business_date(day)


async def spend(transaction: Transaction, fund_id: UUID, payout_id: UUID, amount_fen: Fen) -> None:
    """Name the receipts a payout was paid out of, oldest first; the parts add up to it.

    Before: this transaction holds the fund's lock, so nobody else spends from its receipts.
    """
    left = amount_fen
    while left:
        unspent = await transaction.execute(
            select(FundReceipt.id, FundReceipt.remaining_fen)
            .where(FundReceipt.fund_id == fund_id, FundReceipt.remaining_fen > 0)
            .order_by(FundReceipt.number)
            .limit(_PAGE)
        )
        parts = []
        for receipt in unspent:
            part = min(left, receipt.remaining_fen)
            if not part:
                break
            parts.append({"receipt": receipt.id, "part": part})
            left = Fen(left - part)
        assert parts, "the receipts of a fund hold less than its balance"
        await _take(transaction, payout_id, parts)


async def _take(
    transaction: Transaction, payout_id: UUID, parts: Sequence[dict[str, object]]
) -> None:
    await transaction.execute(
        update(FundReceipt)
        .where(FundReceipt.id == bindparam("receipt"))
        .values(remaining_fen=FundReceipt.remaining_fen - bindparam("part", type_=BigInteger)),
        parts,
    )
    await transaction.execute(
        insert(PayoutSource),
        [
            {"payout_id": payout_id, "receipt_id": part["receipt"], "amount_fen": part["part"]}
            for part in parts
        ],
    )


async def income_by_source(
    connection: AsyncConnection, fund_ids: Collection[UUID]
) -> dict[UUID, list[tuple[Source, Fen]]]:
    """What each fund has received from each source, in fen, by the fund's id."""
    income: dict[UUID, list[tuple[Source, Fen]]] = {fund_id: [] for fund_id in fund_ids}
    rows = await connection.execute(
        select(
            FundReceipt.fund_id,
            FundReceipt.source,
            cast(func.sum(FundReceipt.amount_fen), BigInteger).label("total_fen"),
        )
        .where(FundReceipt.fund_id.in_(fund_ids))
        .group_by(FundReceipt.fund_id, FundReceipt.source)
        .order_by(FundReceipt.source)
    )
    for row in rows:
        income[row.fund_id].append((row.source, row.total_fen))
    return income
