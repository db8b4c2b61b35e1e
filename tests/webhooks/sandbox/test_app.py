"""The sandbox as a server: it remembers, and it refuses to be taken for the real one."""

from pathlib import Path
from typing import Any

import pytest
import stripe

from models.kernel.clock import MovableClock
from tests.webhooks.conftest import API_KEY, Start
from webhooks.sandbox.app import ProductionRefusedError, create_sandbox
from webhooks.sandbox.objects import API_VERSION


async def test_it_remembers_when_it_is_started_again(start_sandbox: Start, tmp_path: Path) -> None:
    page: Any
    async with start_sandbox(tmp_path / "state.sqlite") as sandbox:
        page = sandbox.page()
        first = await sandbox.stripe.v1.checkout.sessions.create_async(
            page, {"idempotency_key": "k"}
        )

    async with start_sandbox(tmp_path / "state.sqlite") as sandbox:
        again = await sandbox.stripe.v1.checkout.sessions.create_async(
            page, {"idempotency_key": "k"}
        )

    assert again.id == first.id


@pytest.mark.parametrize(
    "change",
    [
        {"api_key": "sk_live_real"},
        {"api_key": "rk_live_real"},
        {"api_key": ""},
        {"environment": "production"},
        {"webhook_secret": ""},
        {"public_url": "https://checkout.stripe.com"},
        {"public_url": ""},
    ],
)
def test_it_refuses_to_start_with_production_settings(
    tmp_path: Path, clock: MovableClock, change: dict[str, str]
) -> None:
    settings: dict[str, Any] = {
        "state_path": tmp_path / "sandbox.sqlite",
        "api_key": API_KEY,
        "webhook_url": "http://127.0.0.1:9/webhook",
        "webhook_secret": "whsec_x",
        "clock": clock,
        "public_url": "http://127.0.0.1:9",
    }
    create_sandbox(**settings)

    with pytest.raises(ProductionRefusedError):
        create_sandbox(**(settings | change))


def test_it_speaks_the_version_the_sdk_is_pinned_to() -> None:
    assert stripe.api_version == API_VERSION
