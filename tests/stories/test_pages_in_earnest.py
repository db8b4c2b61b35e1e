"""The pages before the whole platform: its own schema, worker and payment sandbox, on real ports.

On SQLite alone: what each engine does is tried below the pages, where it matters.
"""

import asyncio
import html
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.settings import load
from models.kernel.clock import MovableClock
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.migrating import migrate
from models.kernel.sealing import Keyring
from models.parties import Actor, Role
from models.parties.grants import grant_role
from resolvers.identities import global_id
from tests.api.site.html_rules import findings
from tests.desks import Desk, make_desk
from tests.markets import Market, open_market
from tests.parties import make_administrator, make_password
from webhooks.sandbox.app import create_sandbox
from webhooks.sandbox.serving import served

PASSWORD = "a long enough passphrase"


@dataclass(frozen=True)
class Place:
    """A browser at the platform, which holds one fund."""

    browser: httpx.AsyncClient
    site: str
    desk: Desk
    fund_id: str
    manager_name: str
    market: Market

    async def get(self, address: str) -> httpx.Response:
        answer = await self.browser.get(address)
        assert findings(answer.text, language="zh", pay_origin="http://127.0.0.1:") == []
        return answer

    async def sign_in(self, name: str) -> None:
        form = fields_of(await self.get("/sign-in"))
        answer = await self.post(
            "/sign-in", **form, signInName=name, password=PASSWORD, operation="SignIn"
        )
        assert answer.status_code == 303

    async def press(self, address: str, operation: str, **fields: str) -> httpx.Response:
        """Send one form of a page as its button would."""
        page = await self.get(address)
        form = page.text.rpartition(f'value="{operation}"')[0].rpartition("<form")[2]
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
        answer = await self.post(address, **dict(hidden), **fields, operation=operation)
        assert answer.status_code == 303, answer.text
        return answer

    async def post(self, address: str, **fields: str) -> httpx.Response:
        return await self.browser.post(address, data=fields, headers={"origin": self.site})


async def let_work(database: Database, administrator: Actor, actor: Actor, role: Role) -> None:
    """Give somebody of the market, who acts in memory only, a role to sign in with."""
    person_id = actor.person_id
    assert person_id
    await make_password(database, person_id, PASSWORD)
    await database.transact(
        lambda transaction: grant_role(
            transaction,
            administrator,
            membership_id=new_id(),
            person_id=person_id,
            organisation_id=actor.grants[0].organisation_id,
            role=role,
        )
    )


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@asynccontextmanager
async def platform(folder: Path, clock: MovableClock) -> AsyncIterator[Place]:
    settings = load(
        run_folder=folder, environment="test", port=free_port(), sandbox_port=free_port()
    )
    database = Database(
        settings.database,
        clock=clock,
        keyring=Keyring.parse(settings.sealing_key.get_secret_value()),
    )
    await migrate(database)
    administrator = await make_administrator(database, "chief")
    desk = await make_desk(database, administrator)
    assert desk.manager.person_id
    manager_name = await make_password(database, desk.manager.person_id, PASSWORD)
    market = await open_market(database)
    await let_work(database, administrator, market["officer"], Role.OFFICER)
    await let_work(database, administrator, market["supplier"], Role.SUPPLIER)
    async with (
        served(
            lambda address: create_sandbox(
                state_path=folder / "sandbox.sqlite3",
                api_key=settings.payment_key,
                webhook_url=f"{settings.loopback_address}/webhooks/stripe",
                webhook_secret=settings.payment_webhook_secret,
                clock=clock,
                public_url=address,
                environment="test",
            ),
            port=settings.sandbox_port,
        ),
        served(lambda _: create_app(settings, clock=clock), port=settings.port) as site,
        httpx.AsyncClient(base_url=site) as browser,
    ):
        fund_id = str(global_id("Fund", desk.fund_id))
        yield Place(browser, site, desk, fund_id, manager_name, market)
    await database.close()


@pytest.fixture
async def place(tmp_path: Path, clock: MovableClock) -> AsyncIterator[Place]:
    async with platform(tmp_path, clock) as place:
        yield place


