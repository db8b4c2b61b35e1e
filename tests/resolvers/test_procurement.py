"""Procurement through the schema: what is answered, in how many statements, and to whom."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.money import BasisPoints, Fen
from models.parties import ANONYMOUS, Actor
from models.procurement import lots, products
from resolvers.identities import global_id
from resolvers.schema import schema
from tests.markets import FIRST, NINGDU, SECOND, THIRD, Market, open_market
from tests.platform import context_of
from tests.statements import statements

PAGES = Path(__file__).parents[2] / "api" / "pages"


@pytest.fixture
async def market(database: Database) -> Market:
    return await open_market(database)


async def ask(market: Market, asking: Actor, document: str, **variables: object) -> dict[str, Any]:
    result = await schema.execute(
        document, variable_values=variables, context_value=context_of(market.database, asking)
    )
    assert result.errors is None, result.errors
    assert result.data is not None
    return result.data


PRODUCTS = """
query Products($first: Int, $after: String) {
  products(first: $first, after: $after) {
    nodes { ...Shown }
    totalCount
    pageInfo { hasNextPage endCursor }
  }
}
fragment Shown on Product {
  name unitPriceFen designated
  supplier { name }
  county { name path }
  villages { basisPoints village { name path } }
}
"""
LEAN = """
{ products(first: 50) { nodes { name supplier { name } county { name }
  villages { basisPoints village { name } } } } }
"""


async def test_a_product_shows_its_supplier_county_and_villages(market: Market) -> None:
    answer = await ask(market, ANONYMOUS, PRODUCTS, first=1)

    found = answer["products"]
    assert found["totalCount"] == 3
    assert found["pageInfo"]["hasNextPage"]
    assert found["nodes"] == [
        {
            "name": "大米",
            "unitPriceFen": "500",
            "designated": True,
            "supplier": {"name": "宁都粮油公司"},
            "county": {"name": "宁都县", "path": "宁都县"},
            "villages": [
                {"basisPoints": share, "village": {"name": name, "path": f"宁都县{name}"}}
                for name, share in (("first", 5_000), ("second", 3_000), ("third", 2_000))
            ],
        }
    ]
    rest = await ask(market, ANONYMOUS, PRODUCTS, after=found["pageInfo"]["endCursor"])
    assert [node["name"] for node in rest["products"]["nodes"]] == ["蜂蜜", "脐橙"]


@pytest.mark.parametrize(("document", "expected"), [(LEAN, 2), (PRODUCTS, 4)])
async def test_fifty_products_take_as_many_statements_as_three(
    market: Market, document: str, expected: int
) -> None:
    with statements(market.database) as few:
        await ask(market, ANONYMOUS, document, first=50)
    for number in range(47):
        product_id = new_id()
        terms = products.Terms(f"茶{number}", "茶叶", "盒", Fen(100), 1, NINGDU)
        await market.do(
            lambda t, product_id=product_id, terms=terms: products.offer(  # type: ignore[misc] # bound in the loop on purpose
                t,
                market["supplier"],
                product_id=product_id,
                supplier_id=market.supplier_id,
                terms=terms,
            )
        )
        await market.do(
            lambda t, product_id=product_id: lots.add(  # type: ignore[misc] # bound in the loop on purpose
                t,
                market["supplier"],
                lot_id=new_id(),
                product_id=product_id,
                number="1",
                valid_from=dt.date(2017, 1, 1),
                villages={SECOND: BasisPoints(10_000)},
            )
        )
    with statements(market.database) as many:
        answer = await ask(market, ANONYMOUS, document, first=50)

    assert len(answer["products"]["nodes"]) == 50
    assert len(few) == len(many) == expected


ORDER = """
fragment Whole on Order {
  number state paymentState totalFen heldFen acceptedFen returnedFen payableFen paidFen dueOn
  unit { name } supplier { name } placedBy { name }
  lines {
    id quantity amountFen acceptedQuantity returnedFen lotNumber
    product { name } benefits { amountFen village { code } }
  }
  benefits { amountFen village { name path } }
  history { move state amountFen note actor { name } }
}
"""
PLACE = (
    """
mutation Place($input: PlaceOrderInput!) {
  placeOrder(input: $input) {
    __typename
    ... on OrderPayload { order { id ...Whole } }
    ... on Refused { code message facts { name value } }
  }
}
"""
    + ORDER
)
ACCEPT = (
    """
