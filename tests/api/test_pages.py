from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.api.canned import CannedDoor, application
from tests.api.canned_answers import answers
from tests.api.html_rules import findings

SITE = "http://testserver"

ADDRESSES = {
    "home": "/",
    "sign in": "/sign-in",
    "preferences": "/preferences",
}


def client(door: CannedDoor, **cookies: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(application(door)), base_url=SITE, cookies=cookies
    )


async def get(address: str, *, language: str = "zh", **changes: Any) -> httpx.Response:
    async with client(CannedDoor(answers(**changes)), language=language) as browser:
        return await browser.get(address)


async def post(
    address: str,
    fields: Mapping[str, str | list[str]],
    *,
    door: CannedDoor | None = None,
    headers: Mapping[str, str] | None = None,
    language: str = "zh",
) -> httpx.Response:
    async with client(door or CannedDoor(), language=language) as browser:
        return await browser.post(address, data=fields, headers=headers)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ADDRESSES)
async def test_a_page_keeps_to_the_rules(name: str, language: str) -> None:
    answer = await get(ADDRESSES[name], language=language)

    assert answer.status_code == 200
    assert findings(answer.text, language=language) == []
    assert answer.headers["content-security-policy"].startswith("default-src 'self'; ")
