"""Who gives and ends a role, and what a person may do at this moment (domain §2 "Buyers").

A superior unit (主管单位) gives the roles of buying to people of the units below it, never of
itself and never the roles of money, review or supervision; those are an administrator's to give.
A role fits certain kinds of organisation alone. A role that was ended is history: giving it again
makes a new membership.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from models.kernel import audit
from models.kernel.database import Connection, Transaction
from models.kernel.divisions import NATION
from models.kernel.ids import new_id
from models.kernel.refusals import NotFound, Refusal
from models.parties.memberships import Actor, Grant, Membership, Role
from models.parties.organisations import (
    Organisation,
    OrganisationKind,
    OrganisationRow,
    insert_organisation,
    organisation,
)
from models.parties.people import PersonRow, insert_person, people_by_id
from models.parties.rights import Right, in_division, over


@dataclass(eq=False)
class RoleUnfit(Refusal):
    """An organisation of this kind has no such role."""

    role: Role
    kind: OrganisationKind


@dataclass(eq=False)
class RoleHeldAlready(Refusal):
    """The person holds this role for this organisation already."""

    role: Role


@dataclass(eq=False)
class LastAdministrator(Refusal):
    """Without this membership nobody could administer the platform any more."""


GRANTING = in_division(Role.ADMINISTRATOR) | over(Role.SUPERIOR)
_GRANTING_ANY = in_division(Role.ADMINISTRATOR)
_BUYING = frozenset({Role.OFFICER, Role.APPROVER, Role.SUPERIOR})
_PUBLIC_BODIES = frozenset(OrganisationKind) - {
    OrganisationKind.OPERATOR,
    OrganisationKind.SUPPLIER,
    OrganisationKind.DONOR,
}
_FITTING: Final[Mapping[Role, Collection[OrganisationKind]]] = {
    **dict.fromkeys(_BUYING, _PUBLIC_BODIES),
    Role.SUPPLIER: {OrganisationKind.SUPPLIER},
    Role.FUND_MANAGER: {OrganisationKind.FUND_OFFICE},
    Role.FUND_CASHIER: {OrganisationKind.FUND_OFFICE},
    Role.FINANCE: {OrganisationKind.FINANCE_BUREAU},
    Role.VILLAGE_REVIEWER: {OrganisationKind.REVIEWING_OFFICE},
    Role.TOWNSHIP_REVIEWER: {OrganisationKind.REVIEWING_OFFICE},
    Role.DISTRICT_REVIEWER: {OrganisationKind.REVIEWING_OFFICE},
    Role.AUDITOR: {OrganisationKind.SUPERVISOR},
    Role.ADMINISTRATOR: {OrganisationKind.OPERATOR},
}


def right_to_grant(role: Role) -> Right:
    """Who may give and end this role."""
    return GRANTING if role in _BUYING else _GRANTING_ANY


async def grant_role(
    transaction: Transaction,
    actor: Actor,
    *,
    membership_id: UUID,
    person_id: UUID,
    organisation_id: UUID,
    role: Role,
) -> None:
    """Give a person a role for an organisation; it holds from the next request on.

    Refuses with NotFound, NotPermitted, RoleUnfit and RoleHeldAlready.
    """
    subject = await organisation(transaction.connection, organisation_id)
    right_to_grant(role).require(actor, path=subject.path, division_code=subject.division_code)
    if subject.kind not in _FITTING[role]:
        raise RoleUnfit(role=role, kind=subject.kind)
    if person_id not in await people_by_id(transaction.connection, [person_id]):
        raise NotFound(noun="person")
    await _insert_membership(
        transaction,
        actor.person_id,
        membership_id=membership_id,
        person_id=person_id,
        organisation_id=organisation_id,
        role=role,
    )


async def end_role(transaction: Transaction, actor: Actor, *, membership_id: UUID) -> None:
    """End a role that is held; it is gone from the next request on.

    Refuses with NotFound (also when it was ended before), NotPermitted and LastAdministrator.
    """
    row = (
        await transaction.execute(
            select(Membership.role, Membership.organisation_id).where(
                Membership.id == membership_id, Membership.ended_at.is_(None)
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound(noun="membership")
    subject = await organisation(transaction.connection, row.organisation_id)
    right_to_grant(row.role).require(actor, path=subject.path, division_code=subject.division_code)
    if row.role is Role.ADMINISTRATOR:
        await _require_another_administrator(transaction, membership_id)
    ended = await transaction.execute(
        update(Membership)
        .where(Membership.id == membership_id, Membership.ended_at.is_(None))
        .values(ended_at=transaction.now)
        .returning(Membership.id)
    )
    if ended.first() is None:
        raise NotFound(noun="membership")
    await audit.record(
        transaction,
        actor.person_id,
        act="role_ended",
        subject="membership",
        subject_id=membership_id,
        facts={"role": row.role, "organisation_id": row.organisation_id},
    )


async def create_administrator(
    transaction: Transaction, *, person_id: UUID, sign_in_name: str, name: str, password_hash: str
) -> None:
    """Make the first administrator, or another one when all lost their way in.

    For the command line alone: whoever can run it holds the machine. The operator's organisation
    is made with the first one. Refuses with InvalidValue and SignInNameTaken.
    """
    operator_id = await transaction.connection.scalar(
        select(Organisation.id).where(
            Organisation.kind == OrganisationKind.OPERATOR, Organisation.division_code == NATION
        )
    )
    if operator_id is None:
        operator_id = new_id()
        await insert_organisation(
            transaction,
            None,
            OrganisationRow(
                id=operator_id,
                kind=OrganisationKind.OPERATOR,
                name="平台运营",
                credit_code=None,
                division_code=NATION,
                parent_id=None,
                path=f"/{operator_id}/",
            ),
        )
    await insert_person(
        transaction,
        None,
        person_id=person_id,
        sign_in_name=sign_in_name,
        name=name,
        password_hash=password_hash,
    )
    await _insert_membership(
        transaction,
        None,
        membership_id=new_id(),
        person_id=person_id,
        organisation_id=operator_id,
        role=Role.ADMINISTRATOR,
    )


async def _insert_membership(
    transaction: Transaction,
    granted_by: UUID | None,
    *,
    membership_id: UUID,
    person_id: UUID,
    organisation_id: UUID,
    role: Role,
) -> None:
    inserted = await transaction.insert_if_free(
        Membership,
        {
            "id": membership_id,
            "person_id": person_id,
            "organisation_id": organisation_id,
            "role": role,
            "created_at": transaction.now,
        },
        key=("person_id", "organisation_id", "role"),
        where="ended_at IS NULL",
    )
    if not inserted:
        raise RoleHeldAlready(role=role)
    await audit.record(
        transaction,
        granted_by,
        act="role_granted",
        subject="membership",
        subject_id=membership_id,
        facts={"role": role, "organisation_id": organisation_id, "person_id": person_id},
    )


async def _require_another_administrator(transaction: Transaction, membership_id: UUID) -> None:
    # All of them are locked, in the order of their ids: two who end each other at once must queue.
    statement = (
        select(Membership.id)
        .where(Membership.role == Role.ADMINISTRATOR, Membership.ended_at.is_(None))
        .order_by(Membership.id)
        .with_for_update()
    )
    administrators = (await transaction.execute(statement)).scalars().all()
    if all(other == membership_id for other in administrators):
        raise LastAdministrator


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role that a person holds, with the organisation it is for."""

    membership_id: UUID
    role: Role
    organisation_id: UUID


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person who asks, and every role they hold."""

    person: PersonRow
    held: tuple[HeldRole, ...]


async def held_roles_in_scope(
    connection: Connection, actor: Actor, membership_ids: Collection[UUID]
) -> list[HeldRole]:
    """Those of the roles held now that the actor holds, or may give and end."""
    statement = (
        select(
            Membership.id,
            Membership.role,
            Membership.organisation_id,
            Membership.person_id,
            Organisation.path,
            Organisation.division_code,
        )
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.id.in_(membership_ids), Membership.ended_at.is_(None))
    )
    return [
        HeldRole(row.id, row.role, row.organisation_id)
        for row in await connection.execute(statement)
        if row.person_id == actor.person_id
        or right_to_grant(row.role).holds(actor, path=row.path, division_code=row.division_code)
    ]


async def actor_of(connection: Connection, person_id: UUID) -> Actor:
    """The person with every role they hold now."""
    statement = (
        select(
            Membership.role,
            Membership.organisation_id,
            Organisation.division_code,
            Organisation.path,
        )
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.person_id == person_id, Membership.ended_at.is_(None))
        .order_by(Membership.id)
    )
    return Actor(person_id, tuple(Grant(*row) for row in await connection.execute(statement)))


async def viewer(connection: Connection, actor: Actor) -> Viewer | None:
    """The actor as they see themselves; None for nobody in particular."""
    if actor.person_id is None:
        return None
    people = await people_by_id(connection, [actor.person_id])
    statement = (
        select(Membership.id, Membership.role, Membership.organisation_id)
        .where(Membership.person_id == actor.person_id, Membership.ended_at.is_(None))
        .order_by(Membership.id)
    )
    held = tuple(HeldRole(*row) for row in await connection.execute(statement))
    return Viewer(people[actor.person_id], held)
