"""An order from the quote to the payment, over HTTP: what its villages gain adds up at each step.

Their shares of a lot, 3,333, 3,334 and 3,333 of 10,000, divide none of the amounts evenly.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from models.kernel.ids import new_id
from models.parties import OrganisationKind, Role
from tests.running import ADMINISTRATOR, Running

ZHANGGONG, NINGDU = "360702000000", "360730000000"
FIRST, SECOND, THIRD = "360730100200", "360730100201", "360730100202"
ORANGES_FEN, HONEY_FEN, GRANTED_FEN = 1_999, 350, 20_000

STANDING = """
id state paymentState totalFen heldFen acceptedFen returnedFen payableFen paidFen dueOn
benefits { amountFen village { code } }
lines { id quantity acceptedFen returnedFen benefits { amountFen village { code } } }
"""


@dataclass
class Market:
    """A school, its sister and a growers' co-operative, each with one person."""

    platform: Running
    unit: str
    sister: str
    oranges: str
    honey: str

    def wanted(self, *, oranges: int = 0, honey: int = 0) -> dict[str, Any]:
        """What an order of the school takes."""
        basket = {self.oranges: oranges, self.honey: honey}
        lines = [{"productId": key, "quantity": value} for key, value in basket.items() if value]
        return {"unitId": self.unit, "lines": lines}

    async def moved(self, mutation: str, by: str, **given: object) -> dict[str, Any]:
        """The order after a move; its villages gain what is accepted, to the fen."""
        payload = await self.platform.do(mutation, by, f"order {{ {STANDING} }}", **given)
        order: dict[str, Any] = payload["order"]
        kept = int(order["acceptedFen"]) - int(order["returnedFen"])
        assert sum(gains(order).values()) == kept
        for line in order["lines"]:
            assert sum(gains(line).values()) == int(line["acceptedFen"]) - int(line["returnedFen"])
        assert await self.gained() == gains(order), "the public list says what the order says"
        assert await self.platform.differences() == []
        return order

    async def gained(self) -> dict[str, int]:
        """What anybody may read: the villages of the county by what the year gave to them."""
        answer = await self.platform.ask(
            "query Q($county: String!) { villageBenefits(divisionCode: $county, year: 2017) "
            "{ nodes { amountFen village { code } } } }",
            county=NINGDU,
        )
        return gains({"benefits": answer["villageBenefits"]["nodes"]})

    async def money(self) -> tuple[int, int, int, int]:
        """Of the unit's appropriation: available, held, payable and paid, in fen."""
        answer = await self.platform.ask(
            "{ myBudgetUnits { year(year: 2017) "
            "{ totalFen availableFen heldFen payableFen paidFen } } }",
            "officer",
        )
        (unit,) = answer["myBudgetUnits"]
        year = {name: int(value) for name, value in unit["year"].items()}
        assert year.pop("totalFen") == sum(year.values()) == GRANTED_FEN
        return year["availableFen"], year["heldFen"], year["payableFen"], year["paidFen"]


def gains(told: dict[str, Any]) -> dict[str, int]:
    """What each village gains, in fen."""
    return {row["village"]["code"]: int(row["amountFen"]) for row in told["benefits"]}


