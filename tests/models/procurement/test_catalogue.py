"""Suppliers, products, prices, stock and lots, with what is refused of them."""

import datetime as dt
from collections.abc import Mapping

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from models.kernel.audit import AuditEntry
from models.kernel.ids import new_id
from models.kernel.money import BasisPoints, Fen
from models.kernel.refusals import InvalidValue, NotFound, WrongState
from models.parties import ANONYMOUS
from models.parties.rights import NotPermitted, NotSignedIn
from models.procurement import lots, products, suppliers
from models.procurement.lots import Lot, LotVillage, fault_of_shares
from models.procurement.products import OutOfStock, PriceChange, Product
from models.procurement.suppliers import NotYourSupplier, SupplierNotAdmitted
from tests.databases import count
from tests.markets import FIRST, NINGDU, SECOND, THIRD, Market

TERMS = products.Terms("茶油", "粮油", "瓶", Fen(8_800), 10, NINGDU)


async def offer(market: Market, by: str, terms: products.Terms = TERMS) -> None:
    await market.do(
        lambda transaction: products.offer(
            transaction,
            market[by],
            product_id=new_id(),
            supplier_id=market.supplier_id,
            terms=terms,
        )
    )


async def test_a_suspended_supplier_offers_nothing_until_it_is_admitted_again(
    market: Market,
) -> None:
    await market.do(
        lambda transaction: suppliers.suspend(
            transaction,
            market["administrator"],
            organisation_id=market.supplier_id,
            reason="inspection",
        )
    )
    with pytest.raises(SupplierNotAdmitted) as refusal:
        await offer(market, "supplier")
    assert refusal.value.facts == {"supplier_name": "宁都果业合作社"}

    await market.do(
        lambda transaction: suppliers.admit(
            transaction,
            market["administrator"],
            organisation_id=market.supplier_id,
            document_number="宁农推〔2017〕9号",
            admitted_on=dt.date(2017, 10, 16),
        )
    )
    await offer(market, "supplier")
    assert await count(market.database, Product) == 4


@pytest.mark.parametrize(("by", "refusal"), [("supplier", NotPermitted), ("finance", NotPermitted)])
async def test_only_an_administrator_admits(
    market: Market, by: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await market.do(
            lambda transaction: suppliers.admit(
                transaction,
                market[by],
                organisation_id=market.supplier_id,
                document_number="1",
                admitted_on=dt.date(2017, 1, 1),
            )
        )


async def test_an_admitted_supplier_is_not_admitted_twice_nor_a_budget_unit_at_all(
    market: Market,
) -> None:
    for organisation_id, refusal in (
        (market.supplier_id, WrongState),
        (market.unit_id, NotFound),
        (new_id(), NotFound),
    ):
        with pytest.raises(refusal):
            await market.do(
                lambda transaction, organisation_id=organisation_id: suppliers.admit(  # type: ignore[misc] # bound in the loop on purpose
                    transaction,
                    market["administrator"],
                    organisation_id=organisation_id,
                    document_number="1",
                    admitted_on=dt.date(2017, 1, 1),
                )
            )


async def test_nobody_offers_for_another_supplier(market: Market) -> None:
    audited = await count(market.database, AuditEntry)

    with pytest.raises(NotYourSupplier):
        await offer(market, "rival")
    with pytest.raises(NotPermitted):
        await offer(market, "officer")
    market.actors["nobody"] = ANONYMOUS
    with pytest.raises(NotSignedIn):
        await offer(market, "nobody")

    assert await count(market.database, Product) == 3
    assert await count(market.database, AuditEntry) == audited


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"unit_price_fen": 0}, "unitPriceFen"),
        ({"unit_price_fen": 10_000_000_001}, "unitPriceFen"),
        ({"stock_quantity": -1}, "stockQuantity"),
        ({"stock_quantity": 1_000_001}, "stockQuantity"),
        ({"name": " "}, "name"),
        ({"category": "类" * 61}, "category"),
        ({"unit_name": ""}, "unitName"),
        ({"county_code": "360730100201"}, "countyCode"),
        ({"county_code": "360731000000"}, "countyCode"),
        ({"county_code": "宁都县"}, "countyCode"),
    ],
)
async def test_terms_that_make_no_sense_are_refused(
    market: Market, change: Mapping[str, object], path: str
) -> None:
    terms = {name: getattr(TERMS, name) for name in products.Terms.__slots__}

    with pytest.raises(InvalidValue) as refusal:
        await offer(market, "supplier", products.Terms(**{**terms, **change}))

    assert refusal.value.path == path
    assert await count(market.database, Product) == 3


