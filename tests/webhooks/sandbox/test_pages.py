"""What a donor sees, without a browser."""

import datetime as dt
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from models.kernel.clock import MovableClock
from tests.webhooks.conftest import API_KEY, Ear, Sandbox, in_minutes
from webhooks.sandbox import control
from webhooks.sandbox.app import create_sandbox

BANNER = "支付沙箱 · SANDBOX — 不会真的扣款"


class Page(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def checked(answer: httpx.Response) -> Page:
    """The page, if it keeps the rules that every page keeps."""
    page = Page(answer.text)
    assert page.all("html") == [{"lang": "zh-CN"}]
    assert len(page.all("h1")) == 1
    assert len(page.all("title")) == len(page.all("header")) == len(page.all("main")) == 1
    headings = [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]
    assert headings[0] == 1
    assert BANNER in page.text
    assert page.all("script") == page.all("style") == page.all("iframe") == []
    labelled = {label["for"] for label in page.all("label")}
    identities = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identities) == len(set(identities))
    for _, attributes in page.elements:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
    for field in page.all("input"):
        assert field["type"] == "hidden" or field["id"] in labelled
    for reference in (*page.all("link"), *page.all("img")):
        assert (reference.get("href") or reference["src"]).startswith("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert len(answer.content) < 20_000
    return page


async def test_the_page_offers_each_way_to_pay_and_the_way_back(sandbox: Sandbox) -> None:
    session_id = await sandbox.opened(client_reference_id="gift-1")

    answer = await sandbox.http.get(f"/c/pay/{session_id}")

    page = checked(answer)
    assert answer.status_code == 200
    assert [field["value"] for field in page.all("input")] == ["card", "alipay", "wechat_pay"]
    assert "¥123.45" in page.text
    assert "防返贫基金" in page.text
    assert "gift-1" in page.text
    assert {"href": "http://127.0.0.1:9/give"} in page.all("a")
    assert "http://127.0.0.1:9" in answer.headers["content-security-policy"]


async def test_only_what_the_page_was_opened_with_is_offered(sandbox: Sandbox) -> None:
    session_id = await sandbox.opened(allowed_payment_method_types=["alipay"])

    page = checked(await sandbox.http.get(f"/c/pay/{session_id}"))
    refused = await sandbox.http.get(f"/c/pay/{session_id}?method=card")

    assert [field["value"] for field in page.all("input")] == ["alipay"]
    assert refused.status_code == 422
    assert "请选择一种支付方式" in checked(refused).text


@pytest.mark.parametrize(
    ("method", "outcomes"),
    [
        ("card", ["paid", "declined"]),
        ("alipay", ["paid", "declined", "pending"]),
        ("wechat_pay", ["paid", "declined", "pending"]),
    ],
)
async def test_the_second_step_says_the_amount_on_its_button(
    sandbox: Sandbox, method: str, outcomes: list[str]
) -> None:
    session_id = await sandbox.opened()

    answer = await sandbox.http.get(f"/c/pay/{session_id}?method={method}")

    page = checked(answer)
    assert [button["value"] for button in page.all("button")] == outcomes
    assert "确认支付 ¥123.45" in page.text


async def test_paying_leads_back_to_where_the_donor_came_from(sandbox: Sandbox, ear: Ear) -> None:
    session_id = await sandbox.opened()

    answer = await sandbox.http.post(
        f"/c/pay/{session_id}", data={"method": "alipay", "outcome": "paid"}
    )
    await ear.waited_for(5)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"http://127.0.0.1:9/thanks?session={session_id}"
    over = await sandbox.http.get(f"/c/pay/{session_id}")
    assert "此付款已完成" in checked(over).text
    twice = await sandbox.http.post(
        f"/c/pay/{session_id}", data={"method": "alipay", "outcome": "paid"}
    )
    assert twice.status_code == 303
    assert len(await sandbox.events()) == 5


async def test_a_payment_that_comes_later_leads_back_as_well(sandbox: Sandbox) -> None:
    session_id = await sandbox.opened()

    answer = await sandbox.http.post(
        f"/c/pay/{session_id}", data={"method": "wechat_pay", "outcome": "pending"}
    )

    assert answer.status_code == 303
    assert (await sandbox.kinds())[-1] == "checkout.session.completed"


async def test_a_declined_payment_says_so_and_offers_another_way(sandbox: Sandbox) -> None:
    session_id = await sandbox.opened()

    answer = await sandbox.http.post(
        f"/c/pay/{session_id}", data={"method": "card", "outcome": "declined"}
    )

    page = checked(answer)
    assert answer.status_code == 402
    assert "付款被拒绝，没有扣款" in page.text
    assert "有误：" in page.text
    assert len(page.all("input")) == 3


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"method": "cash", "outcome": "paid"},
        {"method": "card", "outcome": "pending"},
        {"method": "card", "outcome": "free"},
    ],
)
async def test_a_form_the_page_did_not_offer_does_nothing(
    sandbox: Sandbox, form: dict[str, str]
) -> None:
    session_id = await sandbox.opened()

    answer = await sandbox.http.post(f"/c/pay/{session_id}", data=form)

    checked(answer)
    assert answer.status_code == 422
    assert await sandbox.events() == []


