"""The whole of the books recomputed: ledger, funds, procurement, and gifts against receipts."""

from collections.abc import AsyncIterator

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.donations.gifts import Donation, DonationState
from models.funds import checks as fund_checks
from models.funds.fund import Source
from models.funds.receipts import FundReceipt
from models.ledger import checks as ledger_checks
from models.procurement import checks as procurement_checks


async def check(connection: AsyncConnection) -> AsyncIterator[str]:
    """Every difference found, in words; nothing when the books are whole.

    Reads all of it: give it the connection of a snapshot.
    """
    async for difference in ledger_checks.check(connection):
        yield difference
    for difference in await fund_checks.check(connection):
        yield difference
    async for difference in procurement_checks.check(connection):
        yield difference
    for difference in await _gifts(connection):
        yield difference


async def _gifts(connection: AsyncConnection) -> list[str]:
    own = and_(FundReceipt.subject_id == Donation.id, FundReceipt.source == Source.DONATION)
    rows = await connection.execute(
        select(
            Donation.id,
            Donation.state,
            Donation.amount_fen,
            FundReceipt.amount_fen.label("received_fen"),
        ).outerjoin(FundReceipt, own)
    )
    return [
        f"donation {row.id}: {row.amount_fen} fen {row.state.value}, "
        f"its fund received {row.received_fen}"
        for row in rows
        if row.received_fen != (row.amount_fen if row.state is DonationState.RECEIVED else None)
    ]
