"""Recomputes orders from their append-only rows, and says what differs (law 2).

Lines from their movements, benefits from the split of each line, orders from lines, events and
payments, appropriations from their documents and orders against the balances of the ledger.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Row, SQLColumnExpression, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.kernel.money import WHOLE, Fen, split
from models.ledger.books import Account, Book
from models.procurement.acceptance import LineMovement
from models.procurement.attribution import VillageBenefit, shares_of_lots
from models.procurement.budgets import BOOK_KIND, Appropriation, AppropriationChange
from models.procurement.lots import Lot, LotVillage
from models.procurement.orders import Order, OrderEvent, OrderLine
from models.procurement.payments import OrderPayment

_BATCH = 2_000
_FIRST = UUID(int=0)


async def check(connection: AsyncConnection) -> AsyncIterator[str]:
    """Every difference found, in words; nothing when procurement is whole.

    Reads all of it in batches: give it the connection of a snapshot.
    """
    for part in (_lots, _lines, _orders, _histories, _appropriations):
        async for difference in part(connection):
            yield difference


def _sum(column: SQLColumnExpression[Any]) -> ColumnElement[Any]:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


async def _lots(connection: AsyncConnection) -> AsyncIterator[str]:
    rows = await connection.execute(
        select(Lot.id, _sum(LotVillage.basis_points).label("total"))
        .outerjoin(LotVillage, LotVillage.lot_id == Lot.id)
        .group_by(Lot.id)
        .having(_sum(LotVillage.basis_points) != WHOLE)
    )
    for row in rows:
        yield f"lot {row.id}: its shares add up to {row.total} basis points"


async def _lines(connection: AsyncConnection) -> AsyncIterator[str]:
    last = _FIRST
    while True:
        page = await connection.execute(
            select(
                OrderLine.id,
                OrderLine.lot_id,
                OrderLine.unit_price_fen,
                OrderLine.accepted_quantity,
                OrderLine.returned_quantity,
            )
            .where(OrderLine.id > last)
            .order_by(OrderLine.id)
            .limit(_BATCH)
        )
        lines = page.all()
        if not lines:
            return
        last = lines[-1].id
        for difference in await _differing_lines(connection, lines):
            yield difference


async def _differing_lines(
    connection: AsyncConnection, lines: list[Row[*tuple[Any, ...]]] | Any
) -> list[str]:
    first, last = lines[0].id, lines[-1].id
    found: list[str] = []
    taken = LineMovement.quantity > 0
    movements = await connection.execute(
        select(
            LineMovement.line_id,
            _sum(case((taken, LineMovement.quantity), else_=0)).label("accepted"),
            _sum(case((taken, 0), else_=-LineMovement.quantity)).label("returned"),
            _sum(LineMovement.amount_fen).label("amount_fen"),
        )
        .where(LineMovement.line_id.between(first, last))
        .group_by(LineMovement.line_id)
    )
    moved = {row.line_id: (row.accepted, row.returned, row.amount_fen) for row in movements}
    benefits = await connection.execute(
        select(
            VillageBenefit.line_id,
            VillageBenefit.village_code,
            _sum(VillageBenefit.amount_fen).label("amount_fen"),
        )
        .where(VillageBenefit.line_id.between(first, last))
        .group_by(VillageBenefit.line_id, VillageBenefit.village_code)
    )
    credited: dict[UUID, dict[str, int]] = defaultdict(dict)
    for row in benefits:
        if row.amount_fen:
            credited[row.line_id][row.village_code] = row.amount_fen
    shares = await shares_of_lots(connection, [line.lot_id for line in lines])
    for line in lines:
        kept_fen = Fen((line.accepted_quantity - line.returned_quantity) * line.unit_price_fen)
        stated = (line.accepted_quantity, line.returned_quantity, kept_fen)
        if stated != moved.get(line.id, (0, 0, 0)):
            found.append(f"order line {line.id}: {stated}, its movements make {moved.get(line.id)}")
        parts = {code: part for code, part in split(kept_fen, shares[line.lot_id]).items() if part}
        if parts != credited.get(line.id, {}):
            found.append(
                f"order line {line.id}: villages are credited {credited.get(line.id, {})}, "
                f"the split of {kept_fen} is {parts}"
            )
    return found


async def _orders(connection: AsyncConnection) -> AsyncIterator[str]:
    price = OrderLine.unit_price_fen
    lines = await connection.execute(
        select(
            Order.id,
            Order.number,
            Order.total_fen,
            Order.accepted_fen,
            Order.returned_fen,
            _sum(OrderLine.amount_fen).label("lines_total"),
            _sum(OrderLine.accepted_quantity * price).label("lines_accepted"),
            _sum(OrderLine.returned_quantity * price).label("lines_returned"),
        )
        .outerjoin(OrderLine, OrderLine.order_id == Order.id)
        .group_by(Order.id)
    )
    for row in lines:
        stated = (row.total_fen, row.accepted_fen, row.returned_fen)
        made = (row.lines_total, row.lines_accepted, row.lines_returned)
        if stated != made:
            yield f"order {row.number}: total, accepted, returned {stated}, its lines make {made}"


async def _histories(connection: AsyncConnection) -> AsyncIterator[str]:
    newest = (
        select(OrderEvent.state)
        .where(OrderEvent.order_id == Order.id)
        .order_by(OrderEvent.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = await connection.execute(
        select(Order.number, Order.state, newest.label("newest")).where(
            func.coalesce(newest, "") != Order.state
        )
    )
    for row in rows:
        yield f"order {row.number}: is {row.state}, its history ends with {row.newest}"
    paid = (
        select(_sum(OrderPayment.amount_fen))
        .where(OrderPayment.order_id == Order.id)
        .scalar_subquery()
    )
    # What was returned after payment came back: so payments may exceed what is paid, by no more.
    payments = await connection.execute(
        select(Order.number, Order.paid_fen, paid.label("payments_fen")).where(
            (paid < Order.paid_fen) | (paid - Order.paid_fen > Order.returned_fen)
        )
    )
    for row in payments:
        yield f"order {row.number}: paid {row.paid_fen}, its payments make {row.payments_fen}"


async def _appropriations(connection: AsyncConnection) -> AsyncIterator[str]:
    granted = await _sums_of(
        connection,
        AppropriationChange.appropriation_id,
        {
            "granted": AppropriationChange.amount_fen,
        },
    )
    ordered = await _sums_of(
        connection,
        Order.appropriation_id,
        {
            "held": Order.held_fen,
            "payable": Order.payable_fen,
            "paid": Order.paid_fen,
        },
    )
    balance = func.abs(Account.posted_debit_fen - Account.posted_credit_fen)
    accounts = await connection.execute(
        select(
            Book.id,
            Appropriation.id.label("appropriation_id"),
            Account.code,
            balance.label("balance_fen"),
        )
        .outerjoin(Appropriation, Appropriation.id == Book.id)
        .join(Account, Account.book_id == Book.id)
        .where(Book.kind == BOOK_KIND)
    )
    for row in accounts:
        if row.appropriation_id is None:
            yield f"book {row.id}: is of no appropriation"
            continue
        wanted = {**granted.get(row.id, {}), **ordered.get(row.id, {})}
        wanted["available"] = wanted.get("granted", 0) - sum(
            wanted.get(code, 0) for code in ("held", "payable", "paid")
        )
        if row.balance_fen != wanted.get(row.code, 0):
            yield (
                f"appropriation {row.id}: {row.code} is {row.balance_fen} in the ledger, "
                f"its documents and orders make {wanted.get(row.code, 0)}"
            )


async def _sums_of(
    connection: AsyncConnection, key: Any, columns: dict[str, Any]
) -> dict[UUID, dict[str, int]]:
    rows = await connection.execute(
        select(
            key.label("key"), *(_sum(column).label(name) for name, column in columns.items())
        ).group_by(key)
    )
    return {
        row.key: {name: row._mapping[name] for name in columns}  # noqa: SLF001 - documented
        for row in rows
    }
