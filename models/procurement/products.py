"""What suppliers sell: products with a price and a stock (domain §2 "Suppliers and products").

Quantities are whole sales units (one bag, one box, one jin), the unit named on the product: a
product sold by weight names the smallest weight that is sold. Every price that ever held is kept.
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import audit
from models.kernel.database import Base, Transaction
from models.kernel.divisions import CODE_LENGTH
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue, NotFound, Refusal
from models.kernel.texts import required
from models.parties import Actor, Organisation
from models.places import DivisionLevel, division, level_of
from models.procurement.suppliers import (
    Supplier,
    SupplierNotAdmitted,
    SupplierState,
    require_supplier,
)

# A line of the largest quantity at the largest price, a hundred times, stays within 64 bits.
QUANTITY_MAX = 1_000_000
UNIT_PRICE_FEN_MAX = 10_000_000_000
NAME_LENGTH_MAX = 120
CATEGORY_LENGTH_MAX = 60
UNIT_NAME_LENGTH_MAX = 20


class Product(Base):
    """One kind of goods of one supplier, grown in one county."""

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("stock_quantity >= 0", name="stock_is_not_negative"),
        CheckConstraint("unit_price_fen > 0", name="price_is_positive"),
        Index(None, "county_code", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.id"), index=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH_MAX))
    category: Mapped[str] = mapped_column(String(CATEGORY_LENGTH_MAX))
    unit_name: Mapped[str] = mapped_column(String(UNIT_NAME_LENGTH_MAX))
    unit_price_fen: Mapped[Fen]
    stock_quantity: Mapped[int]
    county_code: Mapped[str] = mapped_column(String(12))
    offered_at: Mapped[dt.datetime]


class PriceChange(Base):
    """A price from the instant at which it began to hold; append-only."""

    __tablename__ = "price_changes"
    __table_args__ = (Index(None, "product_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"))
    at: Mapped[dt.datetime]
    unit_price_fen: Mapped[Fen]
    changed_by: Mapped[UUID | None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a product is offered as: fen for one sales unit, and the stock in such units."""

    name: str
    category: str
    unit_name: str
    unit_price_fen: Fen
    stock_quantity: int
    county_code: str


@dataclass(eq=False)
class OutOfStock(Refusal):
    """There is less of a product than was asked for."""

    product_id: UUID
    product_name: str
    available_quantity: int
    required_quantity: int


async def offer(
    transaction: Transaction,
    actor: Actor,
    *,
    product_id: UUID,
    supplier_id: UUID,
    terms: Terms,
) -> None:
    """Put a product on offer, by the supplier's people. It sells once it has a lot.

    Refuses with NotYourSupplier, SupplierNotAdmitted or InvalidValue.
    """
    require_supplier(actor, supplier_id)
    _require_terms(terms)
    await _require_admitted(transaction, supplier_id)
    if level_of(terms.county_code) is not DivisionLevel.COUNTY or (
        await division(transaction.connection, terms.county_code) is None
    ):
        raise InvalidValue(path="countyCode", reason="not_a_county")
    await transaction.execute(
        insert(Product).values(
            id=product_id,
            supplier_id=supplier_id,
            name=terms.name.strip(),
            category=terms.category.strip(),
            unit_name=terms.unit_name.strip(),
            unit_price_fen=terms.unit_price_fen,
            stock_quantity=terms.stock_quantity,
            county_code=terms.county_code,
            offered_at=transaction.now,
        )
    )
    await _keep_price(transaction, actor, product_id, terms.unit_price_fen)
    await audit.record(
        transaction,
        actor.person_id,
        act="product_offered",
        subject="product",
        subject_id=product_id,
        facts={
            "unit_price_fen": terms.unit_price_fen,
            "stock_quantity": terms.stock_quantity,
        },
    )


async def change_price(
    transaction: Transaction, actor: Actor, *, product_id: UUID, unit_price_fen: Fen
) -> None:
    """Set another price (fen for one sales unit), for orders placed from now on.

    Refuses with NotFound, NotYourSupplier or InvalidValue.
    """
    _require_price(unit_price_fen)
    await require_own(transaction, actor, product_id)
    changed = await transaction.execute(
        update(Product)
        .where(Product.id == product_id, Product.unit_price_fen != unit_price_fen)
        .values(unit_price_fen=unit_price_fen)
    )
    if changed.rowcount == 0:
        return
    await _keep_price(transaction, actor, product_id, unit_price_fen)
    await audit.record(
        transaction,
        actor.person_id,
        act="price_changed",
        subject="product",
        subject_id=product_id,
        facts={"unit_price_fen": unit_price_fen},
    )


