"""A relief payout: an approved amount, straight to the household's own card (domain §4, "Payout").

Source: 《通川区防返贫基金管理办法(试行)》: 坚持打卡直发到户,防止截留. Approving holds the money in
the fund; the bank's answer turns the hold into a payment out of named receipts, or sets it free.
Who approves does not settle: two people, always.
"""

import enum
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    false,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models import households
from models.funds import draws
from models.funds.draws import Draw
from models.funds.fund import Fund
from models.households import NewHousehold
from models.kernel import audit, divisions
from models.kernel.database import Base, Transaction
from models.kernel.ids import new_code, new_id
from models.kernel.money import Fen
from models.kernel.paging import Keyset, Page
from models.kernel.refusals import InvalidValue, NotFound, Refusal
from models.kernel.texts import required
from models.parties.memberships import Actor, Role
from models.parties.rights import in_division, own

APPROVING = in_division(Role.DISTRICT_REVIEWER)
SETTLING = own(Role.FUND_CASHIER)
READING = in_division(
    Role.DISTRICT_REVIEWER, Role.AUDITOR, Role.FINANCE, Role.FUND_MANAGER, Role.FUND_CASHIER
)
_REASON_LENGTH = 200
_REFERENCE_LENGTH = 120


class SamePerson(Refusal):
    """Who approved a payout may not settle it."""


@dataclass(eq=False)
class BankReferenceRepeated(Refusal):
    """Another payout of the fund was settled with this reference of the bank."""

    reference: str


class HouseholdOutsideDivision(Refusal):
    """The household does not live in the fund's division."""


class Cause(enum.StrEnum):
    """Why a household needs relief."""

    ILLNESS = "illness"
    DISASTER = "disaster"
    ACCIDENT = "accident"


