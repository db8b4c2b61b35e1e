"""What a village gains from an order (受益, domain §2 "Village benefit").

After every acceptance and return, the benefits of an order line are the split by largest remainder
(ties to the lower code) of what was accepted and not returned; each movement writes only the
difference to what was written before. So the parts of a line always add up to it, to the fen, a
village is never below zero, and a line returned in full leaves every village at exactly zero,
whatever the parts were it was accepted and returned in. The price of that: the share of a village
may move by a fen the other way when the remainder goes to another one.

The rows are append-only and there is no row of totals beside them: a popular village would make
every acceptance in a county wait for one lock, and the sum over a county's year is one range of
one index.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Select,
    String,
    cast,
    func,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import divisions
from models.kernel.clock import business_date
from models.kernel.database import Base, Transaction
from models.kernel.ids import new_id
from models.kernel.money import BasisPoints, Fen, split
from models.kernel.paging import Keyset, Page
from models.procurement.lots import LotVillage

_COUNTY_LENGTH = 6


class VillageBenefit(Base):
    """What one movement of an order line gave to a village, or took back from it; append-only.

    The year and month are those in Shanghai of the movement itself: a return in January lowers
    January, and a figure that was published for December stays.
    """

    __tablename__ = "village_benefits"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0", name="amount_is_not_zero"),
        Index(None, "county_code", "year", "village_code", "order_id"),
        Index(None, "village_code", "year"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("order_lines.id"))
    event_id: Mapped[UUID] = mapped_column(ForeignKey("order_events.id"))
    village_code: Mapped[str] = mapped_column(String(12))
    county_code: Mapped[str] = mapped_column(String(12))
    year: Mapped[int]
    month: Mapped[int]
    amount_fen: Mapped[Fen]


@dataclass(frozen=True, slots=True)
class Movement:
    """What an order line's accepted and not returned amount was, and what it becomes."""

    line_id: UUID
    lot_id: UUID
    before_fen: Fen
    after_fen: Fen


def differences(
    before_fen: Fen, after_fen: Fen, shares: Mapping[str, BasisPoints]
) -> dict[str, Fen]:
    """What each village gains or loses, without those that do neither.

    After: the differences add up to `after_fen` − `before_fen`.
    """
    before = split(before_fen, shares)
    changes = {
        code: Fen(amount - before[code]) for code, amount in split(after_fen, shares).items()
    }
    assert sum(changes.values()) == after_fen - before_fen
    return {code: change for code, change in changes.items() if change}


@dataclass(frozen=True, slots=True)
class VillageTotal:
    """What the orders of a year gave to a village, in fen, and how many orders still do."""

    village_code: str
    amount_fen: Fen
    order_count: int


async def shares_of_lots(
    connection: AsyncConnection, lot_ids: Sequence[UUID]
) -> dict[UUID, dict[str, BasisPoints]]:
    """The origin villages of lots with their shares, in the order of their codes."""
    rows = await connection.execute(
        select(LotVillage.lot_id, LotVillage.village_code, LotVillage.basis_points)
        .where(LotVillage.lot_id.in_(set(lot_ids)))
        .order_by(LotVillage.lot_id, LotVillage.village_code)
    )
    shares: dict[UUID, dict[str, BasisPoints]] = {}
    for row in rows:
        shares.setdefault(row.lot_id, {})[row.village_code] = row.basis_points
    return shares


async def attribute(
    transaction: Transaction,
    movements: Sequence[Movement],
    *,
    order_id: UUID,
    event_id: UUID,
) -> None:
    """Write the benefits of the movements of one order in one event.

    Before: the order is locked by this transaction. After: the benefits of each line are the split
    of its `after_fen`.
    """
    shares = await shares_of_lots(
        transaction.connection, [movement.lot_id for movement in movements]
    )
    day = business_date(transaction.now)
    rows = [
        {
            "id": new_id(),
            "order_id": order_id,
            "line_id": movement.line_id,
            "event_id": event_id,
            "village_code": code,
            "county_code": divisions.at_level(code, _COUNTY_LENGTH),
            "year": day.year,
            "month": day.month,
            "amount_fen": change,
        }
        for movement in movements
        for code, change in differences(
            movement.before_fen, movement.after_fen, shares[movement.lot_id]
        ).items()
    ]
    if rows:
        await transaction.execute(insert(VillageBenefit), rows)


async def village_totals(
    connection: AsyncConnection, keyset: Keyset, *, division_code: str, year: int
) -> Page[VillageTotal]:
    """The villages of a division by what a year gave to them, the most first; for everybody.

    The keys of the list are the amount and the code.
    """
    totals = _totals(division_code, year).subquery()
    page = await keyset.rows(
        connection,
        select(totals.c.village_code, totals.c.amount_fen, totals.c.order_count),
        totals.c.amount_fen,
        totals.c.village_code,
        falling=True,
    )
    return Page(
        [VillageTotal(row.village_code, row.amount_fen, row.order_count) for row in page.rows],
        page.has_more,
    )


async def count_villages(connection: AsyncConnection, *, division_code: str, year: int) -> int:
    """How many villages of a division gained in a year."""
    statement = select(func.count()).select_from(_totals(division_code, year).subquery())
    return (await connection.execute(statement)).scalar_one()


def _totals(division_code: str, year: int) -> Select[str, int, int]:
    prefix = divisions.prefix(division_code)
    county = prefix[:_COUNTY_LENGTH]
    orders = (
        select(
            VillageBenefit.village_code,
            func.sum(VillageBenefit.amount_fen).label("amount_fen"),
        )
        .where(
            VillageBenefit.county_code.between(*_range(county)),
            VillageBenefit.village_code.between(*_range(prefix)),
            VillageBenefit.year == year,
        )
        .group_by(VillageBenefit.village_code, VillageBenefit.order_id)
        .having(func.sum(VillageBenefit.amount_fen) != 0)
        .subquery()
    )
    return select(
        orders.c.village_code,
        cast(func.sum(orders.c.amount_fen), BigInteger).label("amount_fen"),
        func.count().filter(orders.c.amount_fen > 0).label("order_count"),
    ).group_by(orders.c.village_code)


def _range(prefix: str) -> tuple[str, str]:
    length = divisions.CODE_LENGTH
    return prefix.ljust(length, "0"), prefix.ljust(length, "9")
