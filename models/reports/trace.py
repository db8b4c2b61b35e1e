"""Where every fen of a gift is, and out of which money a payout was paid (domain §3, "Trace").

A gift is still in the fund, or was paid out in some month to some village for some cause; never to
whom, nor on which day, nor how many payouts that were. The parts add up to the gift to the fen.
"""

import datetime as dt
import enum
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.funds.draws import Draw
from models.funds.fund import Source
from models.funds.receipts import FundReceipt, PayoutSource
from models.kernel.clock import SHANGHAI
from models.kernel.money import Fen
from models.relief.payouts import Cause, ReliefPayout


class TraceKind(enum.StrEnum):
    """Where a part of a gift is."""

    IN_FUND = "in_fund"
    PAID_OUT = "paid_out"


@dataclass(frozen=True, slots=True)
class PaidPart:
    """A part of a gift, in fen, that went into one payout."""

    amount_fen: Fen
    settled_at: dt.datetime
    village_code: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """A part of a gift, in fen; the month (2017-11), village and cause of what was paid out."""

    kind: TraceKind
    amount_fen: Fen
    paid_in: str | None = None
    village_code: str | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """A received gift, in fen: what is left of it in the fund, and where each part of it is."""

    amount_fen: Fen
    remaining_fen: Fen
    entries: tuple[TraceEntry, ...]


@dataclass(frozen=True, slots=True)
class PayoutOrigin:
    """A part of a payout, in fen, by the source of the money and when that was received."""

    source: Source
    amount_fen: Fen
    received_at: dt.datetime


def trace(amount_fen: Fen, remaining_fen: Fen, parts: Iterable[PaidPart]) -> Trace:
    """The trace of a gift from what is left and what was paid; it adds up, or the books are wrong.

    Payouts of one month, village and cause are one entry: the months in order, the fund last.
    """
    sums: defaultdict[tuple[str, str, Cause], int] = defaultdict(int)
    for part in parts:
        month = part.settled_at.astimezone(SHANGHAI).strftime("%Y-%m")
        sums[month, part.village_code, part.cause] += part.amount_fen
    entries = [
        TraceEntry(TraceKind.PAID_OUT, Fen(total), month, village_code, cause)
        for (month, village_code, cause), total in sorted(sums.items())
    ]
    if remaining_fen:
        entries.append(TraceEntry(TraceKind.IN_FUND, remaining_fen))
    assert sum(entry.amount_fen for entry in entries) == amount_fen, "a trace adds up to its gift"
    return Trace(amount_fen, remaining_fen, tuple(entries))


async def traces(connection: AsyncConnection, donation_ids: Collection[UUID]) -> dict[UUID, Trace]:
    """The trace of each of these gifts that was received, by the gift's id, in one statement."""
    rows = await connection.execute(
        select(
            FundReceipt.subject_id,
            FundReceipt.amount_fen,
            FundReceipt.remaining_fen,
            PayoutSource.amount_fen.label("part_fen"),
            Draw.settled_at,
            ReliefPayout.division_code,
            ReliefPayout.cause,
        )
        .outerjoin(PayoutSource, PayoutSource.receipt_id == FundReceipt.id)
        .outerjoin(Draw, Draw.id == PayoutSource.payout_id)
        .outerjoin(ReliefPayout, ReliefPayout.id == Draw.id)
        .where(FundReceipt.source == Source.DONATION, FundReceipt.subject_id.in_(donation_ids))
    )
    received: dict[UUID, tuple[Fen, Fen]] = {}
    parts: defaultdict[UUID, list[PaidPart]] = defaultdict(list)
    for row in rows:
        received[row.subject_id] = (row.amount_fen, row.remaining_fen)
        if row.part_fen is not None:
            paid = PaidPart(row.part_fen, row.settled_at, row.division_code, row.cause)
            parts[row.subject_id].append(paid)
    return {
        donation_id: trace(amount_fen, remaining_fen, parts[donation_id])
        for donation_id, (amount_fen, remaining_fen) in received.items()
    }


async def origins(
    connection: AsyncConnection, payout_ids: Collection[UUID]
) -> dict[UUID, list[PayoutOrigin]]:
    """Out of which money each of these payouts was paid, oldest first, by the payout's id."""
    rows = await connection.execute(
        select(
            PayoutSource.payout_id,
            PayoutSource.amount_fen,
            FundReceipt.source,
            FundReceipt.received_at,
        )
        .join(FundReceipt, FundReceipt.id == PayoutSource.receipt_id)
        .where(PayoutSource.payout_id.in_(payout_ids))
        .order_by(FundReceipt.number)
    )
    found: defaultdict[UUID, list[PayoutOrigin]] = defaultdict(list)
    for row in rows:
        found[row.payout_id].append(PayoutOrigin(row.source, row.amount_fen, row.received_at))
    return dict(found)