def fields_of(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page, as its form would send them."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
    return {name: html.unescape(value) for name, value in found if name != "back"}


async def test_a_gift_is_given_paid_received_and_followed_on_pages_alone(place: Place) -> None:
    home = await place.get("/")
    assert f"/funds/{place.fund_id}" in home.text
    fund = await place.get(f"/funds/{place.fund_id}")
    assert "¥1,000,010.00" in fund.text
    assert f'href="/give/{place.fund_id}"' in fund.text

    typed = {"amountFen": "88.5元", "method": "ALIPAY", "donorKind": "PERSON", "donorName": "李善"}
    form = fields_of(await place.get(f"/give/{place.fund_id}"))
    checked = await place.post(f"/give/{place.fund_id}", check="Give", **form, **typed)
    assert "确认捐赠 ¥88.50" in checked.text
    given = await place.post(f"/give/{place.fund_id}", **fields_of(checked), operation="Give")
    again = await place.post(f"/give/{place.fund_id}", **fields_of(checked), operation="Give")
    assert given.status_code == 303
    assert again.headers["location"] == given.headers["location"]

    paid = await place.browser.post(
        given.headers["location"], data={"method": "alipay", "outcome": "paid"}
    )
    donation = paid.headers["location"]
    assert donation.startswith(f"{place.site}/donations/")

    received = await place.get(donation)
    async with asyncio.timeout(20):
        while "谢谢您" not in received.text:
            await asyncio.sleep(0.1)
            received = await place.get(donation)
    assert "人民币捌拾捌元伍角整" in received.text
    code = re.search(r'href="/r/([^"]+)"', received.text)
    assert code is not None
    receipt = await place.get(f"/r?code={code[1].lower().replace('-', ' ', 1)}")
    assert "这张收据是真的" in receipt.text
    assert "李善" in receipt.text
    after = await place.get(f"/funds/{place.fund_id}")
    assert "收入 ¥88.50" in after.text


async def test_a_fund_below_its_floor_shows_the_duty_and_its_last_day(place: Place) -> None:
    page = await place.get(f"/funds/{place.fund_id}")

    assert "低于底线 ¥1,990.00" in page.text
    assert "还有 10 个工作日" in page.text
    assert "最迟 2017-10-30 补足" in page.text


async def test_signing_in_opens_what_is_only_for_those_who_did(place: Place) -> None:
    refused = await place.browser.get("/orders")
    assert refused.status_code == 303
    assert refused.headers["location"] == "/sign-in?next=/orders"
    form = await place.get(refused.headers["location"])

    wrong = await place.post(
        "/sign-in",
        **fields_of(form),
        signInName=place.manager_name,
        password="x",
        operation="SignIn",
    )
    assert wrong.status_code == 422
    assert "set-cookie" not in wrong.headers

    right = await place.post(
        "/sign-in",
        **fields_of(await place.get("/sign-in?next=/orders")),
        signInName=place.manager_name,
        password=PASSWORD,
        operation="SignIn",
    )
    assert right.status_code == 303
    assert right.headers["location"] == "/orders"
    home = await place.get("/")
    assert "退出" in home.text

    await place.post("/sign-in", **fields_of(home), operation="SignOut")
    assert "退出" not in (await place.get("/")).text


async def test_what_does_not_exist_is_a_page_with_the_number_of_its_request(place: Place) -> None:
    for address in ("/nowhere", "/funds/nonsense", "/donations/unknown", "/villages/12"):
        answer = await place.get(address)
        assert answer.status_code == 404, address
        assert answer.headers["x-request-id"] in answer.text


async def test_a_fund_tells_its_page_of_changes(place: Place) -> None:
    address = f"/funds/{place.fund_id}"
    async with place.browser.stream(
        "GET", address, headers={"accept": "text/event-stream"}
    ) as stream:
        lines = stream.aiter_lines()
        assert await changed(lines)
        await place.desk.replenish(5_000, "通财〔2017〕9号")
        assert await changed(lines)

    assert "收入 ¥50.00" in (await place.get(address)).text


async def changed(lines: AsyncIterator[str]) -> bool:
    async for line in lines:
        if line == "event: changed":
            return True
    return False


async def test_an_order_is_quoted_placed_shipped_accepted_and_paid_on_pages_alone(
    place: Place,
) -> None:
    await place.sign_in("officer")
    form = await place.get("/orders/new")
    assert "脐橙" in form.text
    row = re.search(
        rf'name="lines\.(\d+)\.productId" value="{global_id("Product", place.market.oranges_id)}"',
        form.text,
    )
    assert row is not None
    basket = fields_of(form) | {
        "unitId": str(global_id("BudgetUnit", place.market.unit_id)),
        f"lines.{row[1]}.quantity": "３",
    }
    quoted = await place.post("/orders/new", **basket, ask="Submit")
    assert "下一步：核对 ¥59.97" in quoted.text
    checked = await place.post("/orders/new", **basket, check="Submit")
    assert "确认下单 ¥59.97" in checked.text
    placed = await place.post("/orders/new", **fields_of(checked), operation="Submit")
    order = placed.headers["location"]
    assert "待供应商确认" in (await place.get(order)).text

    await place.sign_in("supplier")
    await place.press(order, "Confirm")
    await place.press(order, "Ship")
    await place.sign_in("officer")
    await place.press(order, "Accept", **{"lines.0.quantity": "2"})
    partly = await place.get(order)
    assert "部分验收" in partly.text
    assert "应付 ¥39.98" in partly.text
    village = await place.get("/villages/360730000000")
    assert "¥19.99" in village.text

    payment = {"amountFen": "39.98", "bankReference": "HZ1", "paidOn": "2017-10-16"}
    form = await place.get(order)
    checked = await place.post(order, **fields_of(form), **payment, check="Pay")
    assert "确认支付 ¥39.98" in checked.text
    await place.post(order, **fields_of(checked), operation="Pay")
    assert "¥39.98" in (await place.get(order)).text.partition("已付款")[2][:80]
    too_much = await place.post(
        "/orders/new", **basket | {f"lines.{row[1]}.quantity": "51"}, ask="Submit"
    )
    assert too_much.status_code == 422