mutation Accept($input: AcceptOrderInput!) {
  acceptOrder(input: $input) { ... on OrderPayload { order { ...Whole } } }
}
"""
    + ORDER
)


def placing(market: Market, quantity: int) -> dict[str, object]:
    line = {"productId": global_id("Product", market.oranges_id), "quantity": quantity}
    return {
        "requestId": str(new_id()),
        "unitId": global_id("Organisation", market.unit_id),
        "lines": [line],
    }


async def test_an_order_is_placed_and_accepted_and_its_villages_shown(market: Market) -> None:
    placed = await ask(market, market["officer"], PLACE, input=placing(market, 2))
    order = placed["placeOrder"]["order"]
    assert (order["state"], order["totalFen"], order["heldFen"]) == ("PLACED", "3998", "3998")
    assert order["benefits"] == []
    for name, actor in (("confirmOrder", "supplier"), ("shipOrder", "supplier")):
        kind = name[0].upper() + name[1:]
        await ask(
            market,
            market[actor],
            f"mutation M($input: {kind}Input!) {{ {name}(input: $input) {{ __typename }} }}",
            input={"requestId": str(new_id()), "orderId": order["id"]},
        )

    given = {
        "requestId": str(new_id()),
        "orderId": order["id"],
        "lines": [{"lineId": order["lines"][0]["id"], "quantity": 1}],
    }
    accepted = (await ask(market, market["officer"], ACCEPT, input=given))["acceptOrder"]["order"]

    assert (accepted["state"], accepted["paymentState"]) == ("PARTLY_ACCEPTED", "UNPAID")
    assert accepted["benefits"] == [
        {"amountFen": "999", "village": {"name": "first", "path": "宁都县first"}},
        {"amountFen": "600", "village": {"name": "second", "path": "宁都县second"}},
        {"amountFen": "400", "village": {"name": "third", "path": "宁都县third"}},
    ]
    assert accepted["lines"][0]["benefits"] == [
        {"amountFen": "999", "village": {"code": FIRST}},
        {"amountFen": "600", "village": {"code": SECOND}},
        {"amountFen": "400", "village": {"code": THIRD}},
    ]
    assert [(step["move"], step["actor"]["name"]) for step in accepted["history"]] == [
        ("PLACE", "officer"),
        ("CONFIRM", "supplier"),
        ("SHIP", "supplier"),
        ("ACCEPT", "officer"),
    ]
    found = await ask(
        market,
        market["superior"],
        "query One($id: ID!) { order(id: $id) { ...Whole } node(id: $id) { ...Whole } }" + ORDER,
        id=order["id"],
    )
    assert found["order"] == found["node"] == accepted


async def test_over_budget_is_told_in_the_words_and_figures_of_the_refusal(
    market: Market,
) -> None:
    await market.place(40)
    answer = await ask(market, market["officer"], PLACE, input=placing(market, 11))
    assert answer["placeOrder"]["code"] == "OUT_OF_STOCK"
    await market.do(
        lambda t: products.change_stock(
            t,
            market["supplier"],
            product_id=market.oranges_id,
            change_quantity=50,
            reason="harvest",
        )
    )

    refused = (await ask(market, market["officer"], PLACE, input=placing(market, 11)))["placeOrder"]

    assert refused == {
        "__typename": "Refused",
        "code": "BUDGET_EXCEEDED",
        "message": "The appropriation has ¥200.40 left; this needs ¥219.89.",
        "facts": [
            {"name": "availableFen", "value": "20040"},
            {"name": "requiredFen", "value": "21989"},
        ],
    }


async def test_an_order_that_is_not_theirs_is_not_there(market: Market) -> None:
    order_id = global_id("Order", await market.place(1))
    document = (
        "query One($id: ID!) { order(id: $id) { id } node(id: $id) { id } orders { totalCount } }"
    )

    for name in ("sister", "rival", "finance"):
        answer = await ask(market, market[name], document, id=order_id)
        assert answer == {"order": None, "node": None, "orders": {"totalCount": 0}}
    hidden = await schema.execute(
        "{ orders { totalCount } }", context_value=context_of(market.database)
    )
    assert hidden.data is None


@pytest.mark.parametrize("quantity", [1, 3])
async def test_a_page_of_orders_takes_as_many_statements_as_one(
    market: Market, quantity: int
) -> None:
    for _ in range(quantity):
        await market.accept(await market.shipped(1))
    document = "{ orders { nodes { ...Whole } } }" + ORDER

    with statements(market.database) as sent:
        answer = await ask(market, market["officer"], document)

    assert len(answer["orders"]["nodes"]) == quantity
    # orders, lines, their products, benefits, history, the full names of villages
    assert len(sent) == 6


QUOTE = """
query Quote($input: OrderQuoteInput!) {
  orderQuote(input: $input) {
    __typename
    ... on OrderQuote {
      totalFen availableFen
      lines { quantity amountFen product { name } }
      benefits { amountFen village { name } }
    }
    ... on Refused { code }
  }
}
"""


async def test_a_quote_shows_what_villages_would_gain(market: Market) -> None:
    asked = {name: value for name, value in placing(market, 1).items() if name != "requestId"}

    answer = await ask(market, market["officer"], QUOTE, input=asked)
    refused = await ask(market, market["sister"], QUOTE, input=asked)

    assert answer["orderQuote"] == {
        "__typename": "OrderQuote",
        "totalFen": "1999",
        "availableFen": "100000",
        "lines": [{"quantity": 1, "amountFen": "1999", "product": {"name": "脐橙"}}],
        "benefits": [
            {"amountFen": "999", "village": {"name": "first"}},
            {"amountFen": "600", "village": {"name": "second"}},
            {"amountFen": "400", "village": {"name": "third"}},
        ],
    }
    assert refused["orderQuote"] == {"__typename": "Refused", "code": "NOT_YOUR_UNIT"}


UNITS = (
    "{ myBudgetUnits { id name year { year totalFen availableFen heldFen payableFen paidFen } } }"
)


async def test_a_unit_shows_its_figures_to_its_own_and_those_above(market: Market) -> None:
    await market.place(1)

    (unit,) = (await ask(market, market["officer"], UNITS))["myBudgetUnits"]
    assert unit["name"] == "第一中学"
    assert unit["year"] == {
        "year": 2017,
        "totalFen": "100000",
        "availableFen": "98001",
        "heldFen": "1999",
        "payableFen": "0",
        "paidFen": "0",
    }
    document = "query One($id: ID!) { budgetUnit(id: $id) { year(year: 2016) { totalFen } } }"
    seen = await ask(market, market["superior"], document, id=unit["id"])
    unseen = await ask(market, market["sister"], document, id=unit["id"])
    assert seen == {"budgetUnit": {"year": {"totalFen": "0"}}}
    assert unseen == {"budgetUnit": None}
    assert (await ask(market, market["supplier"], UNITS)) == {"myBudgetUnits": []}


async def test_anybody_sees_what_the_villages_of_a_county_gained(market: Market) -> None:
    await market.accept(await market.shipped(1))
    document = (
        "query Year($code: String!) { villageBenefits(divisionCode: $code, first: 2) {"
        " totalCount nodes { amountFen orderCount year village { name path } }"
        " pageInfo { endCursor } } }"
    )

    answer = await ask(market, ANONYMOUS, document, code=NINGDU)

    assert answer["villageBenefits"]["totalCount"] == 3
    assert answer["villageBenefits"]["nodes"] == [
        {
            "amountFen": amount,
            "orderCount": 1,
            "year": 2017,
            "village": {"name": name, "path": f"宁都县{name}"},
        }
        for name, amount in (("first", "999"), ("second", "600"))
    ]


async def test_what_is_not_an_id_or_a_code_is_refused_by_name(market: Market) -> None:
    given = {**placing(market, 1), "unitId": global_id("Product", market.oranges_id)}
    answer = await ask(market, market["officer"], PLACE, input=given)
    assert answer["placeOrder"]["facts"][0] == {"name": "path", "value": "unitId"}

    wrong = await schema.execute(
        '{ products(divisionCode: "宁都县") { totalCount } }',
        context_value=context_of(market.database),
    )
    assert wrong.errors


@pytest.mark.parametrize("page", ["order", "order_new", "orders"])
def test_the_pages_ask_what_the_schema_answers(page: str) -> None:
    text = (PAGES / f"{page}.graphql").read_text(encoding="utf-8").replace("...Layout", "")

    assert validate(schema._schema, parse(text)) == []
