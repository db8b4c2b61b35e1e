"""The whole platform in a real browser: a gift from the fund's page to the receipt, by itself."""

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.kernel.clock import MovableClock
from tests.stories.test_pages_in_earnest import Place, platform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """The platform and its payment sandbox, in a thread of their own."""
    started, places = threading.Event(), list[Place]()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def run() -> None:
        clock = MovableClock(dt.datetime(2017, 10, 16, 1, 0, tzinfo=dt.UTC))
        async with platform(tmp_path, clock) as place:
            places.append(place)
            started.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    assert started.wait(60)
    yield places[0]
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


def pay(page: Any) -> None:
    """Go through the sandbox's payment page: continue with the only way to pay, then pay."""
    if page.locator("button[value=paid]").count() == 0:
        page.click("button.primary")
    page.click("button[value=paid]")


def test_a_gift_goes_from_the_fund_to_its_receipt_without_a_reload(
    chromium: Any, place: Place
) -> None:
    page = chromium.new_page(viewport={"width": 320, "height": 700})
    page.set_default_timeout(30_000)
    page.goto(f"{place.site}/funds")
    page.click("main a >> nth=0")
    page.click("text=向这个基金捐赠")
    page.check("input[name=amountFen][value='100.00']")
    page.check("input[name=method][value=CARD]")
    page.click("text=下一步：核对")
    page.click("text=确认捐赠 ¥100.00")
    page.wait_for_url("**/c/pay/**")
    pay(page)
    page.wait_for_url("**/donations/**")
    page.wait_for_selector("text=谢谢您")
    assert page.locator(".receipt svg.segno").count() == 1
    page.click("text=收据的公开查验页")
    page.wait_for_selector("text=这张收据是真的")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.context.close()


def test_a_fund_shows_money_as_it_comes_in(chromium: Any, place: Place) -> None:
    page = chromium.new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{place.site}/funds/{place.fund_id}")
    assert page.locator("text=低于底线 ¥1,990.00").count() == 1
    donor = chromium.new_page()
    donor.set_default_timeout(30_000)
    donor.goto(f"{place.site}/give/{place.fund_id}?amountFen=5000")
    donor.check("input[name=method][value=CARD]")
    donor.click("button[name=check]")
    donor.click("button[name=operation][value=Give]")
    donor.wait_for_url("**/c/pay/**")
    pay(donor)

    page.wait_for_selector("text=¥1,003,010.00")
    assert page.locator(".alert").count() == 0
    donor.context.close()
    page.context.close()
