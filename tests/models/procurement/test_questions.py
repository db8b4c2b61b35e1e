"""What is read of procurement, and that nobody reads what is not theirs."""

import datetime as dt
from uuid import UUID

import pytest

from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.kernel.paging import Keyset
from models.parties import ANONYMOUS
from models.parties.rights import NotPermitted
from models.procurement import attribution, budgets, catalog, order_book, products, quotes
from models.procurement.baskets import SeveralSuppliers, Wanted
from models.procurement.catalog import Wish
from models.procurement.orders import NotYourUnit, OrderState
from models.procurement.products import OutOfStock
from tests.markets import FIRST, GRANTED_FEN, NINGDU, SECOND, THIRD, ZHANGGONG, Market

TODAY = dt.date(2017, 10, 16)


async def names(market: Market, wish: Wish, keyset: Keyset | None = None) -> list[str]:
    async with market.database.read() as connection:
        page = await catalog.products(connection, keyset or Keyset(), wish, day=TODAY)
    return [row.name for row in page.rows]


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        (Wish(), ["大米", "蜂蜜", "脐橙"]),
        (Wish(search="橙"), ["脐橙"]),
        (Wish(search="粮油"), ["大米"]),
        (Wish(search="%"), []),
        (Wish(division_code="360700000000"), ["大米", "蜂蜜", "脐橙"]),
        (Wish(division_code=FIRST), ["大米", "蜂蜜", "脐橙"]),
        (Wish(division_code=ZHANGGONG), []),
        (Wish(designated_only=True), ["大米", "蜂蜜", "脐橙"]),
    ],
)
async def test_products_are_found_by_words_place_and_designation(
    market: Market, wish: Wish, found: list[str]
) -> None:
    assert await names(market, wish) == found


async def test_a_product_of_a_county_that_is_not_designated_is_not_among_the_832(
    market: Market,
) -> None:
    await market.do(
        lambda transaction: products.offer(
            transaction,
            market["supplier"],
            product_id=new_id(),
            supplier_id=market.supplier_id,
            terms=products.Terms("米粉", "农产品", "箱", Fen(100), 1, ZHANGGONG),
        )
    )

    assert "米粉" in await names(market, Wish())
    assert "米粉" not in await names(market, Wish(designated_only=True))


async def test_the_list_goes_on_after_the_last_row_of_a_page(market: Market) -> None:
    async with market.database.read() as connection:
        first = await catalog.products(connection, Keyset(limit=2), Wish(), day=TODAY)
        assert await catalog.count_products(connection, Wish(), day=TODAY) == 3

    after = Keyset(limit=2, after=(first.rows[-1].id,))
    assert [row.name for row in first.rows] == ["大米", "蜂蜜"]
    assert first.has_more
    assert await names(market, Wish(), after) == ["脐橙"]


async def test_a_product_comes_with_its_supplier_county_and_villages(market: Market) -> None:
    async with market.database.read() as connection:
        found = await catalog.products_by_id(connection, [market.oranges_id, new_id()], day=TODAY)
        row = found[market.oranges_id]
        villages = await catalog.origins(connection, [row.lot_id])
        lots = await catalog.lots_of(connection, [market.oranges_id])

    assert found.keys() == {market.oranges_id}
    assert (row.supplier_name, row.county_name, bool(row.designated)) == (
        "宁都果业合作社",
        "宁都县",
        True,
    )
    assert [
        (part.village_code, part.village_name, part.basis_points) for part in (villages[row.lot_id])
    ] == [(FIRST, "first", 5_000), (SECOND, "second", 3_000), (THIRD, "third", 2_000)]
    assert [lot.number for lot in lots[market.oranges_id]] == ["2017-1"]


@pytest.mark.parametrize(
    ("by", "sees"),
    [
        ("officer", True),
        ("superior", True),
        ("supplier", True),
        ("auditor", True),
        ("sister", False),
        ("rival", False),
        ("finance", False),
        ("administrator", False),
        ("nobody", False),
    ],
)
async def test_an_order_is_read_by_its_parties_and_those_above_and_nobody_else(
    market: Market, by: str, *, sees: bool
) -> None:
    market.actors["nobody"] = ANONYMOUS
    order_id = await market.place(1)

    async with market.database.read() as connection:
        page = await order_book.orders(connection, market[by], Keyset())
        counted = await order_book.count_orders(connection, market[by])
        by_id = await order_book.orders_by_id(connection, market[by], [order_id])

    expected = [order_id] if sees else []
    assert [row.id for row in page.rows] == expected
    assert list(by_id) == expected
    assert counted == len(expected)


