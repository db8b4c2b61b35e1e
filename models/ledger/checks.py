"""Recomputes balances from transfers and seals from canonical bytes, and says what differs."""

from collections import defaultdict
from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from models.ledger import seals
from models.ledger.books import Account, JournalRow, TransferKind, TransferRow
from models.ledger.seals import Seal, SealedJournal

_BATCH = 5_000
_COLUMNS = ("posted_debit_fen", "posted_credit_fen", "pending_debit_fen", "pending_credit_fen")
_EFFECTS = {
    "posted": {TransferKind.POSTED: 1, TransferKind.POST: 1},
    "pending": {TransferKind.PENDING: 1, TransferKind.POST: -1, TransferKind.VOID: -1},
}


async def check(connection: AsyncConnection) -> AsyncIterator[str]:
    """Every difference found, in words; nothing when the ledger is whole."""
    for part in (_balances, _journals, _resolutions, _seals):
        async for difference in part(connection):
            yield difference


async def _balances(connection: AsyncConnection) -> AsyncIterator[str]:
    expected: defaultdict[tuple[UUID, str], int] = defaultdict(int)
    for side, account_id in (("debit", TransferRow.debit_id), ("credit", TransferRow.credit_id)):
        sums = await connection.execute(
            select(
                account_id.label("account_id"),
                TransferRow.kind,
                cast(func.sum(TransferRow.amount_fen), BigInteger).label("total_fen"),
            ).group_by(account_id, TransferRow.kind)
        )
        for row in sums:
            for state, factors in _EFFECTS.items():
                expected[row.account_id, f"{state}_{side}_fen"] += (
                    factors.get(row.kind, 0) * row.total_fen
                )
    accounts = await connection.execute(select(Account.__table__))
    for account in accounts.mappings():
        for column in _COLUMNS:
            wanted = expected[account["id"], column]
            if account[column] != wanted:
                yield (
                    f"account {account['id']} ({account['code']}): {column} is "
                    f"{account[column]}, its transfers make {wanted}"
                )


async def _journals(connection: AsyncConnection) -> AsyncIterator[str]:
    empty = await connection.execute(
        select(JournalRow.id)
        .outerjoin(TransferRow, TransferRow.journal_id == JournalRow.id)
        .where(TransferRow.id.is_(None))
    )
    for row in empty:
        yield f"journal {row.id} has no transfer"
    debit, credit = aliased(Account), aliased(Account)
    strangers = await connection.execute(
        select(TransferRow.id)
        .join(JournalRow, JournalRow.id == TransferRow.journal_id)
        .join(debit, debit.id == TransferRow.debit_id)
        .join(credit, credit.id == TransferRow.credit_id)
        .where((debit.book_id != JournalRow.book_id) | (credit.book_id != JournalRow.book_id))
    )
    for row in strangers:
        yield f"transfer {row.id} touches an account of another book than its journal's"


async def _resolutions(connection: AsyncConnection) -> AsyncIterator[str]:
    pending = aliased(TransferRow)
    rows = await connection.execute(
        select(TransferRow.id)
        .join(pending, pending.id == TransferRow.pending_id)
        .where(pending.kind != TransferKind.PENDING)
    )
    for row in rows:
        yield f"transfer {row.id} resolves one that was not pending"


async def _seals(connection: AsyncConnection) -> AsyncIterator[str]:
    chain = await connection.execute(select(Seal.__table__).order_by(Seal.book_id, Seal.number))
    book_id, number, head = None, 0, seals.FIRST_HEAD
    for row in chain.mappings().all():
        if row["book_id"] != book_id:
            book_id, number, head = row["book_id"], 0, seals.FIRST_HEAD
        number += 1
        if row["number"] != number:
            yield f"book {book_id}: seal {number} is missing"
            number = row["number"]
        leaves = await _recomputed_leaves(connection, row["id"])
        root = seals.merkle_root(leaves)
        if len(leaves) != row["journal_count"] or root != row["root"]:
            yield f"book {book_id}: seal {number} does not match the journals under it"
        head = seals.next_head(head, row["book_id"], number, len(leaves), root)
        if head != row["head"]:
            yield f"book {book_id}: the chain is broken at seal {number}"
            head = row["head"]


async def _recomputed_leaves(connection: AsyncConnection, seal_id: UUID) -> list[bytes]:
    hashes: list[bytes] = []
    while True:
        page = (
            select(JournalRow.__table__)
            .join(SealedJournal, SealedJournal.journal_id == JournalRow.id)
            .where(
                SealedJournal.seal_id == seal_id,
                SealedJournal.position >= len(hashes),
                SealedJournal.position < len(hashes) + _BATCH,
            )
            .order_by(SealedJournal.position)
        )
        rows = [dict(row) for row in (await connection.execute(page)).mappings()]
        if not rows:
            return hashes
        ids = [row["id"] for row in rows]
        hashes += [leaf.hash for leaf in await seals.leaves_of(connection, rows, ids)]
