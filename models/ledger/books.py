"""Books, accounts, journals and transfers: the record of every fen (law 2).

A transfer moves an amount from one account to another, so a book cannot be unbalanced. Journals
and transfers are append-only; a correction is a new journal. A pending transfer holds an amount
until a later row posts or voids it, whole and once. An account never goes to the wrong side of
zero, counting what is held; the database checks it too. Codes follow the chart in force.
"""

import datetime as dt
import enum
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base
from models.kernel.money import Fen


class Side(enum.StrEnum):
    """The side on which an account grows."""

    DEBIT = "debit"
    CREDIT = "credit"


class TransferKind(enum.StrEnum):
    """What a transfer does to the balances of its two accounts."""

    POSTED = "posted"
    PENDING = "pending"
    POST = "post"
    VOID = "void"


class Book(Base):
    """The accounts of one fund, or of one budget unit's appropriation in one year."""

    __tablename__ = "books"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    division_code: Mapped[str] = mapped_column(String(12))
    opened_at: Mapped[dt.datetime]


class Account(Base):
    """An account of a book with what was posted to it and what is held on it, in fen.

    `pool_id` names the pool of money, such as a fund, whose total this account is part of.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("book_id", "code"),
        CheckConstraint(
            "posted_debit_fen >= 0 AND posted_credit_fen >= 0"
            " AND pending_debit_fen >= 0 AND pending_credit_fen >= 0",
            name="no_negative_side",
        ),
        CheckConstraint(
            "CASE normal_side"
            " WHEN 'debit' THEN posted_credit_fen + pending_credit_fen <= posted_debit_fen"
            " ELSE posted_debit_fen + pending_debit_fen <= posted_credit_fen END",
            name="no_overdraft",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    book_id: Mapped[UUID] = mapped_column(ForeignKey("books.id"))
    code: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(80))
    normal_side: Mapped[Side]
    division_code: Mapped[str] = mapped_column(String(12))
    pool_id: Mapped[UUID | None]
    posted_debit_fen: Mapped[Fen] = mapped_column(BigInteger, server_default="0")
    posted_credit_fen: Mapped[Fen] = mapped_column(BigInteger, server_default="0")
    pending_debit_fen: Mapped[Fen] = mapped_column(BigInteger, server_default="0")
    pending_credit_fen: Mapped[Fen] = mapped_column(BigInteger, server_default="0")


class JournalRow(Base):
    """Why money moved: the reason, the thing it was about, and when."""

    __tablename__ = "journals"
    __table_args__ = (Index(None, "book_id", "id"), Index(None, "subject_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    book_id: Mapped[UUID] = mapped_column(ForeignKey("books.id"))
    reason: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID]
    division_code: Mapped[str] = mapped_column(String(12))
    memo: Mapped[str] = mapped_column(String(200))
    occurred_at: Mapped[dt.datetime]
    recorded_at: Mapped[dt.datetime]


class TransferRow(Base):
    """One amount, in fen, from the credited account to the debited one.

    The composite foreign key makes a resolution repeat its pending transfer: same accounts, same
    amount; the unique pending id makes it happen once.
    """

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="positive"),
        CheckConstraint("debit_id <> credit_id", name="two_accounts"),
        CheckConstraint(
            "(kind IN ('post', 'void')) = (pending_id IS NOT NULL)", name="resolution_names_hold"
        ),
        UniqueConstraint("pending_id"),
        UniqueConstraint("id", "debit_id", "credit_id", "amount_fen"),
        ForeignKeyConstraint(
            ["pending_id", "debit_id", "credit_id", "amount_fen"],
            ["transfers.id", "transfers.debit_id", "transfers.credit_id", "transfers.amount_fen"],
            name="transfers_resolution_fkey",
        ),
        Index(None, "journal_id"),
        Index(None, "debit_id"),
        Index(None, "credit_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    journal_id: Mapped[UUID] = mapped_column(ForeignKey("journals.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    debit_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    credit_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    amount_fen: Mapped[Fen] = mapped_column(BigInteger)
    kind: Mapped[TransferKind]
    pending_id: Mapped[UUID | None]


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of an account on its normal side, in fen."""

    posted_fen: Fen
    held_fen: Fen

    @property
    def available_fen(self) -> Fen:
        """What is posted and not held."""
        return Fen(self.posted_fen - self.held_fen)


async def balances(
    connection: AsyncConnection, account_ids: Collection[UUID]
) -> dict[UUID, Balance]:
    """The balances of the accounts, by account id."""
    rows = await connection.execute(
        select(
            Account.id,
            Account.normal_side,
            Account.posted_debit_fen,
            Account.posted_credit_fen,
            Account.pending_debit_fen,
            Account.pending_credit_fen,
        ).where(Account.id.in_(account_ids))
    )
    return {
        row.id: Balance(
            Fen(row.posted_debit_fen - row.posted_credit_fen), Fen(row.pending_credit_fen)
        )
        if row.normal_side is Side.DEBIT
        else Balance(Fen(row.posted_credit_fen - row.posted_debit_fen), Fen(row.pending_debit_fen))
        for row in rows
    }
