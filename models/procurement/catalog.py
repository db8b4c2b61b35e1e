"""The catalogue as it is read: a page of products with all that a list shows, in two statements.

Everybody may read it. What a product's newest valid lot says of its villages is what an order
placed today would credit.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from models.kernel import divisions
from models.kernel.money import BasisPoints
from models.kernel.paging import Keyset, Page
from models.parties import Organisation
from models.parties.organisations import NAME_LENGTH
from models.places import DesignatedCounty, Division
from models.procurement.lots import Lot, LotVillage
from models.procurement.products import CATEGORY_LENGTH_MAX, NAME_LENGTH_MAX, Product
from models.procurement.suppliers import Supplier, SupplierState

_SEARCH_LENGTH_MAX = max(NAME_LENGTH_MAX, CATEGORY_LENGTH_MAX, NAME_LENGTH)

LOTS_SHOWN = 20
PAGES_KEPT = 64


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody looks for: words in name, category or supplier, a place, the 832 only."""

    search: str = ""
    division_code: str = divisions.NATION
    designated_only: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """The share of one village, with its name, in a lot."""

    lot_id: UUID
    village_code: str
    village_name: str | None
    basis_points: BasisPoints


def _newest_lot(day: dt.date) -> ScalarSelect[UUID]:
    return (
        select(Lot.id)
        .where(Lot.product_id == Product.id, Lot.valid_from <= day)
        .order_by(Lot.valid_from.desc(), Lot.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _designated(day: dt.date) -> ColumnElement[bool]:
    return exists().where(
        DesignatedCounty.county_code == Product.county_code,
        DesignatedCounty.designated_since <= day,
    )


def _products(day: dt.date) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Product.id,
            Product.name,
            Product.category,
            Product.unit_name,
            Product.unit_price_fen,
            Product.stock_quantity,
            Product.county_code,
            Division.name.label("county_name"),
            Division.parent_code.label("county_parent_code"),
            _designated(day).label("designated"),
            _newest_lot(day).label("lot_id"),
            Organisation.id.label("supplier_id"),
            Organisation.kind.label("supplier_kind"),
            Organisation.name.label("supplier_name"),
            Organisation.credit_code.label("supplier_credit_code"),
            Organisation.division_code.label("supplier_division_code"),
            Organisation.parent_id.label("supplier_parent_id"),
            Organisation.path.label("supplier_path"),
        )
        .join(Organisation, Organisation.id == Product.supplier_id)
        .outerjoin(Division, Division.code == Product.county_code)
    )


def _wished(wish: Wish, day: dt.date) -> list[ColumnElement[bool]]:
    prefix = divisions.prefix(wish.division_code)[:6]
    conditions: list[ColumnElement[bool]] = [
        Product.supplier_id.in_(select(Supplier.id).where(Supplier.state == SupplierState.ADMITTED))
    ]
    if prefix:
        low, high = (prefix.ljust(divisions.CODE_LENGTH, digit) for digit in "09")
        conditions.append(Product.county_code.between(low, high))
    if len(wish.search) > _SEARCH_LENGTH_MAX:
        # Nothing has so long a name, and SQLite refuses to look for a pattern beyond 50,000 bytes.
        conditions.append(false())
    elif wish.search:
        conditions.append(
            or_(
                *(
                    column.icontains(wish.search, autoescape=True)
                    for column in (Product.name, Product.category, Organisation.name)
                )
            )
        )
    if wish.designated_only:
        conditions.append(_designated(day))
    return conditions


@lru_cache(maxsize=PAGES_KEPT)
def _page(keyset: Keyset, wish: Wish, day: dt.date) -> Select[*tuple[Any, ...]]:
    # Making the statement anew costs more than anything else of a page that is asked for again.
    return keyset.narrow(_products(day).where(*_wished(wish, day)), Product.id, falling=True)


async def products(
    connection: AsyncConnection, keyset: Keyset, wish: Wish, *, day: dt.date
) -> Page[Row[Any]]:
    """A page of the products on offer by admitted suppliers, the newest first, by id.

    Each with its supplier, its county, whether that is designated, and its newest valid lot.
    """
    found = (await connection.execute(_page(keyset, wish, day))).all()
    return keyset.page(found)


async def count_products(connection: AsyncConnection, wish: Wish, *, day: dt.date) -> int:
    """How many products the whole list has."""
    statement = (
        select(func.count())
        .select_from(Product)
        .join(Organisation, Organisation.id == Product.supplier_id)
        .where(*_wished(wish, day))
    )
    return (await connection.execute(statement)).scalar_one()


async def products_by_id(
    connection: AsyncConnection, product_ids: Collection[UUID], *, day: dt.date
) -> dict[UUID, Row[Any]]:
    """The products with these ids, whether or not their suppliers still sell."""
    rows = await connection.execute(_products(day).where(Product.id.in_(set(product_ids))))
    return {row.id: row for row in rows}


_ORIGINS = (
    select(LotVillage.lot_id, LotVillage.village_code, Division.name, LotVillage.basis_points)
    .outerjoin(Division, Division.code == LotVillage.village_code)
    .where(LotVillage.lot_id.in_(bindparam("lot_ids", expanding=True)))
    .order_by(LotVillage.lot_id, LotVillage.village_code)
)


async def origins(
    connection: AsyncConnection, lot_ids: Collection[UUID]
) -> dict[UUID, list[Origin]]:
    """The villages of lots with their names, by code, in one statement."""
    rows = await connection.execute(_ORIGINS, {"lot_ids": list(set(lot_ids))})
    found: dict[UUID, list[Origin]] = {}
    for row in rows:
        found.setdefault(row.lot_id, []).append(Origin(*row))
    return found


async def lots_of(
    connection: AsyncConnection, product_ids: Sequence[UUID]
) -> dict[UUID, list[Row[Any]]]:
    """The last lots of products, at most twenty each, the newest first."""
    place = func.row_number().over(
        partition_by=Lot.product_id, order_by=(Lot.valid_from.desc(), Lot.id.desc())
    )
    ranked = (
        select(Lot.id, Lot.product_id, Lot.number, Lot.valid_from, place.label("place"))
        .where(Lot.product_id.in_(set(product_ids)))
        .subquery()
    )
    rows = await connection.execute(
        select(ranked)
        .where(ranked.c.place <= LOTS_SHOWN)
        .order_by(ranked.c.product_id, ranked.c.place)
    )
    found: dict[UUID, list[Row[Any]]] = {product_id: [] for product_id in product_ids}
    for row in rows:
        found[row.product_id].append(row)
    return found
