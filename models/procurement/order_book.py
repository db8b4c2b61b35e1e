"""Orders as they are read, each list in one statement, by those who may (`scope`)."""

import functools
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Row, Select, bindparam, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from models.kernel.paging import Keyset, Page
from models.parties import Actor, Organisation, Person
from models.places import Division
from models.procurement.attribution import VillageBenefit
from models.procurement.lots import Lot
from models.procurement.orders import Order, OrderEvent, OrderLine, OrderState
from models.procurement.products import Product
from models.procurement.scope import readable_orders

_SUPPLIER = aliased(Organisation)


# Made once: its many columns are dear to name, and it is asked for each order that is placed.
_ORDERS = (
    select(
        *Order.__table__.columns,
        *(
            column.label(f"{party}_{column.key}")
            for party, table in (("unit", Organisation), ("supplier", _SUPPLIER))
            for column in (
                table.kind,
                table.name,
                table.credit_code,
                table.division_code,
                table.parent_id,
                table.path,
            )
        ),
        Person.name.label("placed_by_name"),
    )
    .join(Organisation, Organisation.id == Order.unit_id)
    .join(_SUPPLIER, _SUPPLIER.id == Order.supplier_id)
    .join(Person, Person.id == Order.placed_by)
)


def _orders(actor: Actor) -> Select[*tuple[Any, ...]]:
    return _ORDERS.where(readable_orders(actor, Order.supplier_id))


# It depends on nothing but the roles the actor holds in this request, so it cannot be outdated.
@functools.lru_cache(maxsize=256)
def _orders_by_id(actor: Actor) -> Select[*tuple[Any, ...]]:
    return _orders(actor).where(Order.id.in_(bindparam("order_ids", expanding=True)))


async def orders(
    connection: AsyncConnection, actor: Actor, keyset: Keyset, *, state: OrderState | None = None
) -> Page[Row[Any]]:
    """A page of the orders that the actor may read, the newest first, by id."""
    statement = _orders(actor)
    if state is not None:
        statement = statement.where(Order.state == state)
    return await keyset.rows(connection, statement, Order.id, falling=True)


async def count_orders(
    connection: AsyncConnection, actor: Actor, *, state: OrderState | None = None
) -> int:
    """How many orders the whole list has."""
    statement = (
        select(func.count())
        .select_from(Order)
        .join(Organisation, Organisation.id == Order.unit_id)
        .where(readable_orders(actor, Order.supplier_id))
    )
    if state is not None:
        statement = statement.where(Order.state == state)
    return (await connection.execute(statement)).scalar_one()


async def orders_by_id(
    connection: AsyncConnection, actor: Actor, order_ids: Collection[UUID]
) -> dict[UUID, Row[Any]]:
    """Those of the orders that the actor may read."""
    rows = await connection.execute(_orders_by_id(actor), {"order_ids": list(set(order_ids))})
    return {row.id: row for row in rows}


async def lines_of(
    connection: AsyncConnection, order_ids: Collection[UUID]
) -> dict[UUID, list[Row[Any]]]:
    """The lines of orders that may be read, with product and lot, by position."""
    rows = await connection.execute(
        select(
            *OrderLine.__table__.columns,
            Product.name.label("product_name"),
            Product.unit_name,
            Lot.number.label("lot_number"),
            Lot.valid_from.label("lot_valid_from"),
        )
        .join(Product, Product.id == OrderLine.product_id)
        .join(Lot, Lot.id == OrderLine.lot_id)
        .where(OrderLine.order_id.in_(set(order_ids)))
        .order_by(OrderLine.order_id, OrderLine.position)
    )
    return _grouped(rows.all(), order_ids)


async def benefits_of(
    connection: AsyncConnection, order_ids: Collection[UUID]
) -> dict[UUID, list[Row[Any]]]:
    """What the lines of orders give to villages now, by village code and line, without zeros."""
    amount = cast(func.sum(VillageBenefit.amount_fen), BigInteger)
    rows = await connection.execute(
        select(
            VillageBenefit.order_id,
            VillageBenefit.line_id,
            VillageBenefit.village_code,
            Division.name.label("village_name"),
            amount.label("amount_fen"),
        )
        .outerjoin(Division, Division.code == VillageBenefit.village_code)
        .where(VillageBenefit.order_id.in_(set(order_ids)))
        .group_by(
            VillageBenefit.order_id,
            VillageBenefit.line_id,
            VillageBenefit.village_code,
            Division.name,
        )
        .having(amount != 0)
        .order_by(VillageBenefit.order_id, VillageBenefit.village_code, VillageBenefit.line_id)
    )
    return _grouped(rows.all(), order_ids)


async def history_of(
    connection: AsyncConnection, order_ids: Collection[UUID]
) -> dict[UUID, list[Row[Any]]]:
    """The moves of orders that may be read, the first first, with who made them."""
    rows = await connection.execute(
        select(*OrderEvent.__table__.columns, Person.name.label("actor_name"))
        .join(Person, Person.id == OrderEvent.actor_id)
        .where(OrderEvent.order_id.in_(set(order_ids)))
        .order_by(OrderEvent.order_id, OrderEvent.id)
    )
    return _grouped(rows.all(), order_ids)


def _grouped(rows: Any, order_ids: Collection[UUID]) -> dict[UUID, list[Row[Any]]]:
    found: dict[UUID, list[Row[Any]]] = {order_id: [] for order_id in order_ids}
    for row in rows:
        found[row.order_id].append(row)
    return found
