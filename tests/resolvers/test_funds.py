"""Funds, calls and payouts: what they show, in as many statements however many there are."""

import datetime as dt
from typing import Any

from models.kernel.clock import MovableClock
from models.kernel.database import Database
from models.parties import Actor
from resolvers.identities import global_id
from resolvers.schema import schema
from tests.desks import Desk, make_desk
from tests.parties import make_administrator
from tests.platform import context_of
from tests.statements import statements

PAYOUTS = """{ reliefPayouts(first: 50) { nodes {
  number amountFen state village { path } fund { name balanceFen } } } }"""
FUND = """query Fund($id: ID!) { fund(id: $id) {
  name balanceFen availableFen floorFen shortfallFen donationMethods documentNumber
  division { path designated }
  openCall { requiredFen metFen outstandingFen dueOn overdue events { kind amountFen } }
  calls { nodes { number requiredFen } }
  entries(first: 2) { nodes { number reason amountFen balanceFen } pageInfo { hasNextPage } }
  balanceHistory { date balanceFen availableFen }
  incomeBySource { source amountFen } paidOutFen payoutCount } }"""

HISTORY = """query History($id: ID!, $until: Date) { fund(id: $id) {
  balanceHistory(until: $until) { date balanceFen availableFen } } }"""


async def ask(database: Database, actor: Actor, document: str, **variables: Any) -> dict[str, Any]:
    result = await schema.execute(
        document, variable_values=variables, context_value=context_of(database, actor)
    )
    assert result.errors is None, result.errors
    assert result.data is not None
    return result.data


async def test_a_fund_shows_where_it_stands_and_how_it_came_there(database: Database) -> None:
    desk = await make_desk(database, await make_administrator(database))
    await desk.settle(desk.payout_id)

    data = await ask(database, desk.manager, FUND, id=global_id("Fund", desk.fund_id))

    fund = data["fund"]
    assert fund["balanceFen"] == fund["availableFen"] == str(100_001_000 - 200_000)
    assert fund["shortfallFen"] == fund["openCall"]["outstandingFen"] == "199000"
    assert fund["openCall"]["events"] == [{"kind": "OPENED", "amountFen": "199000"}]
    assert (fund["paidOutFen"], fund["payoutCount"]) == ("200000", 1)
    assert [entry["reason"] for entry in fund["entries"]["nodes"]] == ["payout_paid", "payout_held"]
    assert fund["entries"]["pageInfo"]["hasNextPage"]
    assert fund["incomeBySource"] == [
        {"source": "DISTRICT_FINANCE", "amountFen": "100000000"},
        {"source": "DONATION", "amountFen": "1000"},
    ]


async def test_fifty_payouts_cost_as_many_statements_as_one(database: Database) -> None:
    desk = await make_desk(database, await make_administrator(database))

    async def sent(desk: Desk) -> tuple[int, int]:
        with statements(database) as found:
            data = await ask(database, desk.reviewer, PAYOUTS)
        return len(data["reliefPayouts"]["nodes"]), len(found)

    one = await sent(desk)
    for _ in range(9):
        await desk.grant(100)

    assert one == (1, 4)
    assert await sent(desk) == (10, 4)


async def test_a_fund_at_rest_for_years_still_shows_how_it_last_moved(
    database: Database, clock: MovableClock
) -> None:
    desk = await make_desk(database, await make_administrator(database))
    fund_id = global_id("Fund", desk.fund_id)
    clock.advance(dt.timedelta(days=1))
    await desk.settle(desk.payout_id)
    data = await ask(database, Actor(), HISTORY, id=fund_id)
    on_both_days = data["fund"]["balanceHistory"]

    clock.advance(dt.timedelta(days=3_000))

    assert [point["date"] for point in on_both_days] == ["2017-10-16", "2017-10-17"]
    assert await ask(database, Actor(), HISTORY, id=fund_id) == data
    earlier = await ask(database, Actor(), HISTORY, id=fund_id, until="2017-10-16")
    assert earlier["fund"]["balanceHistory"] == on_both_days[:1]