@pytest.fixture
async def market(still_platform: Running) -> Market:
    """What the administrator opens, and what the co-operative offers."""
    platform = still_platform
    unit = await platform.opened(OrganisationKind.BUDGET_UNIT, "章贡区第一中学", ZHANGGONG)
    sister = await platform.opened(OrganisationKind.BUDGET_UNIT, "章贡区第二中学", ZHANGGONG)
    seller = await platform.opened(OrganisationKind.SUPPLIER, "宁都果业合作社", NINGDU)
    await platform.enrolled("officer", Role.OFFICER, unit)
    await platform.enrolled("sister", Role.OFFICER, sister)
    await platform.enrolled("seller", Role.SUPPLIER, seller)
    await platform.do(
        "admitSupplier",
        ADMINISTRATOR,
        organisationId=seller,
        documentNumber="宁农推〔2017〕1号",
        admittedOn="2017-01-01",
    )
    shares = {FIRST: 3_333, SECOND: 3_334, THIRD: 3_333}
    market = Market(
        platform,
        unit=unit,
        sister=sister,
        oranges=await offered(platform, seller, ("脐橙", ORANGES_FEN, 50), shares),
        honey=await offered(platform, seller, ("蜂蜜", HONEY_FEN, 5), {FIRST: 10_000}),
    )
    for granted in (unit, sister):
        await platform.do(
            "grantAppropriation",
            ADMINISTRATOR,
            unitId=granted,
            year=2017,
            amountFen=str(GRANTED_FEN),
            documentNumber="章财预〔2017〕1号",
            decidedOn="2017-01-05",
        )
    return market


async def offered(
    platform: Running, seller: str, terms: tuple[str, int, int], shares: dict[str, int]
) -> str:
    """The id of a product, offered with one lot."""
    name, price_fen, stock_quantity = terms
    payload = await platform.do(
        "offerProduct",
        "seller",
        "product { id }",
        supplierId=seller,
        name=name,
        category="农产品",
        unitName="箱",
        unitPriceFen=str(price_fen),
        stockQuantity=stock_quantity,
        countyCode=NINGDU,
    )
    product_id: str = payload["product"]["id"]
    await platform.do(
        "addLot",
        "seller",
        productId=product_id,
        number="2017-1",
        validFrom="2017-01-01",
        villages=[{"villageCode": code, "basisPoints": share} for code, share in shares.items()],
    )
    return product_id


async def test_an_order_is_quoted_placed_accepted_in_parts_returned_and_paid(
    market: Market,
) -> None:
    asked = market.wanted(oranges=7, honey=2)
    quote = await market.platform.ask(
        "query Q($input: OrderQuoteInput!) { orderQuote(input: $input) { ... on OrderQuote "
        "{ totalFen availableFen benefits { amountFen village { code } } } } }",
        "officer",
        input=asked,
    )
    assert quote["orderQuote"]["totalFen"] == "14693"
    assert gains(quote["orderQuote"]) == {FIRST: 4_664 + 700, SECOND: 4_665, THIRD: 4_664}
    assert await market.money() == (20_000, 0, 0, 0), "a quote holds nothing"

    order = await market.moved("placeOrder", "officer", **asked)
    placed = {"orderId": order["id"]}
    assert (order["state"], order["totalFen"], order["heldFen"]) == ("PLACED", "14693", "14693")
    assert await market.money() == (5_307, 14_693, 0, 0)

    await market.moved("confirmOrder", "seller", **placed)
    await market.moved("shipOrder", "seller", **placed, note="赣B·20171")
    by_quantity = {line["quantity"]: line["id"] for line in order["lines"]}
    oranges = by_quantity[7]
    some = [{"lineId": oranges, "quantity": 3}]
    order = await market.moved("acceptOrder", "officer", **placed, lines=some)
    assert (order["state"], order["dueOn"]) == ("PARTLY_ACCEPTED", None)
    assert gains(order) == {FIRST: 1_999, SECOND: 1_999, THIRD: 1_999}
    assert await market.money() == (5_307, 8_696, 5_997, 0)

    order = await market.moved("acceptOrder", "officer", **placed)
    assert order["state"] == "ACCEPTED"
    assert gains(order) == {FIRST: 4_664 + 700, SECOND: 4_665, THIRD: 4_664}
    assert await market.money() == (5_307, 0, 14_693, 0)

    back = [{"lineId": oranges, "quantity": 2}]
    order = await market.moved("returnGoods", "officer", **placed, lines=back, reason="压坏")
    assert gains(order) == {FIRST: 3_332 + 700, SECOND: 3_332, THIRD: 3_331}
    assert await market.money() == (9_305, 0, 10_695, 0)

    paying = {**placed, "paidOn": "2017-10-16"}
    order = await market.moved(
        "recordOrderPayment", "officer", **paying, amountFen="695", bankReference="HZ1"
    )
    assert (order["paymentState"], order["payableFen"]) == ("PART_PAID", "10000")
    order = await market.moved(
        "recordOrderPayment", "officer", **paying, amountFen="10000", bankReference="HZ2"
    )
    assert (order["paymentState"], order["payableFen"], order["paidFen"]) == ("PAID", "0", "10695")
    assert await market.money() == (9_305, 0, 0, 10_695)


