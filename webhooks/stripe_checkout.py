"""The hosted payment page: opened, looked at, refunded, through the provider's own SDK.

No rule lives here. A failure is one of two: `PaymentProviderBusyError` (the same call may be made
again, with the same key) or `PaymentProviderRefusedError` (it would be refused for ever).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from models.kernel.money import Fen
from webhooks.stripe_events import DONATION_KEY, FUND_KEY

if TYPE_CHECKING:
    # The SDK costs 0.4 s to import; a process that takes no payment never pays it.
    import stripe
    from stripe.params.checkout import SessionCreateParams

    from webhooks.stripe_transport import Transport

Method = Literal["card", "alipay", "wechat_pay"]
CONFLICT = 409
TOO_MANY = 429
SERVER_FAULT = 500


@dataclass(eq=False)
class PaymentProviderError(Exception):
    """The provider did not do what was asked; `code` and `parameter` are its own words."""

    message: str
    code: str | None = None
    parameter: str | None = None

    def __str__(self) -> str:
        return self.message


class PaymentProviderBusyError(PaymentProviderError):
    """Try again with the same key."""


class PaymentProviderRefusedError(PaymentProviderError):
    """Never try again unchanged."""


@dataclass(frozen=True, kw_only=True)
class GiftToPay:
    """What the payment page needs to know about a gift."""

    donation_id: UUID
    fund_id: UUID
    amount_fen: Fen
    title: str
    success_url: str  # may hold {CHECKOUT_SESSION_ID}
    cancel_url: str
    expires_at: datetime  # 30 minutes to 24 hours ahead
    methods: Sequence[Method] = ("card", "alipay", "wechat_pay")
    is_chinese: bool = True


@dataclass(frozen=True, kw_only=True)
class OpenedCheckout:
    """A payment page that waits for the donor."""

    session_reference: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class CheckoutStanding:
    """What the provider says of a payment page now, in its own words."""

    session_reference: str
    status: str
    payment_status: str
    payment_reference: str | None
    amount_minor: int
    currency: str
    url: str | None
    is_live: bool


@dataclass(frozen=True, kw_only=True)
class RefundStanding:
    """A refund as the provider holds it."""

    refund_reference: str
    status: str
    amount_minor: int
    currency: str


class StripeCheckout:
    """The provider's API with our key. `api_base` points it at the payment sandbox."""

    def __init__(
        self,
        api_key: str,
        *,
        api_base: str | None = None,
        timeout_seconds: float = 20,
        retries: int = 2,
    ) -> None:
        self._api_key = api_key
        self._api_base = api_base
        self._timeout_seconds = timeout_seconds
        self._retries = retries
        self._opened: stripe.StripeClient | None = None
        self._transport: Transport | None = None

    async def open(self, gift: GiftToPay, *, request_id: UUID) -> OpenedCheckout:
        """Open the page; the same request id and gift give the same page again."""
        async with self._talk() as client:
            session = await client.v1.checkout.sessions.create_async(
                _page(gift), {"idempotency_key": f"checkout-{request_id}"}
            )
        assert session.url is not None
        return OpenedCheckout(
            session_reference=session.id,
            url=session.url,
            expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        )

    async def retrieve(self, session_reference: str) -> CheckoutStanding:
        """What became of a page; for the reconciling of events that never came."""
        async with self._talk() as client:
            session = await client.v1.checkout.sessions.retrieve_async(session_reference)
        intent = session.payment_intent
        return CheckoutStanding(
            session_reference=session.id,
            status=session.status or "",
            payment_status=session.payment_status,
            payment_reference=intent if isinstance(intent, str) or intent is None else intent.id,
            amount_minor=session.amount_total or 0,
            currency=session.currency or "",
            url=session.url,
            is_live=session.livemode,
        )

    async def refund(
        self, payment_reference: str, *, amount_fen: Fen, request_id: UUID
    ) -> RefundStanding:
        """Give back a part or the whole; the same request id gives back once."""
        async with self._talk() as client:
            refund = await client.v1.refunds.create_async(
                {"payment_intent": payment_reference, "amount": amount_fen},
                {"idempotency_key": f"refund-{request_id}"},
            )
        return RefundStanding(
            refund_reference=refund.id,
            status=refund.status or "",
            amount_minor=refund.amount,
            currency=refund.currency,
        )

    async def close(self) -> None:
        """Give the connections back."""
        if self._transport is not None:
            await self._transport.close_async()
        self._opened = self._transport = None

    def _client(self) -> "stripe.StripeClient":
        if self._opened is None:
            import stripe  # noqa: PLC0415 - see above

            from webhooks.stripe_transport import Transport  # noqa: PLC0415 - see above

            stripe.enable_telemetry = False
            self._transport = Transport(self._api_base, timeout_seconds=self._timeout_seconds)
            self._opened = stripe.StripeClient(
                self._api_key,
                base_addresses={"api": self._api_base} if self._api_base else {},
                http_client=self._transport,
                max_network_retries=self._retries,
            )
        return self._opened

    @asynccontextmanager
    async def _talk(self) -> AsyncIterator["stripe.StripeClient"]:
        client = self._client()
        import stripe  # noqa: PLC0415 - see above

        try:
            yield client
        except stripe.StripeError as error:
            raise _ours(error) from error


def _ours(error: "stripe.StripeError") -> PaymentProviderError:
    import stripe  # noqa: PLC0415 - see above

    status = error.http_status
    busy = (
        isinstance(error, stripe.APIConnectionError)
        or status is None
        or status in {CONFLICT, TOO_MANY}
        or status >= SERVER_FAULT
    )
    kind = PaymentProviderBusyError if busy else PaymentProviderRefusedError
    return kind(
        message=error.user_message or type(error).__name__,
        code=error.code,
        parameter=getattr(error, "param", None),
    )


def _page(gift: GiftToPay) -> "SessionCreateParams":
    names = {DONATION_KEY: str(gift.donation_id), FUND_KEY: str(gift.fund_id)}
    page: SessionCreateParams = {
        "mode": "payment",
        "submit_type": "donate",
        "locale": "zh" if gift.is_chinese else "en",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "cny",
                    "unit_amount": gift.amount_fen,
                    "product_data": {"name": gift.title},
                },
            }
        ],
        "allowed_payment_method_types": [*gift.methods],
        "client_reference_id": str(gift.donation_id),
        "metadata": names,
        # Copied, so that the events of the payment and of its charge name the gift as well.
        "payment_intent_data": {"metadata": names},
        "expires_at": int(gift.expires_at.timestamp()),
        "success_url": gift.success_url,
        "cancel_url": gift.cancel_url,
    }
    if "wechat_pay" in gift.methods:
        page["payment_method_options"] = {"wechat_pay": {"client": "web"}}
    return page
