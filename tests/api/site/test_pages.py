"""Every page, in every state and both languages, keeps to the rules of the pages."""

import gzip
import re
from typing import Any

import httpx
import pytest

from api.site.static_files import StaticFiles
from tests.api.site.canned import CannedDoor, application
from tests.api.site.canned_answers import (
    CALL,
    PAY_ORIGIN,
    answers,
    connection,
    donation,
    fund,
    viewer,
)
from tests.api.site.canned_orders import PRODUCTS, order
from tests.api.site.html_rules import findings

BUDGET_BYTES = 50_000
SITE = "http://testserver"
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff]")
SPOKEN_CHINESE = re.compile(r'<(\w+)[^>]*lang="zh-CN"[^>]*>.*?</\1>', re.DOTALL)
NAMES = re.compile(r"<title>.*?</title>|<svg.*?</svg>|value=\"[^\"]*\"", re.DOTALL)
FUND = "/funds/RnVuZDox"
ORDER = "/orders/T3JkZXI6MQ"
GIFT = "/donations/tk1"

STATES: dict[str, tuple[str, dict[str, Any]]] = {
    "home": ("/", {}),
    "home, nobody signed in": ("/", {"viewer": None}),
    "home, no fund": ("/", {"funds": connection([])}),
    "sign in": ("/sign-in", {"viewer": None}),
    "preferences": ("/preferences", {}),
    "funds": ("/funds", {}),
    "no funds": ("/funds", {"funds": connection([])}),
    "fund below its floor": (FUND, {}),
    "fund with an overdue call": (
        FUND,
        {"fund": fund(openCall=CALL | {"overdue": True, "dueOn": "2026-11-19"})},
    ),
    "fund above its floor": (FUND, {"fund": fund(openCall=None, shortfallFen="0")}),
    "fund without a movement": (
        FUND,
        {"fund": fund(balanceHistory=[], entries=connection([]), incomeBySource=[])},
    ),
    "fund of one day": (FUND, {"fund": fund(balanceHistory=fund()["balanceHistory"][:1])}),
    "give": ("/give/RnVuZDox", {}),
    "give, one method": ("/give/RnVuZDox?amountFen=88", {"fund": fund(donationMethods=["CARD"])}),
    "donation started": (
        GIFT,
        {"donationByToken": donation(state="STARTED", checkoutUrl=f"{PAY_ORIGIN}/pay/1")},
    ),
    "donation pending": (GIFT, {"donationByToken": donation(state="PENDING", trace=[])}),
    "donation failed": (GIFT, {"donationByToken": donation(state="FAILED", trace=[])}),
    "donation expired": (GIFT, {"donationByToken": donation(state="EXPIRED", trace=[])}),
    "donation received": (GIFT, {}),
    "receipt": ("/r/R-8F3K-2MNP-7QXTC", {}),
    "receipt search": ("/r", {"donation": None}),
    "village": ("/villages/511702000000", {}),
    "village, no benefit": ("/villages/511702000000", {"villageBenefits": connection([])}),
    "village, no benefit in a year": (
        "/villages/511702000000?year=2025",
        {"villageBenefits": connection([])},
    ),
    "orders": ("/orders", {}),
    "orders, filtered": ("/orders?state=SHIPPED", {}),
    "orders, none": ("/orders", {"orders": connection([])}),
    "orders, none of this state": ("/orders?state=PLACED", {"orders": connection([])}),
    "order form": ("/orders/new", {}),
    "order form, no products": ("/orders/new", {"products": connection([])}),
    "order form, no unit": ("/orders/new", {"myBudgetUnits": []}),
    **{
        f"order {state}": (ORDER, {"order": order(state=state)})
        for state in (
            "PLACED", "CONFIRMED", "SHIPPED", "PARTLY_ACCEPTED", "ACCEPTED",
            "CANCELLED", "REJECTED", "RETURNED",
        )
    },
    "order to pay": (
        ORDER,
        {"order": order(state="ACCEPTED", payableFen="254600", dueOn="2026-12-20",
                        acceptedFen="254600")},
    ),
    "order overdue": (
        ORDER,
        {"order": order(state="ACCEPTED", payableFen="254600", dueOn="2026-11-01")},
    ),
    "order, seen by the supplier": (
        ORDER,
        {"order": order(state="PLACED", benefits=[]), "viewer": viewer("SUPPLIER")},
    ),
}  # fmt: skip


