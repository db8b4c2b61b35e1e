"""The posting door: journals go in as a list, and balances move in the same statements (law 2, 4).

Accounts are locked in the order of their ids, each once however long the list, so that a batch of a
thousand gifts costs one lock on the fund and two batches cannot wait for each other in a circle.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import insert, select, text, update

from models.kernel.database import Transaction
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.ledger.books import (
    Account,
    Book,
    JournalRow,
    Side,
    TransferKind,
    TransferRow,
    balances,
)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to open. `pool_id` names the pool of money it is part of."""

    id: UUID
    book_id: UUID
    code: str
    name: str
    normal_side: Side
    division_code: str
    pool_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One transfer: the debited and the credited account and an amount above zero, in fen.

    A POST or VOID repeats the accounts and the amount of the pending transfer it resolves.
    """

    debit_id: UUID
    credit_id: UUID
    amount_fen: Fen
    kind: TransferKind = TransferKind.POSTED
    pending_id: UUID | None = None
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Journal:
    """Entries that belong together, with the reason and the thing they are about."""

    book_id: UUID
    reason: str
    subject: str
    subject_id: UUID
    division_code: str
    occurred_at: dt.datetime
    entries: tuple[Entry, ...]
    memo: str = ""
    id: UUID = field(default_factory=new_id)


class Overdrawn(Exception):  # noqa: N818 - the caller turns it into a refusal of its own
    """An account would go below zero, counting what is held; nothing of the list was posted."""

    def __init__(self, account_id: UUID, available_fen: Fen, required_fen: Fen) -> None:
        super().__init__(f"{account_id} has {available_fen} fen, {required_fen} are required")
        self.account_id = account_id
        self.available_fen = available_fen
        self.required_fen = required_fen


@dataclass(slots=True)
class Movement:
    """What a list of journals does to one account, in fen."""

    posted_debit: int = 0
    posted_credit: int = 0
    pending_debit: int = 0
    pending_credit: int = 0

    def taken(self, side: Side) -> int:
        """By how much less is available afterwards, on that normal side."""
        if side is Side.DEBIT:
            return self.posted_credit + self.pending_credit - self.posted_debit
        return self.posted_debit + self.pending_debit - self.posted_credit


def movements(journals: Sequence[Journal]) -> dict[UUID, Movement]:
    """What the journals do to each account they touch, in the order of the accounts' ids."""
    moved: dict[UUID, Movement] = defaultdict(Movement)
    for journal in journals:
        for entry in journal.entries:
            debit, credit, amount = moved[entry.debit_id], moved[entry.credit_id], entry.amount_fen
            if entry.kind in (TransferKind.POSTED, TransferKind.POST):
                debit.posted_debit += amount
                credit.posted_credit += amount
            if entry.kind is TransferKind.PENDING:
                debit.pending_debit += amount
                credit.pending_credit += amount
            if entry.kind in (TransferKind.POST, TransferKind.VOID):
                debit.pending_debit -= amount
                credit.pending_credit -= amount
    return {account_id: moved[account_id] for account_id in sorted(moved)}


async def open_book(
    transaction: Transaction, *, book_id: UUID, kind: str, name: str, division_code: str
) -> None:
    """Open an empty book."""
    await transaction.execute(
        insert(Book).values(
            id=book_id,
            kind=kind,
            name=name,
            division_code=division_code,
            opened_at=transaction.now,
        )
    )


async def open_accounts(transaction: Transaction, accounts: Sequence[NewAccount]) -> None:
    """Open accounts with nothing on them."""
    await transaction.execute(
        insert(Account),
        [
            {
                "id": account.id,
                "book_id": account.book_id,
                "code": account.code,
                "name": account.name,
                "normal_side": account.normal_side,
                "division_code": account.division_code,
                "pool_id": account.pool_id,
            }
            for account in accounts
        ],
    )


async def post(transaction: Transaction, journals: Sequence[Journal]) -> None:
    """Append the journals and move the balances of their accounts.

    Before: a POST or VOID repeats its pending transfer, which nothing has resolved yet. After: the
    accounts are locked until the transaction ends. Raises Overdrawn when an account has too little;
    the caller must let the transaction (or savepoint) roll back then.
    """
    assert all(journal.entries for journal in journals)
    if not journals:
        return
    moved = movements(journals)
    if transaction.dialect == "postgresql":
        await _post_on_postgresql(transaction, journals, moved)
    else:
        await _move_on_sqlite(transaction, moved)
        await transaction.execute(insert(JournalRow), _journal_rows(transaction, journals))
        await transaction.execute(insert(TransferRow), _transfer_rows(journals))


def _journal_rows(transaction: Transaction, journals: Sequence[Journal]) -> list[dict[str, object]]:
    return [
        {
            "id": journal.id,
            "book_id": journal.book_id,
            "reason": journal.reason,
            "subject": journal.subject,
            "subject_id": journal.subject_id,
            "division_code": journal.division_code,
            "memo": journal.memo,
            "occurred_at": journal.occurred_at,
            "recorded_at": transaction.now,
        }
        for journal in journals
    ]


def _transfer_rows(journals: Sequence[Journal]) -> list[dict[str, object]]:
    return [
        {
            "id": entry.id,
            "journal_id": journal.id,
            "position": position,
            "debit_id": entry.debit_id,
            "credit_id": entry.credit_id,
            "amount_fen": entry.amount_fen,
            "kind": entry.kind,
            "pending_id": entry.pending_id,
        }
        for journal in journals
        for position, entry in enumerate(journal.entries)
    ]


