"""The appropriation of a budget unit for a year (指标, domain §2 "Money of a unit").

One book of the ledger for each unit and year: what was granted is available, then held by orders
(占用), then payable for what was accepted, then paid. A unit can never hold more than it has: the
ledger refuses to overdraw what is available, and that refusal becomes BudgetExceeded here.
"""

import datetime as dt
import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Row,
    SmallInteger,
    String,
    UniqueConstraint,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import audit
from models.kernel.database import Base, Transaction
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue, NotFound, Refusal
from models.kernel.texts import required
from models.ledger import posting
from models.ledger.books import Account, Side
from models.parties import Actor, Organisation, OrganisationKind, Role
from models.parties.rights import anywhere, in_division
from models.procurement.scope import readable_units

GRANTING = in_division(Role.FINANCE) | anywhere(Role.ADMINISTRATOR)

NOTHING = Fen(0)
BOOK_KIND = "appropriation"
GRANT_FEN_MAX = 10**15
DOCUMENT_LENGTH_MAX = 80
_FIRST_YEAR, _LAST_YEAR = 2012, 2099


class Appropriation(Base):
    """The book of a unit's year and its five accounts; its id is that of the book."""

    __tablename__ = "appropriations"
    __table_args__ = (UniqueConstraint("unit_id", "year"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    division_code: Mapped[str] = mapped_column(String(12))
    granted_id: Mapped[UUID]
    available_id: Mapped[UUID]
    held_id: Mapped[UUID]
    payable_id: Mapped[UUID]
    paid_id: Mapped[UUID]


class AppropriationChange(Base):
    """A grant, or a later change of it up or down, by a document; append-only."""

    __tablename__ = "appropriation_changes"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0", name="amount_is_not_zero"),
        UniqueConstraint("appropriation_id", "document_number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    appropriation_id: Mapped[UUID] = mapped_column(ForeignKey("appropriations.id"))
    amount_fen: Mapped[Fen]
    document_number: Mapped[str] = mapped_column(String(DOCUMENT_LENGTH_MAX))
    decided_on: Mapped[dt.date]
    changed_by: Mapped[UUID | None]
    changed_at: Mapped[dt.datetime]


@dataclass(eq=False)
class BudgetExceeded(Refusal):
    """The unit has less left of its appropriation than this needs."""

    available_fen: Fen
    required_fen: Fen


class Move(enum.Enum):
    """What happens to money of an appropriation: the debited and the credited account."""

    GRANT = ("available_id", "granted_id")
    WITHDRAW = ("granted_id", "available_id")
    HOLD = ("held_id", "available_id")
    RELEASE = ("available_id", "held_id")
    OWE = ("payable_id", "held_id")
    PAY = ("paid_id", "payable_id")
    NO_LONGER_OWE = ("available_id", "payable_id")
    GET_BACK = ("available_id", "paid_id")


@dataclass(frozen=True, slots=True)
class Purse:
    """An appropriation as money is moved in it."""

    id: UUID
    division_code: str
    granted_id: UUID
    available_id: UUID
    held_id: UUID
    payable_id: UUID
    paid_id: UUID


@dataclass(frozen=True, slots=True)
class Figures:
    """What a unit has for a year, in fen: the total is the sum of the other four."""

    unit_id: UUID
    year: int
    total_fen: Fen = NOTHING
    available_fen: Fen = NOTHING
    held_fen: Fen = NOTHING
    payable_fen: Fen = NOTHING
    paid_fen: Fen = NOTHING


PURSE_COLUMNS = (
    Appropriation.id,
    Appropriation.division_code,
    Appropriation.granted_id,
    Appropriation.available_id,
    Appropriation.held_id,
    Appropriation.payable_id,
    Appropriation.paid_id,
)
_ACCOUNTS = (
    ("granted", "核定指标 granted", Side.CREDIT),
    ("available", "可用指标 available", Side.DEBIT),
    ("held", "订单占用 held by orders", Side.DEBIT),
    ("payable", "已验收应付 payable", Side.DEBIT),
    ("paid", "已支付 paid", Side.DEBIT),
)


async def grant(
    transaction: Transaction,
    actor: Actor,
    *,
    change_id: UUID,
    unit_id: UUID,
    year: int,
    amount_fen: Fen,
    document_number: str,
    decided_on: dt.date,
) -> None:
    """Add to a unit's appropriation of a year, or take from it when the amount is negative.

    The first grant of a year opens its book. Refuses with NotSignedIn, NotPermitted, NotFound,
    InvalidValue (a document number counts once a year and unit), or BudgetExceeded when more would
    be taken back than is available.
    """
    GRANTING.admit(actor)
    _require_grant(year, amount_fen)
    document = required(document_number, path="documentNumber", longest=DOCUMENT_LENGTH_MAX)
    unit = await _unit(transaction, unit_id)
    GRANTING.require(actor, organisation_id=unit_id, division_code=unit.division_code)
    purse = await _opened(transaction, unit_id, year, unit.name, unit.division_code)
    change = {
        "id": change_id,
        "appropriation_id": purse.id,
        "amount_fen": amount_fen,
        "document_number": document,
        "decided_on": decided_on,
        "changed_by": actor.person_id,
        "changed_at": transaction.now,
    }
    key = ("appropriation_id", "document_number")
    if not await transaction.insert_if_free(AppropriationChange, change, key=key):
        raise InvalidValue(path="documentNumber", reason="used_before")
    move_kind = Move.GRANT if amount_fen > 0 else Move.WITHDRAW
    await move(
        transaction,
        purse,
        reason="appropriation_changed",
        subject=("appropriation_change", change_id),
        amounts={move_kind: Fen(abs(amount_fen))},
    )
    await audit.record(
        transaction,
        actor.person_id,
        act="appropriation_changed",
        subject="organisation",
        subject_id=unit_id,
        facts={"year": year, "amount_fen": amount_fen, "document_number": document_number},
    )


async def move(
    transaction: Transaction,
    purse: Purse,
    *,
    reason: str,
    subject: tuple[str, UUID],
    amounts: Mapping[Move, Fen],
) -> None:
    """Move money within an appropriation, in one journal; amounts of zero are left out.

    Takes the locks of the accounts, so it comes last in a transaction. Refuses with BudgetExceeded
    when less is available than the moves take.
    """
    entries = tuple(
        posting.Entry(
            debit_id=getattr(purse, kind.value[0]),
            credit_id=getattr(purse, kind.value[1]),
            amount_fen=amount,
        )
        for kind, amount in amounts.items()
        if amount
    )
    if not entries:
        return
    journal = posting.Journal(
        book_id=purse.id,
        reason=reason,
        subject=subject[0],
        subject_id=subject[1],
        division_code=purse.division_code,
        occurred_at=transaction.now,
        entries=entries,
    )
    try:
        await posting.post(transaction, [journal])
    except posting.Overdrawn as overdrawn:
        # No other account can lack: each order's own row keeps what it holds, owes and paid.
        if overdrawn.account_id != purse.available_id:
            raise
        raise BudgetExceeded(
            available_fen=overdrawn.available_fen, required_fen=overdrawn.required_fen
        ) from None


async def figures(
    connection: AsyncConnection, unit_ids: Collection[UUID], *, year: int
) -> dict[UUID, Figures]:
    """The appropriations of the units in a year, from the balances of the ledger.

    The caller has the right to read the units. A unit that was granted nothing has zeros.
    """
    balance = Account.posted_debit_fen - Account.posted_credit_fen
    rows = await connection.execute(
        select(Appropriation.unit_id, Account.code, balance.label("balance_fen"))
        .join(Account, Account.book_id == Appropriation.id)
        .where(Appropriation.unit_id.in_(set(unit_ids)), Appropriation.year == year)
    )
    balances: dict[UUID, dict[str, Fen]] = {unit_id: {} for unit_id in unit_ids}
    for row in rows:
        name = "total_fen" if row.code == "granted" else f"{row.code}_fen"
        balances[row.unit_id][name] = abs(row.balance_fen)
    return {unit_id: Figures(unit_id, year, **found) for unit_id, found in balances.items()}


async def figures_by_year(
    connection: AsyncConnection, keys: Collection[tuple[UUID, int]]
) -> dict[tuple[UUID, int], Figures]:
    """The appropriations of units in years, as `figures` gives them."""
    found: dict[tuple[UUID, int], Figures] = {}
    for year in {year for _, year in keys}:
        unit_ids = [unit_id for unit_id, wanted in keys if wanted == year]
        by_unit = await figures(connection, unit_ids, year=year)
        found |= {(unit_id, year): by_unit[unit_id] for unit_id in unit_ids}
    return found


async def readable_unit_ids(
    connection: AsyncConnection, actor: Actor, unit_ids: Collection[UUID]
) -> set[UUID]:
    """Those of the ids that are budget units which the actor may see with their figures."""
    found = await connection.execute(
        select(Organisation.id).where(
            Organisation.id.in_(set(unit_ids)),
            Organisation.kind == OrganisationKind.BUDGET_UNIT,
            readable_units(actor),
        )
    )
    return set(found.scalars())


def _require_grant(year: int, amount_fen: Fen) -> None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise InvalidValue(path="year", reason="range")
    if not 0 < abs(amount_fen) <= GRANT_FEN_MAX:
        raise InvalidValue(path="amountFen", reason="range")


async def _unit(transaction: Transaction, unit_id: UUID) -> Row[str, str]:
    unit = (
        await transaction.execute(
            select(Organisation.name, Organisation.division_code).where(
                Organisation.id == unit_id, Organisation.kind == OrganisationKind.BUDGET_UNIT
            )
        )
    ).one_or_none()
    if unit is None:
        raise NotFound(noun="budget_unit")
    return unit


async def _opened(
    transaction: Transaction, unit_id: UUID, year: int, unit_name: str, division_code: str
) -> Purse:
    purse = Purse(new_id(), division_code, new_id(), new_id(), new_id(), new_id(), new_id())
    columns = {column.key: getattr(purse, column.key) for column in PURSE_COLUMNS}
    row = {"unit_id": unit_id, "year": year, **columns}
    if not await transaction.insert_if_free(Appropriation, row, key=("unit_id", "year")):
        found = await transaction.execute(
            select(*PURSE_COLUMNS).where(
                Appropriation.unit_id == unit_id, Appropriation.year == year
            )
        )
        return Purse(*found.one())
    await posting.open_book(
        transaction,
        book_id=purse.id,
        kind=BOOK_KIND,
        name=f"{unit_name} {year}",
        division_code=division_code,
    )
    await posting.open_accounts(
        transaction,
        [
            posting.NewAccount(
                id=getattr(purse, f"{code}_id"),
                book_id=purse.id,
                code=code,
                name=name,
                normal_side=side,
                division_code=division_code,
            )
            for code, name, side in _ACCOUNTS
        ],
    )
    return purse