class ReliefPayout(Base):
    """A payout to a household; its amount and state are those of the draw with the same id."""

    __tablename__ = "relief_payouts"
    __table_args__ = (
        UniqueConstraint("fund_id", "bank_reference"),
        CheckConstraint("settled_by <> approved_by", name="two_people"),
        Index(None, "fund_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("draws.id"), primary_key=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    household_id: Mapped[UUID] = mapped_column(ForeignKey("households.id"), index=True)
    division_code: Mapped[str] = mapped_column(String(12))
    cause: Mapped[Cause]
    approved_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    settled_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    bank_reference: Mapped[str | None] = mapped_column(String(_REFERENCE_LENGTH))
    failure_reason: Mapped[str | None] = mapped_column(String(_REASON_LENGTH))


async def grant(
    transaction: Transaction,
    actor: Actor,
    *,
    payout_id: UUID,
    fund_id: UUID,
    household: NewHousehold,
    cause: Cause,
    amount_fen: Fen,
) -> UUID:
    """Approve an amount for a household and hold it in the fund.

    After: the household is registered, the money is held, and the floor is kept: crossing it opens
    or raises the fund's call. Refuses with NotPermitted unless a reviewer of the district asks,
    NotFound, HouseholdOutsideDivision, InvalidValue, FundOverdrawn.
    """
    fund = (await transaction.execute(select(Fund.division_code).where(Fund.id == fund_id))).first()
    if fund is None:
        raise NotFound(noun="fund")
    APPROVING.require(actor, division_code=fund.division_code)
    if amount_fen < 1:
        raise InvalidValue(path="amountFen", reason="not_positive")
    if not divisions.contains(fund.division_code, household.division_code):
        raise HouseholdOutsideDivision
    household_id = new_id()
    await households.register_household(
        transaction, actor, household_id=household_id, household=household
    )
    await draws.hold(
        transaction,
        payout_id=payout_id,
        fund_id=fund_id,
        division_code=fund.division_code,
        amount_fen=amount_fen,
    )
    await transaction.execute(
        insert(ReliefPayout).values(
            id=payout_id,
            number=new_code("JF"),
            fund_id=fund_id,
            household_id=household_id,
            division_code=household.division_code,
            cause=cause,
            approved_by=actor.person_id,
        )
    )
    await audit.record(
        transaction,
        actor.person_id,
        act="payout_granted",
        subject="relief_payout",
        subject_id=payout_id,
        facts={"fund_id": fund_id, "amount_fen": amount_fen, "cause": cause.value},
    )
    return payout_id


async def settle(
    transaction: Transaction,
    actor: Actor,
    *,
    payout_id: UUID,
    bank_reference: str,
    failure_reason: str | None,
) -> UUID:
    """Write down the bank's answer: paid, or failed with a reason, which sets the money free.

    Refuses with NotFound, NotPermitted unless the cashier of the fund's office asks, SamePerson,
    BankReferenceRepeated, WrongState when it was settled before, InvalidValue for a blank reference
    or reason.
    """
    payout = (
        await transaction.execute(
            select(ReliefPayout.approved_by, ReliefPayout.fund_id, Fund.office_id)
            .join(Fund, Fund.id == ReliefPayout.fund_id)
            .where(ReliefPayout.id == payout_id)
        )
    ).first()
    if payout is None:
        raise NotFound(noun="relief_payout")
    SETTLING.require(actor, organisation_id=payout.office_id)
    if payout.approved_by == actor.person_id:
        raise SamePerson
    reference = required(bank_reference, path="bankReference", longest=_REFERENCE_LENGTH)
    if failure_reason is not None:
        failure_reason = required(failure_reason, path="failureReason", longest=_REASON_LENGTH)
    await draws.settle(transaction, payout_id=payout_id, paid=failure_reason is None)
    # The fund's lock is held by now, so that no twin can be using the same reference.
    repeated = await transaction.execute(
        select(ReliefPayout.id).where(
            ReliefPayout.fund_id == payout.fund_id,
            ReliefPayout.bank_reference == reference,
            ReliefPayout.id != payout_id,
        )
    )
    if repeated.first() is not None:
        raise BankReferenceRepeated(reference=reference)
    await transaction.execute(
        update(ReliefPayout)
        .where(ReliefPayout.id == payout_id)
        .values(
            settled_by=actor.person_id,
            bank_reference=reference,
            failure_reason=failure_reason,
        )
    )
    await audit.record(
        transaction,
        actor.person_id,
        act="payout_paid" if failure_reason is None else "payout_failed",
        subject="relief_payout",
        subject_id=payout_id,
    )
    return payout_id


PAYOUTS = (
    select(
        ReliefPayout.__table__,
        Draw.amount_fen,
        Draw.state,
        Draw.held_at,
        Draw.settled_at,
        Fund.division_code.label("fund_division_code"),
    )
    .join(Draw, Draw.id == ReliefPayout.id)
    .join(Fund, Fund.id == ReliefPayout.fund_id)
)


async def by_ids(
    connection: AsyncConnection, actor: Actor, ids: Collection[UUID]
) -> dict[UUID, Any]:
    """Payouts by id that the actor may read, each with its amount, state and times."""
    rows = await connection.execute(PAYOUTS.where(ReliefPayout.id.in_(ids)))
    return {
        row.id: row for row in rows if READING.holds(actor, division_code=row.fund_division_code)
    }


async def page(
    connection: AsyncConnection, actor: Actor, keyset: Keyset, *, fund_id: UUID | None
) -> Page[Any]:
    """Payouts that the actor may read, the newest first, of one fund or of all."""
    reached = [
        prefix
        for grant in actor.grants
        if grant.role in READING.roles
        for prefix in (divisions.prefix(grant.division_code),)
    ]
    inside = [Fund.division_code.startswith(prefix) for prefix in reached]
    statement = PAYOUTS.where(or_(false(), *inside))
    if fund_id is not None:
        statement = statement.where(ReliefPayout.fund_id == fund_id)
    return await keyset.rows(connection, statement, ReliefPayout.id, falling=True)