async def _move_on_sqlite(transaction: Transaction, moved: Mapping[UUID, Movement]) -> None:
    await _refuse_overdraft(transaction, moved)
    for account_id, movement in moved.items():
        await transaction.execute(
            update(Account)
            .where(Account.id == account_id)
            .values(
                posted_debit_fen=Account.posted_debit_fen + movement.posted_debit,
                posted_credit_fen=Account.posted_credit_fen + movement.posted_credit,
                pending_debit_fen=Account.pending_debit_fen + movement.pending_debit,
                pending_credit_fen=Account.pending_credit_fen + movement.pending_credit,
            )
        )


async def _refuse_overdraft(transaction: Transaction, moved: Mapping[UUID, Movement]) -> None:
    rows = await transaction.execute(
        select(Account.id, Account.normal_side).where(Account.id.in_(moved))
    )
    sides = {row.id: row.normal_side for row in rows}
    available = await balances(transaction.connection, moved.keys())
    assert len(sides) == len(moved), "an account is posted to that was never opened"
    for account_id, movement in moved.items():
        taken = movement.taken(sides[account_id])
        if taken > available[account_id].available_fen:
            raise Overdrawn(account_id, available[account_id].available_fen, Fen(taken))


# One statement: lock in key order, move what stays above zero, append. Whatever did not move is
# missing from the answer, and the caller's exception undoes the rest.
_POST = text(
    """
    WITH movement AS (
        SELECT * FROM unnest(
            CAST(:account_ids AS uuid[]),
            CAST(:posted_debits AS bigint[]), CAST(:posted_credits AS bigint[]),
            CAST(:pending_debits AS bigint[]), CAST(:pending_credits AS bigint[])
        ) AS m (id, posted_debit, posted_credit, pending_debit, pending_credit)
    ), locked AS MATERIALIZED (
        SELECT id FROM accounts WHERE id = ANY(CAST(:account_ids AS uuid[]))
        ORDER BY id FOR NO KEY UPDATE
    ), moved AS (
        UPDATE accounts AS a SET
            posted_debit_fen = a.posted_debit_fen + m.posted_debit,
            posted_credit_fen = a.posted_credit_fen + m.posted_credit,
            pending_debit_fen = a.pending_debit_fen + m.pending_debit,
            pending_credit_fen = a.pending_credit_fen + m.pending_credit
        FROM movement AS m JOIN locked USING (id)
        WHERE a.id = m.id AND CASE a.normal_side
            WHEN 'debit' THEN
                a.posted_credit_fen + m.posted_credit + a.pending_credit_fen + m.pending_credit
                <= a.posted_debit_fen + m.posted_debit
            ELSE
                a.posted_debit_fen + m.posted_debit + a.pending_debit_fen + m.pending_debit
                <= a.posted_credit_fen + m.posted_credit
            END
        RETURNING a.id
    ), journal AS (
        INSERT INTO journals (id, book_id, reason, subject, subject_id, division_code, memo,
                              occurred_at, recorded_at)
        SELECT *, CAST(:recorded_at AS timestamptz) FROM unnest(
            CAST(:journal_ids AS uuid[]), CAST(:book_ids AS uuid[]), CAST(:reasons AS text[]),
            CAST(:subjects AS text[]), CAST(:subject_ids AS uuid[]),
            CAST(:division_codes AS text[]), CAST(:memos AS text[]),
            CAST(:occurred_ats AS timestamptz[]))
    ), transfer AS (
        INSERT INTO transfers (id, journal_id, position, debit_id, credit_id, amount_fen, kind,
                               pending_id)
        SELECT * FROM unnest(
            CAST(:transfer_ids AS uuid[]), CAST(:transfer_journal_ids AS uuid[]),
            CAST(:positions AS smallint[]), CAST(:debit_ids AS uuid[]),
            CAST(:credit_ids AS uuid[]), CAST(:amounts AS bigint[]), CAST(:kinds AS text[]),
            CAST(:pending_ids AS uuid[]))
    )
    SELECT id FROM moved
    """
)


async def _post_on_postgresql(
    transaction: Transaction, journals: Sequence[Journal], moved: Mapping[UUID, Movement]
) -> None:
    transfers = _transfer_rows(journals)
    done = await transaction.execute(
        _POST,
        {
            "account_ids": list(moved),
            "posted_debits": [movement.posted_debit for movement in moved.values()],
            "posted_credits": [movement.posted_credit for movement in moved.values()],
            "pending_debits": [movement.pending_debit for movement in moved.values()],
            "pending_credits": [movement.pending_credit for movement in moved.values()],
            "recorded_at": transaction.now,
            "journal_ids": [journal.id for journal in journals],
            "book_ids": [journal.book_id for journal in journals],
            "reasons": [journal.reason for journal in journals],
            "subjects": [journal.subject for journal in journals],
            "subject_ids": [journal.subject_id for journal in journals],
            "division_codes": [journal.division_code for journal in journals],
            "memos": [journal.memo for journal in journals],
            "occurred_ats": [journal.occurred_at for journal in journals],
            "transfer_ids": [row["id"] for row in transfers],
            "transfer_journal_ids": [row["journal_id"] for row in transfers],
            "positions": [row["position"] for row in transfers],
            "debit_ids": [row["debit_id"] for row in transfers],
            "credit_ids": [row["credit_id"] for row in transfers],
            "amounts": [row["amount_fen"] for row in transfers],
            "kinds": [row["kind"] for row in transfers],
            "pending_ids": [row["pending_id"] for row in transfers],
        },
    )
    touched = {row.id for row in done}
    if len(touched) != len(moved):
        await _refuse_overdraft(
            transaction,
            {account_id: moved[account_id] for account_id in moved if account_id not in touched},
        )
        raise AssertionError("an account did not move though it has enough")
