"""The posting door keeps every account whole, whoever knocks and however often."""

import asyncio
import datetime as dt

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.ledger import checks, posting, seals
from models.ledger.books import Account, JournalRow, Side, TransferKind, TransferRow, balances
from models.ledger.posting import Entry, Journal, NewAccount, Overdrawn
from tests.databases import count

AT = dt.datetime(2017, 10, 17, 1, tzinfo=dt.UTC)
DIVISION = "511702000000"


class TwoAccounts:
    """A book with a bank account, an income account and a cost account."""

    def __init__(self) -> None:
        self.book, self.bank, self.income, self.cost = (new_id() for _ in range(4))

    async def open(self, transaction: Transaction) -> None:
        await posting.open_book(
            transaction, book_id=self.book, kind="fund", name="测试", division_code=DIVISION
        )
        await posting.open_accounts(
            transaction,
            [
                NewAccount(self.bank, self.book, "1002", "银行存款", Side.DEBIT, DIVISION),
                NewAccount(self.income, self.book, "4101", "捐赠收入", Side.CREDIT, DIVISION),
                NewAccount(self.cost, self.book, "5101", "业务活动成本", Side.DEBIT, DIVISION),
            ],
        )

    def journal(self, *entries: Entry) -> Journal:
        return Journal(
            book_id=self.book,
            reason="test",
            subject="test",
            subject_id=self.book,
            division_code=DIVISION,
            occurred_at=AT,
            entries=entries,
        )

    def gift(self, amount: int) -> Journal:
        return self.journal(Entry(self.bank, self.income, Fen(amount)))

    def payment(self, amount: int) -> Journal:
        return self.journal(Entry(self.cost, self.bank, Fen(amount)))


@pytest.fixture
async def book(database: Database) -> TwoAccounts:
    book = TwoAccounts()
    await database.transact(book.open)
    return book


async def post(database: Database, *journals: Journal) -> None:
    await database.transact(lambda transaction: posting.post(transaction, journals))


async def bank_balance(database: Database, book: TwoAccounts) -> tuple[int, int]:
    async with database.read() as connection:
        balance = (await balances(connection, [book.bank]))[book.bank]
    return balance.posted_fen, balance.held_fen


async def differences(database: Database) -> list[str]:
    async with database.snapshot() as connection:
        return [difference async for difference in checks.check(connection)]


async def test_a_list_of_journals_moves_each_account_by_its_sum(
    database: Database, book: TwoAccounts
) -> None:
    await post(database, book.gift(100), book.gift(250), book.payment(40))

    assert await bank_balance(database, book) == (310, 0)
    assert await differences(database) == []


async def test_overdrawing_is_refused_with_what_there_is_and_nothing_moves(
    database: Database, book: TwoAccounts
) -> None:
    await post(database, book.gift(100))

    with pytest.raises(Overdrawn) as overdrawn:
        await post(database, book.payment(60), book.payment(41))

    assert (overdrawn.value.account_id, overdrawn.value.available_fen) == (book.bank, 100)
    assert overdrawn.value.required_fen == 101
    assert await bank_balance(database, book) == (100, 0)
    assert await count(database, JournalRow) == 1


async def test_what_is_held_cannot_be_spent_and_a_hold_is_resolved_once(
    database: Database, book: TwoAccounts
) -> None:
    hold = Entry(book.cost, book.bank, Fen(70), TransferKind.PENDING)
    await post(database, book.gift(100))
    await post(database, book.journal(hold))

    with pytest.raises(Overdrawn):
        await post(database, book.payment(31))
    resolution = Entry(book.cost, book.bank, Fen(70), TransferKind.POST, pending_id=hold.id)
    await post(database, book.journal(resolution))
    again = Entry(book.cost, book.bank, Fen(70), TransferKind.VOID, pending_id=hold.id)
    with pytest.raises(IntegrityError):
        await post(database, book.journal(again))

    assert await bank_balance(database, book) == (30, 0)
    assert await differences(database) == []


async def test_a_resolution_for_another_amount_is_refused_by_the_database(
    database: Database, book: TwoAccounts
) -> None:
    hold = Entry(book.cost, book.bank, Fen(70), TransferKind.PENDING)
    await post(database, book.gift(100), book.journal(hold))
    smaller = Entry(book.cost, book.bank, Fen(69), TransferKind.POST, pending_id=hold.id)

    with pytest.raises(IntegrityError):
        await post(database, book.journal(smaller))

    assert await bank_balance(database, book) == (100, 70)


async def test_the_database_itself_refuses_an_overdraft(
    database: Database, book: TwoAccounts
) -> None:
    await post(database, book.gift(100))

    with pytest.raises(IntegrityError):
        await database.transact(
            lambda transaction: transaction.execute(
                update(Account).where(Account.id == book.bank).values(posted_credit_fen=101)
            )
        )


@pytest.mark.parametrize("table", ["journals", "transfers", "seals", "sealed_journals"])
@pytest.mark.parametrize("act", ["UPDATE {} SET id = id", "DELETE FROM {}"])
async def test_raw_sql_cannot_change_the_record(
    database: Database, book: TwoAccounts, table: str, act: str
) -> None:
    await post(database, book.gift(100))
    await database.transact(lambda transaction: seals.seal(transaction, book.book))
    if table == "sealed_journals":
        act = act.replace("id = id", "leaf = leaf")

    with pytest.raises(DBAPIError, match="append-only"):
        await database.transact(lambda transaction: transaction.execute(text(act.format(table))))

    assert await count(database, TransferRow) == 1


async def test_racing_payments_stop_at_zero(database: Database, book: TwoAccounts) -> None:
    hold = Entry(book.cost, book.bank, Fen(10), TransferKind.PENDING)
    await post(database, book.gift(100), book.journal(hold))

    outcomes = await asyncio.gather(
        *(post(database, book.payment(20)) for _ in range(8)), return_exceptions=True
    )

    assert sum(outcome is None for outcome in outcomes) == 4
    assert sum(isinstance(outcome, Overdrawn) for outcome in outcomes) == 4
    assert await bank_balance(database, book) == (20, 10)
    assert await differences(database) == []


async def test_check_books_names_a_balance_that_was_changed_behind_the_door(
    database: Database, book: TwoAccounts
) -> None:
    await post(database, book.gift(100))
    await database.transact(
        lambda transaction: transaction.execute(
            update(Account).where(Account.id == book.bank).values(posted_debit_fen=101)
        )
    )

    (difference,) = await differences(database)

    assert "posted_debit_fen is 101, its transfers make 100" in difference
