"""Placing an order through GraphQL over HTTP ÷ the same statements by pgbench."""

import json
from pathlib import Path

import pytest

from models.kernel.database import Database
from models.kernel.ids import new_id
from models.parties.sessions import actor_of_session
from resolvers.identities import global_id
from resolvers.schema import schema
from tests.bench.clients import FRESH_ID, Plan, ask
from tests.bench.recording import Script, pgbench, record_twice
from tests.bench.servers import platform, postgresql
from tests.bench.tables import Row, show
from tests.bench.worlds import BUYERS, Buyer, make_market
from tests.platform import context_of

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

ROUNDS, SECONDS = 5, 4
DOCUMENT = """
mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) {
    ... on OrderPayload { order { id number totalFen state } }
    ... on Refused { code message }
  }
}
"""


def wish(buyer: Buyer, request_id: str) -> dict[str, object]:
    lines = [{"productId": global_id("Product", buyer.product_id), "quantity": 1}]
    unit_id = global_id("BudgetUnit", buyer.unit_id)
    return {"input": {"requestId": request_id, "unitId": unit_id, "lines": lines}}


async def place(database: Database, buyer: Buyer) -> None:
    """What the server asks of the database for one order, in this process."""
    async with database.read() as connection:
        now = database.clock.now()
        officer = await actor_of_session(connection, buyer.session_id, now=now)
    assert officer is not None
    result = await schema.execute(
        DOCUMENT,
        variable_values=wish(buyer, str(new_id())),
        context_value=context_of(database, officer),
    )
    assert result.errors is None
    assert result.data is not None
    assert "order" in result.data["placeOrder"], result.data


async def test_placing_an_order_beside_its_bare_statements(tmp_path: Path) -> None:
    with postgresql() as server:
        async with server.database() as (database, url):
            buyers = await make_market(database)
            scripts = []
            for number, buyer in enumerate(buyers):
                first, second = await record_twice(database, lambda: place(database, buyer))  # noqa: B023 - awaited at once
                scripts.append(tmp_path / f"{number}.sql")
                scripts[-1].write_text(Script(first, second).text(), encoding="utf-8")
            bodies = [
                json.dumps({"query": DOCUMENT, "variables": wish(buyer, FRESH_ID)})
                for buyer in buyers
            ]
            tokens = [{"authorization": f"Bearer {buyer.token}"} for buyer in buyers]
            requests = list(zip(tokens, bodies, strict=True))
            rows = []
            with platform(url, tmp_path) as served:
                plan = Plan(served.port, BUYERS, SECONDS, "/graphql", requests)
                ask(plan)
                for _ in range(ROUNDS):
                    bare = pgbench(server.pgbench, url, scripts, clients=BUYERS, seconds=SECONDS)
                    before = served.cpu_seconds
                    outcome = ask(plan)
                    assert outcome.wrong == 0
                    cpu_ms = (served.cpu_seconds - before) / outcome.answered * 1_000
                    rows.append(Row(outcome.per_second, bare, outcome, cpu_ms))
            show("placeOrder, 16 clients ÷ pgbench", rows, len(second.statements))
