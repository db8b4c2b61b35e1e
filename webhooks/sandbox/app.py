"""The sandbox as an application, served on a port of its own and never mounted into the product."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette

from models.kernel.clock import Clock
from webhooks.sandbox.api import Api
from webhooks.sandbox.control import Control
from webhooks.sandbox.delivery import RETRY_SECONDS, Deliverer
from webhooks.sandbox.pages import Pages
from webhooks.sandbox.state import State

BODY_BYTES_MAX = 256 * 1024


class ProductionRefusedError(RuntimeError):
    """The sandbox was about to be started where money is real."""


def create_sandbox(
    *,
    state_path: Path,
    api_key: str,
    webhook_url: str,
    webhook_secret: str,
    clock: Clock,
    public_url: str,
    environment: str = "development",
    retry_seconds: Sequence[float] = RETRY_SECONDS,
) -> Starlette:
    """The application; raises rather than start with production settings.

    `public_url` is where a browser finds it. `sandbox.serving.served` gives it a port.
    """
    if environment == "production":
        raise ProductionRefusedError("the payment sandbox does not run in production")
    if not api_key.startswith("sk_test_"):
        raise ProductionRefusedError("the payment sandbox takes only a key that begins sk_test_")
    if not webhook_secret:
        raise ProductionRefusedError("the payment sandbox must sign what it sends")
    if urlsplit(public_url).hostname in {None, "checkout.stripe.com", "api.stripe.com"}:
        raise ProductionRefusedError("the payment sandbox has an address of its own")
    state = State(state_path, clock)
    deliverer = Deliverer(
        state, clock, url=webhook_url, secret=webhook_secret, retry_seconds=retry_seconds
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        carrying = asyncio.create_task(deliverer.run())
        try:
            yield
        finally:
            carrying.cancel()
            with suppress(asyncio.CancelledError):
                await carrying
            await deliverer.close()
            await state.close()

    public = public_url.rstrip("/")
    return Starlette(
        routes=[
            *Api(state, deliverer, api_key=api_key, public_url=public).routes(),
            *Control(state, deliverer).routes(),
            *Pages(state, deliverer).routes(),
        ],
        lifespan=lifespan,
        max_body_size=BODY_BYTES_MAX,
    )
