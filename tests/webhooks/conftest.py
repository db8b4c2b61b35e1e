"""The payment sandbox on a real port, the SDK that speaks to it, and an address that hears it."""

import asyncio
import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from models.kernel.clock import MovableClock
from webhooks.sandbox.app import create_sandbox
from webhooks.sandbox.serving import served
from webhooks.stripe_signatures import WebhookRefusedError, verify
from webhooks.stripe_transport import Transport, neighbourly_client

API_KEY = "sk_test_for_tests"
SECRET = "whsec_for_tests"


@dataclass
class Ear:
    """Where webhooks arrive. It verifies as the product does, and can be told to refuse."""

    clock: MovableClock
    url: str = ""
    answers: list[int] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    rung: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, request: Request) -> Response:
        body = await request.body()
        signature = request.headers["stripe-signature"]
        self.rung.set()
        try:
            verify(body, signature, secrets=[SECRET], now=self.clock.now())
        except WebhookRefusedError as refusal:
            self.refused.append(type(refusal).__name__)
            return PlainTextResponse("", 400)
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.heard.append(json.loads(body))
        return PlainTextResponse("", status)

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.heard]

    async def waited_for(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.heard) < count:
                self.rung.clear()
                await self.rung.wait()


@pytest.fixture
async def ear(clock: MovableClock) -> AsyncIterator[Ear]:
    ear = Ear(clock)
    application = Starlette(routes=[Route("/webhook", ear.hear, methods=["POST"])])
    async with served(lambda _: application) as url:
        ear.url = f"{url}/webhook"
        yield ear


@dataclass
class Sandbox:
    """The running sandbox, as a test reaches it."""

    url: str
    clock: MovableClock
    stripe: stripe.StripeClient
    http: httpx.AsyncClient

    async def tell(self, to: str, /, **order: Any) -> dict[str, Any]:
        response = await self.http.post(f"/sandbox/{to}", json=order)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def events(self) -> list[dict[str, Any]]:
        """Oldest first."""
        events: list[dict[str, Any]] = (await self.http.get("/sandbox/events")).json()["events"]
        return events[::-1]

    async def kinds(self) -> list[str]:
        return [event["type"] for event in await self.events()]

    def page(self, **changes: Any) -> dict[str, Any]:
        """What opens a page for a gift of 123.45 yuan."""
        price = {"currency": "cny", "unit_amount": 12_345, "product_data": {"name": "防返贫基金"}}
        return {
            "mode": "payment",
            "submit_type": "donate",
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": "http://127.0.0.1:9/thanks?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://127.0.0.1:9/give",
            **changes,
        }

    async def opened(self, **changes: Any) -> str:
        """The id of a new open page."""
        page: Any = self.page(**changes)
        return (await self.stripe.v1.checkout.sessions.create_async(page)).id

    async def paid(self, *, method: str = "card") -> str:
        """The id of the PaymentIntent of a new, paid page."""
        session_id = await self.opened()
        session = await self.tell(f"sessions/{session_id}/pay", method=method)
        payment_intent: str = session["payment_intent"]
        return payment_intent


@contextlib.asynccontextmanager
async def reaching(url: str, clock: MovableClock, *, key: str = API_KEY) -> AsyncIterator[Sandbox]:
    """Reach a sandbox that is served somewhere."""
    transport = Transport(url, timeout_seconds=5)
    client = stripe.StripeClient(
        key, base_addresses={"api": url}, http_client=transport, max_network_retries=0
    )
    async with neighbourly_client(url, timeout_seconds=5) as http:
        http.base_url = httpx.URL(url)
        yield Sandbox(url, clock, client, http)
    await transport.close_async()


Start = Callable[[Path], AbstractAsyncContextManager[Sandbox]]


@pytest.fixture
def start_sandbox(clock: MovableClock, ear: Ear) -> Start:
    """Start a sandbox on a state file; the same file can be started again."""

    @contextlib.asynccontextmanager
    async def start(state_path: Path) -> AsyncIterator[Sandbox]:
        def create(url: str) -> Starlette:
            return create_sandbox(
                state_path=state_path,
                api_key=API_KEY,
                webhook_url=ear.url,
                webhook_secret=SECRET,
                clock=clock,
                public_url=url,
                retry_seconds=(0.02, 0.02, 0.02),
            )

        async with served(create) as url, reaching(url, clock) as sandbox:
            yield sandbox

    return start


@pytest.fixture
async def sandbox(start_sandbox: Start, tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with start_sandbox(tmp_path / "sandbox.sqlite") as sandbox:
        yield sandbox


def in_minutes(clock: MovableClock, minutes: int) -> int:
    return int((clock.now() + dt.timedelta(minutes=minutes)).timestamp())
