"""Sealing: every journal of a book is put under a chain of Merkle roots, so that no past fen moves.

A seal takes all journals of its book that are committed and not yet under a seal, in the order of
their ids; what commits later goes under a later seal, so that nothing in the posting path waits.
Leaves and nodes are hashed as in RFC 6962, section 2.1 (0x00 and 0x01 before the content); a head
binds the one before it. The canonical bytes of a journal carry a version; a version never changes.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    exists,
    func,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base, Transaction
from models.kernel.ids import new_id
from models.ledger.books import Book, JournalRow, TransferRow

CANONICAL_VERSION = 1
FIRST_HEAD = bytes(32)
_MOST_JOURNALS = 50_000


class Seal(Base):
    """One link of a book's chain."""

    __tablename__ = "seals"
    __table_args__ = (UniqueConstraint("book_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    book_id: Mapped[UUID] = mapped_column(ForeignKey("books.id"))
    number: Mapped[int] = mapped_column(BigInteger)
    journal_count: Mapped[int]
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    head: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed_at: Mapped[dt.datetime]


class SealedJournal(Base):
    """Where in which seal a journal stands, with the hash of its canonical bytes."""

    __tablename__ = "sealed_journals"
    __table_args__ = (Index(None, "seal_id", "position", unique=True),)

    journal_id: Mapped[UUID] = mapped_column(ForeignKey("journals.id"), primary_key=True)
    seal_id: Mapped[UUID] = mapped_column(ForeignKey("seals.id"))
    position: Mapped[int]
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))


@dataclass(frozen=True, slots=True)
class Leaf:
    """A journal as it is sealed."""

    journal_id: UUID
    hash: bytes


def canonical_bytes(journal: dict[str, Any], transfers: Sequence[dict[str, Any]]) -> bytes:
    """The bytes of a journal and its transfers, version 1: JSON with sorted keys, no white space.

    Ids are in their 36-character form, instants in UTC with six decimals and a Z, amounts in fen.
    """
    return orjson.dumps(
        {
            "version": CANONICAL_VERSION,
            "id": str(journal["id"]),
            "book": str(journal["book_id"]),
            "reason": journal["reason"],
            "subject": journal["subject"],
            "subject_id": str(journal["subject_id"]),
            "division": journal["division_code"],
            "memo": journal["memo"],
            "occurred_at": _instant(journal["occurred_at"]),
            "recorded_at": _instant(journal["recorded_at"]),
            "transfers": [
                {
                    "id": str(transfer["id"]),
                    "debit": str(transfer["debit_id"]),
                    "credit": str(transfer["credit_id"]),
                    "amount_fen": transfer["amount_fen"],
                    "kind": str(transfer["kind"]),
                    "pending": str(transfer["pending_id"]) if transfer["pending_id"] else None,
                }
                for transfer in transfers
            ],
        },
        option=orjson.OPT_SORT_KEYS,
    )


def leaf_hash(content: bytes) -> bytes:
    """The hash of a leaf of the tree (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x00" + content).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes (RFC 6962, 2.1): split at the largest power of two below n."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    # Pairing neighbours level by level, an odd last one moving up as it is, gives the same tree.
    level = list(leaves)
    while len(level) > 1:
        paired = [
            hashlib.sha256(b"\x01" + level[index] + level[index + 1]).digest()
            for index in range(0, len(level) - 1, 2)
        ]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def next_head(head: bytes, book_id: UUID, number: int, journal_count: int, root: bytes) -> bytes:
    """The head of a book's chain after one more seal."""
    content = head + book_id.bytes + number.to_bytes(8) + journal_count.to_bytes(8) + root
    return hashlib.sha256(content).digest()


async def seal(transaction: Transaction, book_id: UUID) -> bool:
    """Put the unsealed journals of a book under one more seal; False when there were none."""
    await transaction.execute(select(Book.id).where(Book.id == book_id).with_for_update())
    leaves = await _unsealed_leaves(transaction.connection, book_id)
    if not leaves:
        return False
    last = (
        await transaction.execute(
            select(Seal.number, Seal.head)
            .where(Seal.book_id == book_id)
            .order_by(Seal.number.desc())
            .limit(1)
        )
    ).first()
    number, head = (last.number + 1, last.head) if last else (1, FIRST_HEAD)
    root = merkle_root([leaf.hash for leaf in leaves])
    seal_id = new_id()
    await transaction.execute(
        insert(Seal).values(
            id=seal_id,
            book_id=book_id,
            number=number,
            journal_count=len(leaves),
            root=root,
            head=next_head(head, book_id, number, len(leaves), root),
            sealed_at=transaction.now,
        )
    )
    await transaction.execute(
        insert(SealedJournal),
        [
            {
                "journal_id": leaf.journal_id,
                "seal_id": seal_id,
                "position": position,
                "leaf": leaf.hash,
            }
            for position, leaf in enumerate(leaves)
        ],
    )
    return True


async def books_to_seal(connection: AsyncConnection) -> list[UUID]:
    """The books that have journals under no seal yet."""
    unsealed = ~exists().where(SealedJournal.journal_id == JournalRow.id)
    rows = await connection.execute(select(JournalRow.book_id).where(unsealed).distinct())
    return [row.book_id for row in rows]


async def unsealed_count(connection: AsyncConnection) -> int:
    """How many journals are under no seal yet, over all books."""
    unsealed = ~exists().where(SealedJournal.journal_id == JournalRow.id)
    statement = select(func.count()).select_from(JournalRow).where(unsealed)
    return (await connection.execute(statement)).scalar_one()


async def _unsealed_leaves(connection: AsyncConnection, book_id: UUID) -> list[Leaf]:
    journals = (
        select(JournalRow.__table__)
        .where(
            JournalRow.book_id == book_id,
            ~exists().where(SealedJournal.journal_id == JournalRow.id),
        )
        .order_by(JournalRow.id)
        .limit(_MOST_JOURNALS)
    )
    rows = [dict(row) for row in (await connection.execute(journals)).mappings()]
    wanted = journals.with_only_columns(JournalRow.id)
    return await leaves_of(connection, rows, select(wanted.subquery().c.id))


async def leaves_of(
    connection: AsyncConnection, journals: Sequence[dict[str, Any]], ids: Any
) -> list[Leaf]:
    """The leaves of journals, in their order; `ids` is a selectable or list of the same ids."""
    transfers: dict[UUID, list[dict[str, Any]]] = {row["id"]: [] for row in journals}
    found = await connection.execute(
        select(TransferRow.__table__)
        .where(TransferRow.journal_id.in_(ids))
        .order_by(TransferRow.journal_id, TransferRow.position)
    )
    for row in found.mappings():
        if row["journal_id"] in transfers:
            transfers[row["journal_id"]].append(dict(row))
    return [
        Leaf(row["id"], leaf_hash(canonical_bytes(row, transfers[row["id"]]))) for row in journals
    ]


def _instant(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
