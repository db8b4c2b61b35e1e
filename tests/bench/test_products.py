"""The product list through GraphQL ÷ a bare handler that asks the same of the database."""

import json
import sys
from pathlib import Path

import pytest

from tests.bench.clients import Plan, ask
from tests.bench.servers import SEALING_KEY, platform, postgresql, serving
from tests.bench.tables import Row, show
from tests.bench.worlds import PRODUCTS, make_market

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

CLIENTS, ROUNDS, SECONDS = 8, 5, 4
DOCUMENT = """
query {
  products(first: 50) {
    nodes {
      id name category unitName unitPriceFen stockQuantity designated
      county { code name }
      supplier { id name }
      villages { village { code name } basisPoints }
    }
  }
}
"""


async def test_the_product_list_beside_a_bare_handler(tmp_path: Path) -> None:
    with postgresql() as server:
        async with server.database() as (database, url):
            await make_market(database)
            body = json.dumps({"query": DOCUMENT})
            bare_command = [sys.executable, "-m", "tests.bench.bare_products", url, SEALING_KEY]
            with platform(url, tmp_path) as ours, serving(bare_command) as other:
                plan = Plan(ours.port, CLIENTS, SECONDS, "/graphql", [({}, body)])
                bare = Plan(other.port, CLIENTS, SECONDS, "/", [({}, body)])
                assert ask(plan).wrong == 0
                assert ask(bare).wrong == 0
                rows, bare_cpu = [], []
                for _ in range(ROUNDS):
                    began = other.cpu_seconds
                    there = ask(bare)
                    bare_cpu.append((other.cpu_seconds - began) / there.answered * 1_000)
                    before = ours.cpu_seconds
                    here = ask(plan)
                    cpu_ms = (ours.cpu_seconds - before) / here.answered * 1_000
                    rows.append(Row(here.per_second, there.per_second, here, cpu_ms))
            show(f"{PRODUCTS} products, 8 clients ÷ a bare handler", rows)
            print("  CPU ms each of the bare handler:", *(f"{one:.2f}" for one in bare_cpu))
