"""A supplier sells only while it is admitted (财库〔2021〕19号: 县级推荐、平台审核).

The county recommends, the platform admits with a document number and a date; a suspension ends the
selling, not what was sold.
"""

import datetime as dt
import enum
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ForeignKey, String, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import audit
from models.kernel.database import Base, Transaction
from models.kernel.refusals import NotFound, Refusal, WrongState
from models.parties import Actor, Organisation, OrganisationKind, Role
from models.parties.rights import anywhere, own

ADMITTING = anywhere(Role.ADMINISTRATOR)
SELLING = own(Role.SUPPLIER)


class SupplierState(enum.StrEnum):
    """Whether a supplier may sell."""

    ADMITTED = "admitted"
    SUSPENDED = "suspended"


class Supplier(Base):
    """The admission of an organisation as a supplier, in the county that it is registered in."""

    __tablename__ = "suppliers"

    id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    state: Mapped[SupplierState]
    division_code: Mapped[str] = mapped_column(String(12))
    document_number: Mapped[str] = mapped_column(String(80))
    admitted_on: Mapped[dt.date]


@dataclass(eq=False)
class NotYourSupplier(Refusal):
    """Only the people of the supplier itself may do this."""

    supplier_id: UUID


@dataclass(eq=False)
class SupplierNotAdmitted(Refusal):
    """The supplier is not, or no longer, admitted."""

    supplier_name: str


def require_supplier(actor: Actor, supplier_id: UUID) -> None:
    """Refuses with NotSignedIn, NotPermitted, or NotYourSupplier for another supplier's people."""
    SELLING.admit(actor)
    if not SELLING.holds(actor, organisation_id=supplier_id):
        raise NotYourSupplier(supplier_id=supplier_id)


async def admit(
    transaction: Transaction,
    actor: Actor,
    *,
    organisation_id: UUID,
    document_number: str,
    admitted_on: dt.date,
) -> None:
    """Admit an organisation of kind supplier, by an administrator; again after a suspension.

    Refuses with NotSignedIn, NotPermitted, NotFound or WrongState (already admitted).
    """
    ADMITTING.require(actor)
    found = (
        await transaction.execute(
            select(Organisation.division_code, Supplier.state)
            .outerjoin(Supplier, Supplier.id == Organisation.id)
            .where(
                Organisation.id == organisation_id,
                Organisation.kind == OrganisationKind.SUPPLIER,
            )
        )
    ).one_or_none()
    if found is None:
        raise NotFound(noun="supplier")
    admission = {
        "state": SupplierState.ADMITTED,
        "document_number": document_number,
        "admitted_on": admitted_on,
    }
    if found.state is None:
        await transaction.execute(
            insert(Supplier).values(
                id=organisation_id, division_code=found.division_code, **admission
            )
        )
    else:
        await _change(transaction, organisation_id, SupplierState.SUSPENDED, admission)
    await audit.record(
        transaction,
        actor.person_id,
        act="supplier_admitted",
        subject="supplier",
        subject_id=organisation_id,
        facts={"document_number": document_number, "admitted_on": admitted_on},
    )


async def suspend(
    transaction: Transaction, actor: Actor, *, organisation_id: UUID, reason: str
) -> None:
    """Stop a supplier from selling, by an administrator; its open orders go on.

    Refuses with NotSignedIn, NotPermitted, NotFound or WrongState (already suspended).
    """
    ADMITTING.require(actor)
    await _change(
        transaction,
        organisation_id,
        SupplierState.ADMITTED,
        {"state": SupplierState.SUSPENDED},
    )
    await audit.record(
        transaction,
        actor.person_id,
        act="supplier_suspended",
        subject="supplier",
        subject_id=organisation_id,
        facts={"reason": reason},
    )


async def _change(
    transaction: Transaction,
    organisation_id: UUID,
    expected: SupplierState,
    values: dict[str, object],
) -> None:
    changed = await transaction.execute(
        update(Supplier)
        .where(Supplier.id == organisation_id, Supplier.state == expected)
        .values(values)
    )
    if changed.rowcount == 1:
        return
    state = (
        await transaction.execute(select(Supplier.state).where(Supplier.id == organisation_id))
    ).scalar_one_or_none()
    if state is None:
        raise NotFound(noun="supplier")
    raise WrongState(noun="supplier", state=state)
