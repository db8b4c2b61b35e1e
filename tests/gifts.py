"""A fund that takes gifts online: our endpoint and the payment sandbox, on real ports."""

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import stripe
from sqlalchemy import select
from starlette.applications import Starlette

from models.donations import gifts
from models.donations.gifts import DonationState, DonorKind, NewDonation
from models.funds.fund import DonationMethod
from models.funds.receipts import FundReceipt
from models.kernel import inbox
from models.kernel.clock import MovableClock
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.inbox import Event, EventState
from models.kernel.money import Fen
from models.parties import ANONYMOUS
from models.reports import books
from tests.models.funds.worlds import World, make_world
from tests.webhooks.conftest import API_KEY, SECRET, Sandbox, reaching
from webhooks import stripe_inbox
from webhooks.hosted_payments import HostedPayments
from webhooks.routes import STRIPE_PATH, webhook_routes
from webhooks.sandbox.app import create_sandbox
from webhooks.sandbox.serving import served
from webhooks.stripe_checkout import StripeCheckout
from webhooks.stripe_transport import neighbourly_client

PUBLIC_URL = "http://127.0.0.1:9"
AMOUNT = 12_345


@dataclass
class GiftDesk:
    """What a story about a gift needs."""

    world: World
    sandbox: Sandbox
    provider: StripeCheckout
    payments: HostedPayments
    http: httpx.AsyncClient

    @property
    def database(self) -> Database:
        return self.world.database

    @property
    def clock(self) -> MovableClock:
        return self.sandbox.clock

    async def started(
        self, amount: int = AMOUNT, method: DonationMethod = DonationMethod.CARD
    ) -> UUID:
        """A gift that a donor asked for; nobody has opened its page."""
        gift = NewDonation(
            fund_id=self.world.fund,
            amount_fen=Fen(amount),
            method=method,
            donor_kind=DonorKind.PERSON,
            donor_name="李善",
            is_anonymous=False,
            message="",
        )
        return await self.database.transact(
            lambda transaction: gifts.start(
                transaction, ANONYMOUS, donation_id=new_id(), request_id=new_id(), gift=gift
            )
        )

    async def opened(
        self, amount: int = AMOUNT, method: DonationMethod = DonationMethod.CARD
    ) -> UUID:
        """A gift whose payment page is open."""
        donation_id = await self.started(amount, method)
        assert await self.payments.open(donation_id) is not None
        return donation_id

    async def paid(
        self,
        donation_id: UUID,
        *,
        method: DonationMethod = DonationMethod.CARD,
        outcome: str = "paid",
    ) -> None:
        """The donor acts on the payment page; the events are held back."""
        reference = (await self.gift(donation_id)).checkout_reference
        await self.sandbox.tell(f"sessions/{reference}/pay", method=method.value, outcome=outcome)

    async def settled(self, donation_id: UUID, outcome: str) -> None:
        reference = (await self.gift(donation_id)).checkout_reference
        await self.sandbox.tell(f"sessions/{reference}/settle", outcome=outcome)

    async def delivered(self, **how: Any) -> list[str]:
        """The events that were held back reach our endpoint; how each was answered."""
        letters = (await self.sandbox.tell("deliver", **how))["delivered"]
        return [letter["answer"] for letter in letters]

    async def apply(self, limit: int = 50) -> None:
        while await inbox.apply_events(
            self.database, stripe_inbox.SOURCE, stripe_inbox.apply, limit=limit
        ):
            pass

    async def gift(self, donation_id: UUID) -> Any:
        async with self.database.read() as connection:
            return (await gifts.by_ids(connection, [donation_id]))[donation_id]

    async def state(self, donation_id: UUID) -> DonationState:
        state: DonationState = (await self.gift(donation_id)).state
        return state

    async def received(self) -> list[int]:
        """The amounts the fund has received, in fen."""
        async with self.database.read() as connection:
            rows = await connection.execute(
                select(FundReceipt.amount_fen).order_by(FundReceipt.number)
            )
            return [row.amount_fen for row in rows]

    async def events(self) -> dict[str, EventState]:
        """Every stored event by its kind and own id."""
        async with self.database.read() as connection:
            rows = await connection.execute(select(Event.kind, Event.external_id, Event.state))
            return {f"{row.kind} {row.external_id}": row.state for row in rows}

    async def incidents(self) -> list[tuple[str, str, str | None]]:
        """What was parked: the kind, why, and in whose work list."""
        async with self.database.read() as connection:
            rows = await connection.execute(
                select(Event.kind, Event.reason, Event.division_code)
                .where(Event.state == EventState.PARKED)
                .order_by(Event.kind)
            )
            return [(row.kind, row.reason, row.division_code) for row in rows]

    async def told(
        self, body: Any, *, secret: str = SECRET, shift_seconds: int = 0, signed: bool = True
    ) -> httpx.Response:
        """Something is posted to our endpoint, signed as the provider would or not."""
        text = body if isinstance(body, str) else json.dumps(body)
        at = int(self.clock.now().timestamp()) + shift_seconds
        header: str = stripe.WebhookSignature.generate_signature_header(text, secret, at)
        headers = {"stripe-signature": header} if signed else {}
        return await self.http.post(STRIPE_PATH, content=text.encode(), headers=headers)

    def event(self, kind: str, subject: dict[str, Any], event_id: str = "evt_1") -> dict[str, Any]:
        return {
            "object": "event",
            "id": event_id,
            "type": kind,
            "created": int(self.clock.now().timestamp()),
            "livemode": False,
            "data": {"object": subject},
        }

    async def differences(self) -> list[str]:
        """Whatever `check-books` would find."""
        async with self.database.snapshot() as connection:
            return [difference async for difference in books.check(connection)]

    async def is_untouched(self) -> bool:
        """Nothing was received, nothing parked, and the books are whole."""
        standing = await self.world.standing()
        assert await self.differences() == []
        return standing.balance_fen == 0 and await self.received() == []


@contextlib.asynccontextmanager
async def gift_desk(
    database: Database,
    clock: MovableClock,
    folder: Path,
    *,
    secrets: Sequence[str] = (SECRET,),
) -> AsyncIterator[GiftDesk]:
    """Open the desk; the sandbox holds its events back until it is told to deliver."""
    world = await make_world(database, floor_fen=0)
    routes = webhook_routes(stripe_secrets=secrets, database_of=lambda _: database)

    async with served(lambda _: Starlette(routes=routes)) as ours:

        def create(url: str) -> Starlette:
            return create_sandbox(
                state_path=folder / "sandbox.sqlite",
                api_key=API_KEY,
                webhook_url=f"{ours}{STRIPE_PATH}",
                webhook_secret=SECRET,
                clock=clock,
                public_url=url,
                retry_seconds=(0.02, 0.02),
            )

        async with (
            served(create) as url,
            reaching(url, clock) as sandbox,
            neighbourly_client(ours, timeout_seconds=5) as http,
        ):
            http.base_url = httpx.URL(ours)
            provider = StripeCheckout(API_KEY, api_base=url, timeout_seconds=2, retries=0)
            await sandbox.tell("post", hold=True)
            payments = HostedPayments(database, provider, public_url=PUBLIC_URL)
            yield GiftDesk(world, sandbox, provider, payments, http)
            await provider.close()
