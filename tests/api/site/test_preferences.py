"""How a visitor reads is kept in cookies, without scripts and without an account."""

import httpx

from tests.api.site.canned import CannedDoor, application
from tests.api.site.test_page_requests import SITE


async def test_language_and_large_print_are_chosen_without_scripts_or_account() -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application(CannedDoor())), base_url=SITE
    ) as browser:
        answer = await browser.post("/preferences", data={"back": "/funds?a=1", "language": "en"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/funds?a=1"
        await browser.post("/preferences", data={"care": "on"})
        page = (await browser.get("/")).text
        assert '<html lang="en" class="care">' in page
        away = await browser.post("/preferences", data={"back": "https://evil.example", "care": ""})
        assert away.headers["location"] == "/preferences"
        assert "set-cookie" not in away.headers