async def test_orders_are_listed_by_state_the_newest_first(market: Market) -> None:
    first, second = await market.place(1), await market.place(1)
    shipped = await market.shipped(1)

    async with market.database.read() as connection:
        page = await order_book.orders(
            connection, market["officer"], Keyset(), state=OrderState.PLACED
        )
        everything = await order_book.orders(connection, market["officer"], Keyset(limit=1))

    assert [row.id for row in page.rows] == [second, first]
    assert [row.id for row in everything.rows] == [shipped]
    assert everything.has_more


async def test_an_order_is_read_with_lines_benefits_and_history(market: Market) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id, 2)
    await market.give_back(order_id, 1)

    async with market.database.read() as connection:
        lines = (await order_book.lines_of(connection, [order_id]))[order_id]
        benefits = (await order_book.benefits_of(connection, [order_id]))[order_id]
        history = (await order_book.history_of(connection, [order_id]))[order_id]

    assert [
        (line.product_name, line.lot_number, line.accepted_quantity, line.returned_quantity)
        for line in lines
    ] == [("脐橙", "2017-1", 2, 1)]
    assert [(part.village_name, part.amount_fen) for part in benefits] == [
        ("first", 999),
        ("second", 600),
        ("third", 400),
    ]
    assert [(event.move, event.state, event.actor_name) for event in history] == [
        ("place", "placed", "officer"),
        ("confirm", "confirmed", "supplier"),
        ("ship", "shipped", "supplier"),
        ("accept", "partly_accepted", "officer"),
        ("return", "partly_accepted", "officer"),
    ]


async def test_a_county_s_year_lists_what_its_villages_kept(market: Market) -> None:
    first = await market.shipped(3)
    await market.accept(first)
    await market.give_back(first)
    second = await market.shipped(2)
    await market.accept(second)

    async with market.database.read() as connection:
        page = await attribution.village_totals(
            connection, Keyset(limit=2), division_code=NINGDU, year=2017
        )
        rest = await attribution.village_totals(
            connection,
            Keyset(after=(page.rows[-1].amount_fen, page.rows[-1].village_code)),
            division_code="360000000000",
            year=2017,
        )
        village = await attribution.village_totals(
            connection, Keyset(), division_code=SECOND, year=2017
        )
        elsewhere = await attribution.village_totals(
            connection, Keyset(), division_code=ZHANGGONG, year=2017
        )
        counted = await attribution.count_villages(connection, division_code=NINGDU, year=2017)

    assert [(row.village_code, row.amount_fen, row.order_count) for row in page.rows] == [
        (FIRST, 1_999, 1),
        (SECOND, 1_199, 1),
    ]
    assert [(row.village_code, row.amount_fen) for row in rest.rows] == [(THIRD, 800)]
    assert [row.village_code for row in village.rows] == [SECOND]
    assert (list(elsewhere.rows), counted) == ([], 3)


@pytest.mark.parametrize(
    ("by", "sees"),
    [("officer", True), ("superior", True), ("auditor", True), ("sister", False), ("rival", False)],
)
async def test_the_figures_of_a_unit_are_not_for_its_sister(
    market: Market, by: str, *, sees: bool
) -> None:
    asked: list[UUID] = [market.unit_id, market.supplier_id]

    async with market.database.read() as connection:
        found = await budgets.readable_unit_ids(connection, market[by], asked)

    assert found == ({market.unit_id} if sees else set())


async def quote(market: Market, by: str, *wanted: Wanted) -> quotes.Quote:
    async with market.database.read() as connection:
        return await quotes.quote(
            connection, market[by], unit_id=market.unit_id, wanted=wanted, day=TODAY
        )


async def test_a_quote_shows_total_villages_and_what_is_left_and_holds_nothing(
    market: Market,
) -> None:
    quoted = await quote(
        market, "officer", Wanted(market.oranges_id, 1), Wanted(market.honey_id, 3)
    )

    assert quoted.total_fen == 1_999 + 1_050
    assert quoted.village_shares == {FIRST: 1_524, SECOND: 915, THIRD: 610}
    assert quoted.available_fen == GRANTED_FEN
    assert (await market.figures()).held_fen == 0
    assert await market.stock(market.oranges_id) == 50


async def test_a_quote_refuses_what_an_order_would_but_for_the_budget(market: Market) -> None:
    with pytest.raises(NotYourUnit):
        await quote(market, "sister", Wanted(market.oranges_id, 1))
    with pytest.raises(NotPermitted):
        await quote(market, "superior", Wanted(market.oranges_id, 1))
    with pytest.raises(SeveralSuppliers):
        await quote(market, "officer", Wanted(market.oranges_id, 1), Wanted(market.rice_id, 1))
    with pytest.raises(OutOfStock):
        await quote(market, "officer", Wanted(market.oranges_id, 51))

    whole_stock = await quote(market, "officer", Wanted(market.oranges_id, 50))
    assert whole_stock.total_fen == 99_950
