"""An order from the quote to the payment, over HTTP: what its villages gain adds up at each step.

Their shares of a lot, 3,333, 3,334 and 3,333 of 10,000, divide none of the amounts evenly.
"""

import pytest

from models.kernel.ids import new_id
from tests.running import Running
from tests.stories.markets import FIRST, SECOND, THIRD, Market, gains, open_market


@pytest.fixture
async def market(still_platform: Running) -> Market:
    return await open_market(still_platform)


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