async def get(address: str, *, language: str = "zh", **changes: Any) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application(CannedDoor(answers(**changes)))),
        base_url=SITE,
        cookies={"language": language},
    ) as browser:
        return await browser.get(address)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", STATES)
async def test_a_page_keeps_to_the_rules(state: str, language: str) -> None:
    address, changes = STATES[state]
    answer = await get(address, language=language, **changes)

    assert answer.status_code == 200
    assert findings(answer.text, language=language, pay_origin=PAY_ORIGIN) == []
    assert "<title>有误" not in answer.text
    assert "<title>Error: " not in answer.text


@pytest.mark.parametrize("state", STATES)
async def test_an_english_page_marks_what_is_chinese(state: str) -> None:
    address, changes = STATES[state]
    answer = await get(address, language="en", **changes)

    rest = SPOKEN_CHINESE.sub("", NAMES.sub("", answer.text))
    assert [line.strip() for line in rest.splitlines() if CHINESE.search(line)] == []


@pytest.mark.parametrize("state", ["home", "fund below its floor", "donation received", "orders"])
async def test_a_page_weighs_little(state: str) -> None:
    address, changes = STATES[state]
    answer = await get(address, **changes)
    static = StaticFiles()
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', answer.text))

    assert files == {static.address(name) for name in ("mark.svg", "yuanliu.css", "live.js")}
    assert (
        len(gzip.compress(answer.content))
        + sum(len(static.file(name).compressed) for name in ("yuanliu.css", "live.js", "mark.svg"))
        < BUDGET_BYTES
    )


async def test_a_page_says_what_browsers_may_do_with_it() -> None:
    answer = await get("/")

    policy = answer.headers["content-security-policy"]
    assert policy == (
        "default-src 'self'; img-src 'self' data:; "
        f"form-action 'self' {PAY_ORIGIN}; frame-ancestors 'none'; base-uri 'none'; "
        "object-src 'none'"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_a_page_shows_money_dates_and_what_is_left() -> None:
    answer = await get(FUND)

    assert "还有 13 个工作日" in answer.text
    assert "最迟 2026-12-09 补足" in answer.text
    assert "¥950,000.00" in answer.text
    assert "支出 −¥3,500.00" in answer.text
    assert "2026-11-20 11:10" in answer.text
    assert 'href="/funds/RnVuZDox?after=c"' in answer.text


async def test_a_waiting_donation_comes_back_by_itself_without_scripts() -> None:
    waiting = await get(GIFT, donationByToken=donation(state="PENDING", trace=[]))
    received = await get(GIFT)

    refresh = '<noscript><meta http-equiv="refresh" content="5"></noscript>'
    assert refresh in waiting.text
    assert refresh not in received.text
    assert "人民币壹拾万元整" in received.text
    assert 'class="segno"' in received.text


async def test_only_what_the_viewer_may_do_is_offered() -> None:
    supplier = await get(ORDER, order=order(state="PLACED"), viewer=seller())
    officer = await get(ORDER, order=order(state="PLACED"), viewer=viewer("OFFICER"))
    nobody = await get(ORDER, order=order(state="PLACED"), viewer=viewer())

    assert buttons(supplier) == {"SignOut", "Confirm", "Reject"}
    assert buttons(officer) == {"SignOut", "Cancel"}
    assert buttons(nobody) == {"SignOut"}


def seller() -> dict[str, Any]:
    return viewer() | {"grants": [{"role": "SUPPLIER", "organisation": PRODUCTS[0]["supplier"]}]}


def buttons(answer: httpx.Response) -> set[str]:
    return set(re.findall(r'<button[^>]*name="operation" value="(\w+)"', answer.text))
