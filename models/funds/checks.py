"""Recomputes what funds say of themselves from their rows, and says what differs."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.funds.floor import CallEvent, CallEventKind, OpenCall, ReplenishmentCall
from models.funds.fund import FundStanding
from models.funds.receipts import FundReceipt, PayoutSource
from models.funds.statement import FundEntry


async def check(connection: AsyncConnection) -> list[str]:
    """Every difference found, in words; nothing when floors, statements and receipts are whole."""
    differences: list[str] = []
    for part in (_calls, _events, _statements, _receipts):
        differences += await part(connection)
    return differences


async def _calls(connection: AsyncConnection) -> list[str]:
    """Where calls and standings disagree with each other or with the calls' own events."""
    differences = []
    opened = {row.fund_id: row for row in await connection.execute(select(OpenCall.__table__))}
    for row in await connection.execute(select(FundStanding.__table__)):
        call = opened.pop(row.fund_id, None)
        if (call.outstanding_fen if call else None) != row.shortfall_fen:
            differences.append(f"fund {row.fund_id}: its open call does not match its shortfall")
    differences += [f"fund {fund_id}: a call is open at the floor" for fund_id in opened]
    return differences


async def _events(connection: AsyncConnection) -> list[str]:
    grown = (CallEventKind.OPENED, CallEventKind.RAISED)
    sums: dict[UUID, dict[str, int]] = {}
    rows = await connection.execute(
        select(CallEvent.call_id, CallEvent.kind, func.sum(CallEvent.amount_fen).label("total"))
        .where(CallEvent.kind != CallEventKind.ESCALATED)
        .group_by(CallEvent.call_id, CallEvent.kind)
    )
    for row in rows:
        side = "required" if row.kind in grown else "relieved"
        call = sums.setdefault(row.call_id, {"required": 0, "relieved": 0})
        call[side] += int(row.total)
    calls = await connection.execute(
        select(
            ReplenishmentCall.id, ReplenishmentCall.required_fen, OpenCall.outstanding_fen
        ).outerjoin(OpenCall, OpenCall.call_id == ReplenishmentCall.id)
    )
    return [
        f"call {row.id}: its events do not add up"
        for row in calls
        if sums[row.id]["required"] != row.required_fen
        or sums[row.id]["required"] - sums[row.id]["relieved"] != (row.outstanding_fen or 0)
    ]


async def _statements(connection: AsyncConnection) -> list[str]:
    """Where a statement has a gap, a wrong sum, or does not end where the fund stands."""
    differences: list[str] = []
    standings = await connection.execute(select(FundStanding.__table__))
    for standing in standings.all():
        number = balance = available = 0
        rows = await connection.stream(
            select(FundEntry.__table__)
            .where(FundEntry.fund_id == standing.fund_id)
            .order_by(FundEntry.number)
        )
        async for row in rows:
            number += 1
            balance += row.balance_change_fen
            available += row.available_change_fen
            if (row.number, row.balance_fen, row.available_fen) != (number, balance, available):
                differences.append(f"fund {standing.fund_id}: entry {row.number} does not add up")
                number, balance, available = row.number, row.balance_fen, row.available_fen
        stands = (standing.entry_count, standing.balance_fen, standing.available_fen)
        if stands != (number, balance, available):
            differences.append(f"fund {standing.fund_id}: its statement ends elsewhere")
    return differences


async def _receipts(connection: AsyncConnection) -> list[str]:
    """Where receipts, their spent parts and the balances of funds disagree."""
    spent = (
        select(PayoutSource.receipt_id, func.sum(PayoutSource.amount_fen).label("spent_fen"))
        .group_by(PayoutSource.receipt_id)
        .subquery()
    )
    receipts = await connection.execute(
        select(FundReceipt.id)
        .outerjoin(spent, spent.c.receipt_id == FundReceipt.id)
        .where(
            FundReceipt.amount_fen - func.coalesce(spent.c.spent_fen, 0)
            != FundReceipt.remaining_fen
        )
    )
    left = (
        select(FundReceipt.fund_id, func.sum(FundReceipt.remaining_fen).label("left_fen"))
        .group_by(FundReceipt.fund_id)
        .subquery()
    )
    funds = await connection.execute(
        select(FundStanding.fund_id)
        .outerjoin(left, left.c.fund_id == FundStanding.fund_id)
        .where(func.coalesce(left.c.left_fen, 0) != FundStanding.balance_fen)
    )
    return [f"receipt {row.id}: its spent parts do not add up" for row in receipts] + [
        f"fund {row.fund_id}: what is left of its receipts is not its balance" for row in funds
    ]
