"""Everything a worker of this platform does, in one list."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.settings import Settings
from api.worker import Work
from models.funds import floor, fund
from models.kernel import sweeping
from models.kernel.database import Database
from models.kernel.runs import in_transaction
from models.ledger import sealing
from webhooks import stripe_inbox
from webhooks.hosted_payments import EVERY_TEN_MINUTES, HostedPayments
from webhooks.stripe_checkout import StripeCheckout


@asynccontextmanager
async def hosted_payments(
    settings: Settings, database: Database
) -> AsyncIterator[HostedPayments | None]:
    """The hosted payment pages of the provider, or of its sandbox; None without either."""
    if not settings.payment_key:
        yield None
        return
    provider = StripeCheckout(settings.payment_key, api_base=settings.payment_address)
    try:
        yield HostedPayments(database, provider, public_url=settings.address)
    finally:
        await provider.close()


def all_work(payments: HostedPayments | None) -> Work:
    """Handlers by kind of job, schedules, and who applies the events of a source."""
    return Work(
        handlers={
            sealing.SEAL_BOOKS: sealing.seal_books,
            sweeping.SWEEP: sweeping.handle_sweep,
            fund.ACTIVATE_FLOOR: in_transaction(floor.activate_due),
            floor.WATCH_DUE_DATE: in_transaction(floor.watch_due_date),
            **(payments.handlers if payments else {}),
        },
        schedules=(
            sealing.EVERY_TEN_MINUTES,
            sweeping.NIGHTLY,
            *([EVERY_TEN_MINUTES] if payments else []),
        ),
        appliers={stripe_inbox.SOURCE: stripe_inbox.apply},
    )
