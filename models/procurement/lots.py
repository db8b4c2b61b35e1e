"""Where goods come from: a lot names its origin villages with shares (domain §2).

Shares are basis points and add up to the whole. A lot never changes: what changes is the next lot,
valid from its own date; an order line keeps the lot that was newest when it was placed.
"""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import audit, divisions
from models.kernel.database import Base, Transaction
from models.kernel.money import WHOLE, BasisPoints
from models.kernel.refusals import InvalidValue
from models.kernel.texts import required
from models.parties import Actor
from models.places import Division, DivisionLevel
from models.procurement.products import require_own

VILLAGES_MAX = 50
NUMBER_LENGTH_MAX = 40


class Lot(Base):
    """One harvest or batch of a product; append-only."""

    __tablename__ = "lots"
    __table_args__ = (
        UniqueConstraint("product_id", "number"),
        Index(None, "product_id", "valid_from", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"))
    number: Mapped[str] = mapped_column(String(NUMBER_LENGTH_MAX))
    valid_from: Mapped[dt.date]
    added_at: Mapped[dt.datetime]


class LotVillage(Base):
    """The share of one village in a lot; append-only."""

    __tablename__ = "lot_villages"
    __table_args__ = (
        CheckConstraint("basis_points BETWEEN 1 AND 10000", name="share_is_of_the_whole"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"), primary_key=True)
    village_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    basis_points: Mapped[BasisPoints]


def fault_of_shares(shares: Mapping[str, BasisPoints]) -> str | None:
    """What is wrong with the shares of a lot, if anything."""
    if not 0 < len(shares) <= VILLAGES_MAX:
        return "village_count"
    if any(share <= 0 for share in shares.values()):
        return "share_not_positive"
    if sum(shares.values()) != WHOLE:
        return "shares_do_not_add_up"
    if any(len(divisions.prefix(code)) != divisions.CODE_LENGTH for code in shares):
        return "not_a_village"
    return None


async def add(
    transaction: Transaction,
    actor: Actor,
    *,
    lot_id: UUID,
    product_id: UUID,
    number: str,
    valid_from: dt.date,
    villages: Mapping[str, BasisPoints],
) -> None:
    """Name the origin villages (code → basis points) of the goods sold from a date on.

    Refuses with NotFound, NotYourSupplier, or InvalidValue when the number was used, the shares do
    not add up to 10,000 or a village is unknown.
    """
    number = required(number, path="number", longest=NUMBER_LENGTH_MAX)
    if fault := fault_of_shares(villages):
        raise InvalidValue(path="villages", reason=fault)
    await require_own(transaction, actor, product_id)
    if await _number_is_used(transaction, product_id, number):
        raise InvalidValue(path="number", reason="used_before")
    await _require_known(transaction, villages)
    await transaction.execute(
        insert(Lot).values(
            id=lot_id,
            product_id=product_id,
            number=number,
            valid_from=valid_from,
            added_at=transaction.now,
        )
    )
    await transaction.execute(
        insert(LotVillage),
        [
            {"lot_id": lot_id, "village_code": code, "basis_points": share}
            for code, share in sorted(villages.items())
        ],
    )
    await audit.record(
        transaction,
        actor.person_id,
        act="lot_added",
        subject="product",
        subject_id=product_id,
        facts={"lot_id": lot_id, "number": number, "valid_from": valid_from},
    )


async def _number_is_used(transaction: Transaction, product_id: UUID, number: str) -> bool:
    found = await transaction.execute(
        select(Lot.id).where(Lot.product_id == product_id, Lot.number == number)
    )
    return found.first() is not None


async def _require_known(transaction: Transaction, villages: Mapping[str, BasisPoints]) -> None:
    known = await transaction.execute(
        select(Division.code).where(
            Division.code.in_(villages), Division.level == DivisionLevel.VILLAGE
        )
    )
    if villages.keys() - set(known.scalars()):
        raise InvalidValue(path="villages", reason="unknown_village")