async def test_each_price_is_kept_and_the_same_price_is_no_change(market: Market) -> None:
    for price in (Fen(2_100), Fen(2_100), Fen(1_800)):
        await market.do(
            lambda transaction, price=price: products.change_price(  # type: ignore[misc] # bound in the loop on purpose
                transaction,
                market["supplier"],
                product_id=market.oranges_id,
                unit_price_fen=price,
            )
        )

    async with market.database.read() as connection:
        prices = await connection.execute(
            select(PriceChange.unit_price_fen)
            .where(PriceChange.product_id == market.oranges_id)
            .order_by(PriceChange.id)
        )
        assert list(prices.scalars()) == [1_999, 2_100, 1_800]


async def change_stock(market: Market, change_quantity: int, by: str = "supplier") -> None:
    await market.do(
        lambda transaction: products.change_stock(
            transaction,
            market[by],
            product_id=market.oranges_id,
            change_quantity=change_quantity,
            reason="counted",
        )
    )


async def test_stock_never_goes_below_zero(market: Market) -> None:
    await change_stock(market, -50)
    with pytest.raises(OutOfStock) as refusal:
        await change_stock(market, -1)

    assert refusal.value.facts == {
        "product_id": market.oranges_id,
        "product_name": "脐橙",
        "available_quantity": 0,
        "required_quantity": 1,
    }
    with pytest.raises(InvalidValue):
        await change_stock(market, 1_000_000 + 1)
    with pytest.raises(NotYourSupplier):
        await change_stock(market, 1, by="rival")
    assert await market.stock(market.oranges_id) == 0


async def test_the_database_itself_refuses_a_stock_below_zero(market: Market) -> None:
    with pytest.raises(IntegrityError):
        await market.do(
            lambda transaction: transaction.execute(text("UPDATE products SET stock_quantity = -1"))
        )


@pytest.mark.parametrize(
    ("shares", "fault"),
    [
        ({FIRST: 10_000}, None),
        ({FIRST: 1, SECOND: 9_999}, None),
        ({}, "village_count"),
        ({FIRST: 9_999}, "shares_do_not_add_up"),
        ({FIRST: 10_000, SECOND: 0}, "share_not_positive"),
        ({FIRST: 10_001, SECOND: -1}, "share_not_positive"),
        ({NINGDU: 10_000}, "not_a_village"),
    ],
)
def test_the_shares_of_a_lot_are_villages_that_add_up(
    shares: dict[str, int], fault: str | None
) -> None:
    assert fault_of_shares({code: BasisPoints(part) for code, part in shares.items()}) == fault


async def add_lot(market: Market, shares: dict[str, int], number: str, by: str) -> None:
    await market.do(
        lambda transaction: lots.add(
            transaction,
            market[by],
            lot_id=new_id(),
            product_id=market.oranges_id,
            number=number,
            valid_from=dt.date(2017, 10, 1),
            villages={code: BasisPoints(part) for code, part in shares.items()},
        )
    )


async def test_a_lot_of_an_unknown_village_or_a_number_used_before_leaves_nothing(
    market: Market,
) -> None:
    before = await count(market.database, Lot), await count(market.database, LotVillage)

    with pytest.raises(InvalidValue, match="unknown_village"):
        await add_lot(market, {"360730100299": 10_000}, "2017-2", "supplier")
    with pytest.raises(InvalidValue, match="used_before"):
        await add_lot(market, {THIRD: 10_000}, "2017-1", "supplier")
    with pytest.raises(NotYourSupplier):
        await add_lot(market, {THIRD: 10_000}, "2017-2", "rival")

    assert before == (await count(market.database, Lot), await count(market.database, LotVillage))


@pytest.mark.parametrize("table", ["lots", "lot_villages", "price_changes"])
async def test_what_was_said_of_origin_and_price_cannot_be_rewritten(
    market: Market, table: str
) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        await market.do(lambda transaction: transaction.execute(text(f"DELETE FROM {table}")))
