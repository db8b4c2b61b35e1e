import datetime as dt
from uuid import UUID

import pytest
from sqlalchemy import Column, MetaData, String, Table, Uuid, insert, select

from models.kernel.database import Database, Instant, Transaction
from models.kernel.paging import Keyset, Page

NOON = dt.datetime(2017, 10, 17, 4, tzinfo=dt.UTC)
GIFTS = Table(
    "paged_gifts",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("given_at", Instant, nullable=False),
    Column("name", String(20), nullable=False),
)
# Two gifts share every instant, so that only the id tells them apart.
ROWS = [
    {
        "id": UUID(int=number),
        "given_at": NOON + dt.timedelta(hours=number // 2),
        "name": f"g{number}",
    }
    for number in range(7)
]


@pytest.fixture
async def gifts(database: Database) -> Database:
    async def fill(transaction: Transaction) -> None:
        await transaction.connection.run_sync(GIFTS.metadata.create_all)
        await transaction.connection.execute(insert(GIFTS), ROWS)

    await database.transact(fill)
    return database


async def page(database: Database, keyset: Keyset, *, falling: bool = False) -> tuple[str, bool]:
    statement = select(GIFTS.c.name, GIFTS.c.given_at, GIFTS.c.id)
    async with database.read() as connection:
        found = await keyset.rows(
            connection, statement, GIFTS.c.given_at, GIFTS.c.id, falling=falling
        )
    return "".join(row.name for row in found.rows).replace("g", ""), found.has_more


def key(number: int) -> tuple[dt.datetime, UUID]:
    return ROWS[number]["given_at"], ROWS[number]["id"]  # type: ignore[return-value]  # of several types


async def test_pages_follow_each_other_without_gap_or_repetition(gifts: Database) -> None:
    assert await page(gifts, Keyset(3)) == ("012", True)
    assert await page(gifts, Keyset(3, after=key(2))) == ("345", True)
    assert await page(gifts, Keyset(3, after=key(5))) == ("6", False)
    assert await page(gifts, Keyset(3, after=key(6))) == ("", False)


async def test_a_falling_list_is_the_same_the_other_way_round(gifts: Database) -> None:
    assert await page(gifts, Keyset(3), falling=True) == ("654", True)
    assert await page(gifts, Keyset(3, after=key(4)), falling=True) == ("321", True)
    assert await page(gifts, Keyset(3, before=key(4)), falling=True) == ("65", False)
    assert await page(gifts, Keyset(3, backwards=True), falling=True) == ("210", True)


async def test_the_last_rows_before_a_key_come_in_the_order_of_the_list(gifts: Database) -> None:
    assert await page(gifts, Keyset(2, backwards=True)) == ("56", True)
    assert await page(gifts, Keyset(2, before=key(5), backwards=True)) == ("34", True)
    assert await page(gifts, Keyset(2, before=key(1), backwards=True)) == ("0", False)


async def test_both_edges_bound_the_page(gifts: Database) -> None:
    assert await page(gifts, Keyset(9, after=key(1), before=key(4))) == ("23", False)
    assert await page(gifts, Keyset(9, after=key(4), before=key(1))) == ("", False)


async def test_exactly_as_many_rows_as_asked_for_are_no_more(gifts: Database) -> None:
    assert await page(gifts, Keyset(7)) == ("0123456", False)
    assert await page(gifts, Keyset(6)) == ("012345", True)
    assert await page(gifts, Keyset(0)) == ("", True)


def test_a_page_is_at_most_a_hundred_rows() -> None:
    for limit in [-1, 101]:
        with pytest.raises(AssertionError):
            Keyset(limit)


def test_one_row_is_read_beyond_the_page() -> None:
    statement = Keyset(20, after=key(1)).narrow(select(GIFTS.c.id), GIFTS.c.given_at, GIFTS.c.id)
    text = " ".join(str(statement.compile()).split())

    assert "WHERE (paged_gifts.given_at, paged_gifts.id) > (" in text
    assert text.endswith("ORDER BY paged_gifts.given_at ASC, paged_gifts.id ASC LIMIT :param_3")
    assert statement.compile().params["param_3"] == 21
    assert Keyset(2).page(["a", "b", "c"]) == Page(["a", "b"], has_more=True)
