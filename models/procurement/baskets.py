"""What a unit would order: products and quantities of one supplier, priced, with their lots.

One order has one supplier, because goods, acceptance and payment are between two parties. The lot
of a line is the newest that is valid on the day.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, Select, SmallInteger, Uuid, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue, NotFound, Refusal
from models.parties import Organisation, OrganisationKind
from models.procurement.budgets import PURSE_COLUMNS, Appropriation, Purse
from models.procurement.lots import Lot
from models.procurement.products import QUANTITY_MAX, OutOfStock, Product
from models.procurement.suppliers import Supplier, SupplierNotAdmitted, SupplierState

LINES_MAX = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """A product and how many sales units of it."""

    product_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line as it would be ordered now."""

    product_id: UUID
    product_name: str
    lot_id: UUID
    quantity: int
    unit_price_fen: Fen

    @property
    def amount_fen(self) -> Fen:
        """The quantity at the unit price."""
        return Fen(self.quantity * self.unit_price_fen)


@dataclass(frozen=True, slots=True)
class Basket:
    """The lines of one order, with the supplier and the unit's purse of the year, if it has one."""

    unit_division_code: str
    supplier_id: UUID
    supplier_name: str
    lines: tuple[PricedLine, ...]
    purse: Purse | None

    @property
    def total_fen(self) -> Fen:
        """What the lines come to."""
        return Fen(sum(line.amount_fen for line in self.lines))


@dataclass(eq=False)
class SeveralSuppliers(Refusal):
    """The lines are of several suppliers; each needs an order of its own."""

    supplier_names: tuple[str, ...]


@dataclass(eq=False)
class NoValidLot(Refusal):
    """The product has no lot that is valid today, so nobody could say which villages gain."""

    product_id: UUID
    product_name: str


def require_lines(wanted: Sequence[Wanted]) -> None:
    """Refuses with InvalidValue no line, too many, a product twice, or a quantity out of range."""
    if not 0 < len(wanted) <= LINES_MAX:
        raise InvalidValue(path="lines", reason="count")
    if len({line.product_id for line in wanted}) != len(wanted):
        raise InvalidValue(path="lines", reason="product_twice")
    if any(not 0 < line.quantity <= QUANTITY_MAX for line in wanted):
        raise InvalidValue(path="lines.quantity", reason="range")


async def price(
    connection: AsyncConnection, *, unit_id: UUID, wanted: Sequence[Wanted], day: dt.date
) -> Basket:
    """Price what a unit wants, in one statement and without a lock.

    Refuses with InvalidValue, NotFound, SeveralSuppliers, SupplierNotAdmitted, NoValidLot or
    OutOfStock; whether the appropriation suffices is not asked here.
    """
    require_lines(wanted)
    rows = {row.id: row for row in await _read(connection, unit_id, wanted, day)}
    first = next(iter(rows.values()), None)
    if first is None or len(rows) != len(wanted):
        raise NotFound(noun="product")
    if first.unit_kind is not OrganisationKind.BUDGET_UNIT:
        raise NotFound(noun="budget_unit")
    suppliers = {row.supplier_id: row.supplier_name for row in rows.values()}
    if len(suppliers) > 1:
        raise SeveralSuppliers(supplier_names=tuple(sorted(suppliers.values())))
    if first.supplier_state is not SupplierState.ADMITTED:
        raise SupplierNotAdmitted(supplier_name=first.supplier_name)
    return Basket(
        unit_division_code=first.unit_division_code,
        supplier_id=first.supplier_id,
        supplier_name=first.supplier_name,
        lines=tuple(_priced(rows[line.product_id], line.quantity) for line in wanted),
        purse=None if first.purse_id is None else _purse(first),
    )


def _priced(row: Row[*tuple[Any, ...]], quantity: int) -> PricedLine:
    if row.lot_id is None:
        raise NoValidLot(product_id=row.id, product_name=row.name)
    if row.stock_quantity < quantity:
        raise OutOfStock(
            product_id=row.id,
            product_name=row.name,
            available_quantity=row.stock_quantity,
            required_quantity=quantity,
        )
    return PricedLine(row.id, row.name, row.lot_id, quantity, row.unit_price_fen)


def _purse(row: Row[*tuple[Any, ...]]) -> Purse:
    found = row._mapping  # noqa: SLF001 - the documented way to read a row by column name
    return Purse(**{column.key: found[f"purse_{column.key}"] for column in PURSE_COLUMNS})


async def _read(
    connection: AsyncConnection, unit_id: UUID, wanted: Sequence[Wanted], day: dt.date
) -> Sequence[Row[*tuple[Any, ...]]]:
    given = {
        "unit_id": unit_id,
        "day": day,
        "year": day.year,
        "product_ids": [line.product_id for line in wanted],
    }
    return (await connection.execute(_PRICING, given)).all()


def _pricing() -> Select[*tuple[Any, ...]]:
    unit, seller = aliased(Organisation), aliased(Organisation)
    newest_lot = (
        select(Lot.id)
        .where(Lot.product_id == Product.id, Lot.valid_from <= bindparam("day", type_=Date()))
        .order_by(Lot.valid_from.desc(), Lot.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            Product.id,
            Product.name,
            Product.unit_price_fen,
            Product.stock_quantity,
            Product.supplier_id,
            Supplier.state.label("supplier_state"),
            seller.name.label("supplier_name"),
            newest_lot.label("lot_id"),
            unit.kind.label("unit_kind"),
            unit.division_code.label("unit_division_code"),
            *(column.label(f"purse_{column.key}") for column in PURSE_COLUMNS),
        )
        .join(Supplier, Supplier.id == Product.supplier_id)
        .join(seller, seller.id == Product.supplier_id)
        .join(unit, unit.id == bindparam("unit_id", type_=Uuid()))
        .outerjoin(
            Appropriation,
            and_(
                Appropriation.unit_id == unit.id,
                Appropriation.year == bindparam("year", type_=SmallInteger()),
            ),
        )
        .where(Product.id.in_(bindparam("product_ids", expanding=True)))
    )


# Made once: aliased tables are dear to make, and no statement is asked more often.
_PRICING = _pricing()
