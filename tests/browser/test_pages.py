"""The pages in a real browser: what only rendering can show."""

from typing import Any

import pytest

from tests.api.site.canned import CannedDoor
from tests.api.site.canned_answers import PAY_ORIGIN, answers, donation
from tests.api.site.canned_orders import order
from tests.browser.conftest import WIDTHS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ADDRESSES = (
    "/",
    "/sign-in",
    "/preferences",
    "/funds",
    "/funds/RnVuZDox",
    "/give/RnVuZDox",
    "/donations/tk1",
    "/r",
    "/r/R-8F3K-2MNP-7QXTC",
    "/orders",
    "/orders/new",
    "/orders/T3JkZXI6MQ",
    "/villages/511702000000",
)
SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, summary, input, select")]
  .filter(each => each.type !== "hidden" && !each.closest("p:not(.actions), .skip, label"))
  .filter(each => !each.classList.contains("skip"))
  .map(each => [each.outerHTML.slice(0, 90), each.getBoundingClientRect()])
  .filter(([_, box]) => box.height > 0 && box.height < 43.5)
  .map(([html, box]) => `${html} ${box.height}`)"""
SMALL_TEXT = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const small = new Set();
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.textContent.trim() || node.parentElement.closest("svg")) continue;
    if (node.parentElement.getClientRects().length === 0) continue;
    if (parseFloat(getComputedStyle(node.parentElement).fontSize) < 16) small.add(node.textContent);
  }
  return [...small];
}"""


def visit(chromium: Any, site: str, **options: Any) -> Any:
    language, care = options.pop("language", "zh"), options.pop("care", "off")
    context = chromium.new_context(**options)
    context.add_cookies(
        [
            {"name": "language", "value": language, "url": site},
            {"name": "care", "value": care, "url": site},
        ]
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    return page


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("reader", [("zh", "off"), ("en", "off"), ("zh", "on")])
def test_every_page_is_accessible_and_fits(
    chromium: Any, site: str, door: CannedDoor, width: int, reader: tuple[str, str]
) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - group `browser`

    assert door.errors == []
    language, care = reader
    page = visit(
        chromium, site, language=language, care=care, viewport={"width": width, "height": 800}
    )
    for address in ADDRESSES:
        page.goto(site + address)
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert page.evaluate(SMALL_TARGETS) == [], address
        assert page.evaluate(SMALL_TEXT) == [], address
    page.context.close()


def test_a_page_at_four_times_the_size_needs_no_sideways_scroll(
    chromium: Any, site: str, door: CannedDoor
) -> None:
    assert door.errors == []
    page = visit(chromium, site, viewport={"width": 320, "height": 256}, device_scale_factor=4)
    for address in ADDRESSES:
        page.goto(site + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, address
    page.context.close()


def test_nothing_is_fetched_from_elsewhere_and_nothing_is_blocked(
    chromium: Any, site: str, door: CannedDoor
) -> None:
    assert door.errors == []
    page = visit(chromium, site)
    fetched: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for address in ADDRESSES:
        before = len(fetched)
        page.goto(site + address, wait_until="load")
        assert len(fetched) - before <= 6, address
    page.context.close()

    assert [each for each in fetched if not each.startswith(site)] == []
    assert said == []


def test_a_donation_can_be_made_with_the_keyboard_alone(
    chromium: Any, site: str, door: CannedDoor
) -> None:
    page = visit(chromium, site, viewport={"width": 1280, "height": 800})
    page.goto(f"{site}/give/RnVuZDox")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    press_until(page, "document.activeElement.id === 'Give-amountFen'")
    page.keyboard.type("８８.５")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=核对捐赠")
    assert page.title().startswith("核对捐赠")
    press_until(page, "document.activeElement.value === 'Give'"
                      " && document.activeElement.name === 'operation'")  # fmt: skip
    page.keyboard.press("Enter")
    page.wait_for_url(f"{PAY_ORIGIN}/pay/**")
    page.context.close()

    given = [variables for operation, variables in door.asked if operation == "Give"]
    assert [each["amountFen"] for each in given] == ["8850"]


def press_until(page: Any, condition: str) -> None:
    for _ in range(60):
        if page.evaluate(condition):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {condition}")


def test_a_donation_works_with_scripts_off(chromium: Any, site: str, door: CannedDoor) -> None:
    page = visit(chromium, site, java_script_enabled=False)
    page.goto(f"{site}/give/RnVuZDox")
    page.check("input[name=amountFen][value='200.00']")
    page.click("button[name=check]")
    assert "确认捐赠 ¥200.00" in page.content()
    page.click("button[name=ask]")
    assert page.is_checked("input[name=amountFen][value='200.00']")
    page.click("button[name=check]")
    page.click("button[name=operation][value=Give]")
    page.wait_for_url(f"{PAY_ORIGIN}/pay/**")

    door.root = answers(donationByToken=donation(state="PENDING", trace=[]))
    page.goto(f"{site}/donations/tk1")
    assert page.locator("text=正在确认付款").count() == 1
    door.root = answers()
    page.wait_for_selector("text=谢谢您")
    page.context.close()


def test_a_live_page_changes_by_itself_and_keeps_the_focus(
    chromium: Any, site: str, door: CannedDoor
) -> None:
    door.root = answers(donationByToken=donation(state="PENDING", trace=[]))
    door.held.clear()
    page = visit(chromium, site)
    page.goto(f"{site}/donations/tk1")
    assert page.locator("text=正在确认付款").count() == 1
    page.focus("a.brand")
    door.root = answers()
    door.held.set()
    page.wait_for_selector("text=谢谢您")
    assert page.evaluate("document.activeElement.className") == "brand"
    page.context.close()


def test_what_is_wrong_is_focused_and_leads_to_its_field(
    chromium: Any, site: str, door: CannedDoor
) -> None:
    assert door.errors == []
    page = visit(chromium, site)
    page.goto(f"{site}/give/RnVuZDox")
    page.click("button[name=check]")
    assert page.title().startswith("有误：")
    assert page.evaluate("document.activeElement.className") == "error-summary"
    page.click("text=请填写捐赠金额 >> nth=0")
    assert page.evaluate("document.activeElement.id") == "Give-amountFen"
    page.context.close()


def test_print_hides_what_cannot_be_pressed_on_paper(
    chromium: Any, site: str, door: CannedDoor
) -> None:
    door.root = answers(order=order())
    page = visit(chromium, site)
    page.goto(f"{site}/donations/tk1")
    page.emulate_media(media="print")
    assert not page.is_visible(".site-nav")
    assert not page.is_visible(".actions")
    assert page.is_visible(".receipt")
    assert page.is_visible(".printed")
    page.context.close()