async def test_a_page_whose_time_is_over_takes_nothing(sandbox: Sandbox) -> None:
    session_id = await sandbox.opened(expires_at=in_minutes(sandbox.clock, 31))
    sandbox.clock.advance(dt.timedelta(minutes=32))

    posted = await sandbox.http.post(
        f"/c/pay/{session_id}", data={"method": "card", "outcome": "paid"}
    )
    shown = await sandbox.http.get(f"/c/pay/{session_id}")

    assert (posted.status_code, shown.status_code) == (410, 410)
    assert "此付款页已过期" in checked(posted).text
    assert "此付款页已过期" in checked(shown).text
    assert await sandbox.kinds() == ["checkout.session.expired"]


async def test_a_page_that_never_was_is_not_found(sandbox: Sandbox) -> None:
    shown = await sandbox.http.get("/c/pay/cs_test_none")
    posted = await sandbox.http.post("/c/pay/cs_test_none", data={"method": "card"})

    elsewhere = await sandbox.http.get("/favicon.ico")

    assert (shown.status_code, posted.status_code, elsewhere.status_code) == (404, 404, 404)
    checked(elsewhere)
    assert "没有这个付款页" in checked(shown).text
    checked(posted)


async def test_what_a_page_shows_is_text_and_never_markup(sandbox: Sandbox) -> None:
    page: Any = sandbox.page(client_reference_id="<script>alert(1)</script>")
    page["line_items"][0]["price_data"]["product_data"]["name"] = "<img src=x onerror=alert(1)>"
    session = await sandbox.stripe.v1.checkout.sessions.create_async(page)

    checked(await sandbox.http.get(f"/c/pay/{session.id}"))


async def test_the_sheet_asks_for_nothing_from_elsewhere(sandbox: Sandbox) -> None:
    answer = await sandbox.http.get("/sandbox/pages.css")

    assert answer.headers["content-type"].startswith("text/css")
    assert "@import" not in answer.text
    assert "url(" not in answer.text


async def test_the_index_documents_every_control_and_its_fields(
    sandbox: Sandbox, clock: MovableClock, tmp_path: Path
) -> None:
    application = create_sandbox(
        state_path=tmp_path / "other.sqlite",
        api_key=API_KEY,
        webhook_url="http://127.0.0.1:9",
        webhook_secret="whsec_x",
        clock=clock,
        public_url="http://127.0.0.1:9",
    )
    routes = {
        f"{'POST' if 'POST' in route.methods else 'GET'} {route.path}"
        for route in application.routes
        if isinstance(route, Route)
        and route.methods
        and re.match(r"/sandbox/(?!pages)", route.path)
    }

    page = checked(await sandbox.http.get("/sandbox"))

    assert routes == {path for path, *_ in control.ENDPOINTS}
    fields = {
        each.__name__: set(each.model_fields) for each in control.Instruction.__subclasses__()
    }
    documented = [set(json.loads(body)) for _, body, *_ in control.ENDPOINTS if body]
    assert sorted(map(sorted, documented)) == sorted(
        [*map(sorted, fields.values()), sorted(fields["Settle"])]
    )
    for path, _, chinese, english in control.ENDPOINTS:
        assert path in page.text
        assert chinese in page.text
        assert english in page.text
