"""What a payout was paid out of, for those who may read it."""

from typing import Any

from models.kernel.database import Database
from models.parties import Actor
from resolvers.identities import global_id
from resolvers.schema import schema
from tests.desks import Desk, make_desk
from tests.parties import make_administrator
from tests.platform import context_of

SOURCES = """
query Q($id: ID!) { node(id: $id) { ... on ReliefPayout {
  amountFen state sources { source amountFen receivedAt } } } }
"""


async def seen(desk: Desk, asking: Actor) -> Any:
    result = await schema.execute(
        SOURCES,
        variable_values={"id": global_id("ReliefPayout", desk.payout_id)},
        context_value=context_of(desk.database, asking),
    )
    assert result.errors is None, result.errors
    assert result.data is not None
    return result.data["node"]


async def test_a_payout_names_its_money_once_it_is_paid_and_only_to_who_may_read_it(
    database: Database,
) -> None:
    desk = await make_desk(database, await make_administrator(database))
    held = await seen(desk, desk.reviewer)

    await desk.settle(desk.payout_id)

    assert (held["state"], held["sources"]) == ("HELD", [])
    paid = await seen(desk, desk.reviewer)
    assert paid["state"] == "PAID"
    assert [(each["source"], each["amountFen"]) for each in paid["sources"]] == [
        ("DISTRICT_FINANCE", paid["amountFen"])
    ]
    assert await seen(desk, Actor()) is None
