"""The hosted payment of a gift: its page is opened once, and asked about when no news of it comes.

The intent is written first, then the provider is called outside any transaction, then its answer is
written (law 5). The key of the call is the donor's own request, and all that is sent follows from
the intent, so that whoever makes the call again (a second click, the job that comes after a lost
answer) is given the same page.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Literal, cast
from uuid import UUID

import structlog

from models.donations import gifts
from models.donations.gifts import CHECKOUT_LASTS, OPEN_CHECKOUT
from models.kernel import inbox
from models.kernel.database import Database, Transaction
from models.kernel.jobs import JobKind
from models.kernel.runs import Handler, Run
from models.kernel.schedules import Schedule
from webhooks import stripe_inbox
from webhooks.stripe_checkout import (
    GiftToPay,
    PaymentProviderBusyError,
    PaymentProviderRefusedError,
    StripeCheckout,
)

RECONCILE_CHECKOUTS: Final = JobKind("reconcile_checkouts", lease=dt.timedelta(minutes=5))
EVERY_TEN_MINUTES: Final = Schedule(RECONCILE_CHECKOUTS, every=dt.timedelta(minutes=10))
# Events come within seconds; what has not come by then may never come.
NEWS_COMES_WITHIN: Final = dt.timedelta(minutes=5)
ASKED_FOR: Final = dt.timedelta(days=7)
PATIENCE_SECONDS: Final = 10.0
_PAGE: Final = 100
_BUSY_AT_MOST: Final = 3

log = structlog.get_logger(__name__)


class HostedPayments:
    """Opens and follows the payment pages of gifts."""

    def __init__(
        self,
        database: Database,
        provider: StripeCheckout,
        *,
        public_url: str,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._database = database
        self._provider = provider
        self._public_url = public_url.rstrip("/")
        self._patience_seconds = patience_seconds

    @property
    def handlers(self) -> Mapping[JobKind, Handler]:
        """The jobs about payment pages, for the worker."""
        return {OPEN_CHECKOUT: self.handle_opening, RECONCILE_CHECKOUTS: self.handle_reconciling}

    async def open(self, donation_id: UUID) -> str | None:
        """The address of a gift's payment page; None when the provider cannot open it now.

        The job that was left with the gift then opens it: the donor's page shows when it is there.
        None as well for a gift that is not to be paid any more.
        """
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await self._open(donation_id)
        except (PaymentProviderBusyError, TimeoutError) as error:
            log.warning("checkout.put_off", donation=str(donation_id), reason=type(error).__name__)
            return None

    async def handle_opening(self, run: Run) -> None:
        """The job that opens a page nobody else has opened; the provider being busy fails it."""
        await self._open(UUID(run.job.payload["donation_id"]))

    async def handle_reconciling(self, run: Run) -> None:
        """The job that asks what became of pages that are over and of which no news came.

        The answers are stored as events, so that they are applied, told apart from what is known
        and parked in the one way there is. A page the provider will not speak of is passed over
        until the next round; when it is too busy to answer at all, the rest waits for that too.
        """
        answers = [letter async for letter in self._answers()]

        async def store(transaction: Transaction) -> None:
            for letter in answers:
                await inbox.receive(
                    transaction,
                    source=stripe_inbox.SOURCE,
                    external_id=letter.external_id,
                    kind=letter.kind,
                    body=letter.body,
                )

        await run.complete(store)

    async def _open(self, donation_id: UUID) -> str | None:
        async with self._database.read() as connection:
            gift = (await gifts.by_ids(connection, [donation_id])).get(donation_id)
        if gift is None or gift.state not in gifts.AWAITED:
            return None
        if gift.checkout_url is not None:
            is_open = gift.checkout_expires_at > self._database.clock.now()
            return cast("str", gift.checkout_url) if is_open else None
        try:
            opened = await self._provider.open(self._to_pay(gift), request_id=gift.request_id)
        except PaymentProviderRefusedError as refusal:
            log.warning(
                "checkout.refused",
                donation=str(donation_id),
                code=refusal.code,
                parameter=refusal.parameter,
            )
            await self._database.transact(
                lambda transaction: gifts.note_refused_checkout(transaction, donation_id)
            )
            return None
        await self._database.transact(
            lambda transaction: gifts.note_checkout(
                transaction,
                donation_id=donation_id,
                checkout_reference=opened.session_reference,
                checkout_url=opened.url,
                expires_at=opened.expires_at,
            )
        )
        return opened.url

    def _to_pay(self, gift: Any) -> GiftToPay:
        """Nothing here may depend on when or where it is asked: the key is for one content."""
        address = f"{self._public_url}/donations/{gift.token}?from=checkout"
        method: Literal["card", "alipay", "wechat_pay"] = gift.method.value
        return GiftToPay(
            donation_id=gift.id,
            fund_id=gift.fund_id,
            amount_fen=gift.amount_fen,
            title=f"捐赠：{gift.fund_name}",
            success_url=address,
            cancel_url=address,
            expires_at=gift.started_at + CHECKOUT_LASTS,
            methods=[method],
        )

    async def _answers(self) -> AsyncIterator[stripe_inbox.Letter]:
        now = self._database.clock.now()
        beyond: UUID | None = None
        busy = 0
        while True:
            async with self._database.read() as connection:
                page = await gifts.without_news(
                    connection,
                    expired_after=now - ASKED_FOR,
                    expired_before=now - NEWS_COMES_WITHIN,
                    beyond=beyond,
                    limit=_PAGE,
                )
            if not page:
                return
            for gift in page:
                try:
                    letter = await self._ask(gift.id, gift.checkout_reference)
                except PaymentProviderBusyError:
                    busy += 1
                    log.warning("checkout.not_told", donation=str(gift.id), code="busy")
                    if busy == _BUSY_AT_MOST:
                        return
                    continue
                if letter is not None:
                    yield letter
            beyond = page[-1].id

    async def _ask(self, donation_id: UUID, reference: str) -> stripe_inbox.Letter | None:
        try:
            standing = await self._provider.retrieve(reference)
        except PaymentProviderRefusedError as refusal:
            log.warning("checkout.not_told", donation=str(donation_id), code=refusal.code)
            return None
        if standing.status == "open":
            return None
        return stripe_inbox.letter_of_standing(
            standing, donation_id=donation_id, asked_at=self._database.clock.now()
        )
