"""A Chromium and a server for it; only these tests need either."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.api.site.canned import ENTRANCE, CannedDoor, application
from tests.api.site.canned_answers import PAY_ORIGIN

WIDTHS = (320, 1280)


@contextmanager
def served(app: Starlette, port: int = 0) -> Iterator[str]:
    """An application on a real port of this machine, in a thread of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


async def pay(_request: Request) -> Response:
    return Response("<h1>pay</h1>", media_type="text/html")


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The pages and, on an origin of its own as in earnest, the page where one pays."""
    checkout = Starlette(routes=[Route("/pay/{session}", pay)])
    port = urlsplit(PAY_ORIGIN).port
    assert port
    with served(checkout, port), served(application(CannedDoor())) as address:
        yield address


@pytest.fixture
def door(site: str) -> CannedDoor:
    """The door behind the server, fresh for the test."""
    assert site
    ENTRANCE.door = CannedDoor()
    return ENTRANCE.door


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium: nothing is downloaded."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only in the group `browser`

    program = shutil.which("chromium")
    assert program, "install Debian's package chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()
