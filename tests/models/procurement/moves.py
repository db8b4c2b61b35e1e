"""The moves of an order in their simplest form, and all that a refused one must leave as it was."""

import datetime as dt

from sqlalchemy import func, select

from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.ledger.books import JournalRow
from models.procurement import acceptance, fulfilment, payments, placing
from models.procurement.attribution import VillageBenefit
from models.procurement.baskets import Wanted
from models.procurement.orders import (
    Order,
    OrderEvent,
    OrderLine,
)
from models.procurement.payments import OrderPayment
from tests.databases import count
from tests.markets import Market

EVERY_TABLE = (Order, OrderLine, OrderEvent, JournalRow, VillageBenefit, OrderPayment)


async def trace(market: Market) -> tuple[object, ...]:
    """All that a refused command must leave as it was."""
    rows = [await count(market.database, table) for table in EVERY_TABLE]
    return (*rows, await market.figures(), await market.stock(market.oranges_id))


async def move(market: Market, order_id: object, name: str, by: str) -> None:
    """Make a move of an order in its simplest form."""
    actor = market[by]
    assert isinstance(order_id, type(market.unit_id))
    commands = {
        "confirm": lambda t: fulfilment.confirm(t, actor, order_id=order_id),
        "ship": lambda t: fulfilment.ship(t, actor, order_id=order_id),
        "reject": lambda t: fulfilment.reject(t, actor, order_id=order_id, reason="no"),
        "cancel": lambda t: fulfilment.cancel(t, actor, order_id=order_id),
        "accept": lambda t: acceptance.accept(t, actor, order_id=order_id),
        "return": lambda t: acceptance.return_goods(t, actor, order_id=order_id, reason="bad"),
        "pay": lambda t: payments.record(
            t,
            actor,
            payment_id=new_id(),
            order_id=order_id,
            amount_fen=Fen(100),
            bank_reference=str(new_id()),
            paid_on=dt.date(2017, 10, 16),
        ),
    }
    await market.do(commands[name])


async def pay(market: Market, order_id: object, amount_fen: int, reference: str = "B1") -> None:
    assert isinstance(order_id, type(market.unit_id))
    await market.do(
        lambda transaction: payments.record(
            transaction,
            market["officer"],
            payment_id=new_id(),
            order_id=order_id,
            amount_fen=Fen(amount_fen),
            bank_reference=reference,
            paid_on=dt.date(2017, 10, 16),
        )
    )


async def benefits(market: Market) -> dict[str, int]:
    statement = select(VillageBenefit.village_code, func.sum(VillageBenefit.amount_fen)).group_by(
        VillageBenefit.village_code
    )
    async with market.database.read() as connection:
        rows = await connection.execute(statement)
        return {code: int(amount) for code, amount in rows}


async def place(market: Market, by: str, wanted: list[Wanted]) -> None:
    await market.do(
        lambda transaction: placing.place(
            transaction, market[by], order_id=new_id(), unit_id=market.unit_id, wanted=wanted
        )
    )
