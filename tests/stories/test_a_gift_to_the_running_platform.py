"""The platform as it is started: a gift through all of its doors, to the fund and its receipt."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from models.kernel.clock import MovableClock, SystemClock
from models.kernel.database import Database
from models.reports import books
from resolvers.identities import global_id
from tests.models.funds.worlds import make_world
from tests.processes import address_of, clean, started

START = """
mutation Start($input: StartDonationInput!) { startDonation(input: $input) {
  ... on StartDonationPayload { token checkoutUrl donation { state } } ... on Refused { code } } }
"""
SEEN = """
query Seen($token: String!) { donationByToken(token: $token) {
  state receiptCode remainingFen fund { balanceFen } trace { kind amountFen } } }
"""


async def ask(client: httpx.AsyncClient, query: str, **variables: Any) -> Any:
    answer = await client.post("/graphql", json={"query": query, "variables": variables})
    assert "errors" not in answer.json(), answer.text
    return answer.json()["data"]


async def test_a_gift_goes_from_the_donor_to_the_fund_and_its_receipt(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    clock.set(SystemClock().now())
    world = await make_world(database, floor_fen=0)
    url = database.url.set(drivername=database.dialect).render_as_string(hide_password=False)
    given = {
        "requestId": "01999999-0000-7000-8000-000000000001",
        "fundId": global_id("Fund", world.fund),
        "amountFen": "88800",
        "donorKind": "PERSON",
        "donorName": "李善",
        "method": "ALIPAY",
    }
    environment = clean(tmp_path) | {
        "DATABASE_URL": url,
        "YUANLIU_WORKER_IN_PROCESS": "true",
        "YUANLIU_ENVIRONMENT": "test",
    }
    async with (
        started(environment, "serve", "--port", "0") as process,
        httpx.AsyncClient(base_url=await address_of(process), timeout=30) as client,
    ):
        begun = (await ask(client, START, input=given))["startDonation"]
        assert begun["donation"]["state"] == "PENDING", begun
        form = {"method": "alipay", "outcome": "paid"}
        paid = await client.post(begun["checkoutUrl"], data=form)
        assert paid.status_code == 303, paid.text
        assert paid.headers["location"].endswith(f"/donations/{begun['token']}?from=checkout")
        async with asyncio.timeout(30):
            seen: Any = {"state": None}
            while seen["state"] != "RECEIVED":
                await asyncio.sleep(0.1)
                seen = (await ask(client, SEEN, token=begun["token"]))["donationByToken"]

    assert seen["receiptCode"].startswith("JZ-")
    assert (seen["remainingFen"], seen["fund"]["balanceFen"]) == ("88800", "88800")
    assert seen["trace"] == [{"kind": "IN_FUND", "amountFen": "88800"}]
    async with database.snapshot() as connection:
        assert [difference async for difference in books.check(connection)] == []