async def test_what_a_rule_does_not_allow_moves_nothing(market: Market) -> None:
    platform = market.platform
    request_id = str(new_id())
    asked = market.wanted(oranges=7, honey=2)
    order = await market.moved("placeOrder", "officer", requestId=request_id, **asked)
    placed = {"orderId": order["id"]}

    again = await market.moved("placeOrder", "officer", requestId=request_id, **asked)
    assert again == order
    assert await market.money() == (5_307, 14_693, 0, 0), "the same request counts once"

    refused = platform.refused
    other = market.wanted(oranges=6, honey=2)
    assert await refused("placeOrder", "officer", requestId=request_id, **other) == (
        "REQUEST_REUSED",
        {"field": "lines"},
    )
    assert await refused("placeOrder", "officer", **market.wanted(oranges=3)) == (
        "BUDGET_EXCEEDED",
        {"availableFen": "5307", "requiredFen": "5997"},
    )
    code, facts = await refused("placeOrder", "officer", **market.wanted(honey=4))
    assert code == "OUT_OF_STOCK"
    assert facts["availableQuantity"] == "3"
    code, _ = await refused("placeOrder", "sister", **market.wanted(oranges=1))
    assert code == "NOT_YOUR_UNIT"
    code, facts = await refused("acceptOrder", "officer", **placed)
    assert (code, facts["state"]) == ("WRONG_STATE", "placed")
    for mutation, by, expected in (
        ("shipOrder", "seller", "WRONG_STATE"),
        ("confirmOrder", "officer", "NOT_PERMITTED"),
        ("acceptOrder", "sister", "NOT_FOUND"),
        ("acceptOrder", "seller", "NOT_PERMITTED"),
    ):
        assert (await refused(mutation, by, **placed))[0] == expected, (mutation, by)
    payment = {"amountFen": "1", "bankReference": "HZ1", "paidOn": "2017-10-16"}
    assert (await refused("recordOrderPayment", "officer", **placed, **payment))[0] == "WRONG_STATE"
    assert await market.gained() == {}


async def test_no_more_is_accepted_returned_or_paid_than_there_is(market: Market) -> None:
    order = await market.moved("placeOrder", "officer", **market.wanted(oranges=3))
    placed = {"orderId": order["id"]}
    await market.moved("confirmOrder", "seller", **placed)
    await market.moved("shipOrder", "seller", **placed)
    line = {"lineId": order["lines"][0]["id"]}
    refused = market.platform.refused

    too_many = {"lines": [{**line, "quantity": 4}]}
    code, facts = await refused("acceptOrder", "officer", **placed, **too_many)
    assert (code, facts["leftQuantity"], facts["requiredQuantity"]) == (
        "QUANTITY_EXCEEDED",
        "3",
        "4",
    )
    await market.moved("acceptOrder", "officer", **placed, lines=[{**line, "quantity": 2}])
    too_many = {"lines": [{**line, "quantity": 3}]}
    assert (await refused("returnGoods", "officer", **placed, **too_many, reason="坏"))[0] == (
        "QUANTITY_EXCEEDED"
    )
    payment = {**placed, "bankReference": "HZ1", "paidOn": "2017-10-16"}
    assert await refused("recordOrderPayment", "officer", **payment, amountFen="3999") == (
        "PAYMENT_EXCEEDS_PAYABLE",
        {"payableFen": "3998", "requiredFen": "3999"},
    )
    assert sum((await market.gained()).values()) == 3_998