async def change_stock(
    transaction: Transaction, actor: Actor, *, product_id: UUID, change_quantity: int, reason: str
) -> None:
    """Add to the stock, or take from it when the change is negative, in sales units.

    Refuses with NotFound, NotYourSupplier, InvalidValue, or OutOfStock when more would be taken
    than there is.
    """
    if not 0 < abs(change_quantity) <= QUANTITY_MAX:
        raise InvalidValue(path="changeQuantity", reason="range")
    await require_own(transaction, actor, product_id)
    changed = await transaction.execute(
        update(Product)
        .where(
            Product.id == product_id,
            Product.stock_quantity + change_quantity >= 0,
            Product.stock_quantity + change_quantity <= QUANTITY_MAX,
        )
        .values(stock_quantity=Product.stock_quantity + change_quantity)
    )
    if changed.rowcount == 0:
        if change_quantity > 0:
            raise InvalidValue(path="changeQuantity", reason="range")
        raise await out_of_stock(transaction, {product_id: -change_quantity})
    await audit.record(
        transaction,
        actor.person_id,
        act="stock_changed",
        subject="product",
        subject_id=product_id,
        facts={"change_quantity": change_quantity, "reason": reason},
    )


async def require_own(transaction: Transaction, actor: Actor, product_id: UUID) -> None:
    """Refuses with NotFound, or with NotYourSupplier when another supplier's product it is."""
    supplier_id = (
        await transaction.execute(select(Product.supplier_id).where(Product.id == product_id))
    ).scalar_one_or_none()
    if supplier_id is None:
        raise NotFound(noun="product")
    require_supplier(actor, supplier_id)


async def out_of_stock(transaction: Transaction, required: dict[UUID, int]) -> OutOfStock:
    """The refusal that names the required product of which most is lacking, and what there is."""
    rows = await transaction.execute(
        select(Product.id, Product.name, Product.stock_quantity)
        .where(Product.id.in_(required))
        .order_by(Product.id)
    )
    short = min(rows, key=lambda row: row.stock_quantity - required[row.id])
    return OutOfStock(
        product_id=short.id,
        product_name=short.name,
        available_quantity=short.stock_quantity,
        required_quantity=required[short.id],
    )


async def _require_admitted(transaction: Transaction, supplier_id: UUID) -> None:
    supplier = (
        await transaction.execute(
            select(Organisation.name, Supplier.state)
            .outerjoin(Supplier, Supplier.id == Organisation.id)
            .where(Organisation.id == supplier_id)
        )
    ).one()
    if supplier.state is not SupplierState.ADMITTED:
        raise SupplierNotAdmitted(supplier_name=supplier.name)


async def _keep_price(
    transaction: Transaction, actor: Actor, product_id: UUID, unit_price_fen: Fen
) -> None:
    await transaction.execute(
        insert(PriceChange).values(
            id=new_id(),
            product_id=product_id,
            at=transaction.now,
            unit_price_fen=unit_price_fen,
            changed_by=actor.person_id,
        )
    )


def _require_price(unit_price_fen: Fen) -> None:
    if not 0 < unit_price_fen <= UNIT_PRICE_FEN_MAX:
        raise InvalidValue(path="unitPriceFen", reason="range")


def _require_terms(terms: Terms) -> None:
    _require_price(terms.unit_price_fen)
    if not 0 <= terms.stock_quantity <= QUANTITY_MAX:
        raise InvalidValue(path="stockQuantity", reason="range")
    for path, text, length_max in (
        ("name", terms.name, NAME_LENGTH_MAX),
        ("category", terms.category, CATEGORY_LENGTH_MAX),
        ("unitName", terms.unit_name, UNIT_NAME_LENGTH_MAX),
    ):
        required(text, path=path, longest=length_max)
    if len(terms.county_code) != CODE_LENGTH or not terms.county_code.isdecimal():
        raise InvalidValue(path="countyCode", reason="not_a_county")
