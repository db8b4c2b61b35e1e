"""Roles are given by those above, fit the organisation, and end at once."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select

from models.kernel.audit import AuditEntry
from models.kernel.database import Database
from models.kernel.divisions import NATION
from models.kernel.ids import new_id
from models.kernel.refusals import NotFound
from models.parties import ANONYMOUS, Actor, Membership, OrganisationKind, Role
from models.parties.grants import (
    LastAdministrator,
    RoleHeldAlready,
    RoleUnfit,
    end_role,
    grant_role,
    viewer,
)
from models.parties.rights import NotPermitted, NotSignedIn
from tests.databases import count
from tests.parties import (
    DACHUAN,
    actor,
    make_administrator,
    make_holder,
    make_organisation,
    make_person,
    rows,
)


async def grant(
    database: Database, granting: Actor, person_id: UUID, organisation_id: UUID, role: Role
) -> UUID:
    membership_id = new_id()
    await database.transact(
        lambda transaction: grant_role(
            transaction,
            granting,
            membership_id=membership_id,
            person_id=person_id,
            organisation_id=organisation_id,
            role=role,
        )
    )
    return membership_id


async def end(database: Database, ending: Actor, membership_id: UUID) -> None:
    await database.transact(
        lambda transaction: end_role(transaction, ending, membership_id=membership_id)
    )


async def test_a_role_holds_from_its_grant_to_its_end_and_may_be_given_again(
    database: Database,
) -> None:
    administrator = await make_administrator(database)
    unit = await make_organisation(database, administrator)
    person_id = await make_person(database, administrator)
    assert not (await actor(database, person_id)).grants

    first = await grant(database, administrator, person_id, unit, Role.OFFICER)
    assert (await actor(database, person_id)).acts_for(unit, Role.OFFICER)
    with pytest.raises(RoleHeldAlready):
        await grant(database, administrator, person_id, unit, Role.OFFICER)

    await end(database, administrator, first)
    assert not (await actor(database, person_id)).grants
    with pytest.raises(NotFound):
        await end(database, administrator, first)

    await grant(database, administrator, person_id, unit, Role.OFFICER)
    assert (await actor(database, person_id)).acts_for(unit, Role.OFFICER)
    async with database.read() as connection:
        acts = select(AuditEntry.act).where(AuditEntry.subject == "membership")
        assert (await connection.execute(acts)).scalars().all().count("role_ended") == 1


async def test_a_superior_gives_roles_of_buying_below_itself_only(database: Database) -> None:
    administrator = await make_administrator(database)
    bureau = await make_organisation(database, administrator)
    school = await make_organisation(database, administrator, parent_id=bureau)
    sister = await make_organisation(database, administrator)
    fund_office = await make_organisation(
        database, administrator, OrganisationKind.FUND_OFFICE, parent_id=bureau
    )
    superior = await make_holder(database, administrator, Role.SUPERIOR, bureau)
    person_id = await make_person(database, administrator)
    before = await rows(database, Membership)

    for organisation_id, role in (
        (bureau, Role.OFFICER),
        (sister, Role.OFFICER),
        (fund_office, Role.FUND_MANAGER),
        (school, Role.ADMINISTRATOR),
    ):
        with pytest.raises(NotPermitted):
            await grant(database, superior, person_id, organisation_id, role)
    assert await rows(database, Membership) == before

    membership_id = await grant(database, superior, person_id, school, Role.OFFICER)
    await end(database, superior, membership_id)


async def test_a_superior_ends_no_role_outside_its_tree(database: Database) -> None:
    administrator = await make_administrator(database)
    bureau = await make_organisation(database, administrator)
    sister = await make_organisation(database, administrator)
    superior = await make_holder(database, administrator, Role.SUPERIOR, bureau)
    person_id = await make_person(database, administrator)
    membership_id = await grant(database, administrator, person_id, sister, Role.OFFICER)
    before = await rows(database, Membership)

    for ending, refusal in (
        (superior, NotPermitted),
        (Actor(person_id), NotPermitted),
        (ANONYMOUS, NotSignedIn),
    ):
        with pytest.raises(refusal):
            await end(database, ending, membership_id)
    assert await rows(database, Membership) == before


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        (OrganisationKind.BUDGET_UNIT, Role.ADMINISTRATOR),
        (OrganisationKind.BUDGET_UNIT, Role.FUND_MANAGER),
        (OrganisationKind.SUPPLIER, Role.OFFICER),
        (OrganisationKind.FUND_OFFICE, Role.FINANCE),
        (OrganisationKind.OPERATOR, Role.AUDITOR),
    ],
)
async def test_a_role_fits_its_kind_of_organisation(
    database: Database, kind: OrganisationKind, role: Role
) -> None:
    administrator = await make_administrator(database)
    organisation_id = await make_organisation(database, administrator, kind)
    person_id = await make_person(database, administrator)

    with pytest.raises(RoleUnfit) as refusal:
        await grant(database, administrator, person_id, organisation_id, role)

    assert refusal.value.facts == {"role": role, "kind": kind}
    assert await count(database, Membership) == 1


async def test_every_role_fits_some_kind(database: Database) -> None:
    administrator = await make_administrator(database)
    granted: set[Role] = set()
    for kind in OrganisationKind:
        organisation_id = await make_organisation(database, administrator, kind)
        person_id = await make_person(database, administrator)
        for role in Role:
            try:
                await grant(database, administrator, person_id, organisation_id, role)
            except RoleUnfit:
                continue
            granted.add(role)

    assert granted == set(Role)


async def test_an_administrator_of_a_division_makes_none_outside_it(database: Database) -> None:
    administrator = await make_administrator(database)
    here = await make_organisation(database, administrator, OrganisationKind.OPERATOR)
    there = await make_organisation(
        database, administrator, OrganisationKind.OPERATOR, division_code=DACHUAN
    )
    local = await make_holder(database, administrator, Role.ADMINISTRATOR, here)
    person_id = await make_person(database, administrator)
    before = await count(database, Membership)

    with pytest.raises(NotPermitted):
        await grant(database, local, person_id, there, Role.ADMINISTRATOR)
    assert await count(database, Membership) == before


async def test_nobody_is_given_a_role_who_is_not_there(database: Database) -> None:
    administrator = await make_administrator(database)
    unit = await make_organisation(database, administrator)

    for person_id, organisation_id in ((new_id(), unit), (administrator.person_id, new_id())):
        assert person_id is not None
        with pytest.raises(NotFound):
            await grant(database, administrator, person_id, organisation_id, Role.OFFICER)
    assert await count(database, Membership) == 1


async def test_two_administrators_who_end_each_other_leave_one(database: Database) -> None:
    first = await make_administrator(database, "first")
    second = await make_administrator(database, "second")
    async with database.read() as connection:
        held = {
            row.person_id: row.id
            for row in await connection.execute(select(Membership.id, Membership.person_id))
        }
    assert first.person_id is not None
    assert second.person_id is not None

    results = await asyncio.gather(
        end(database, first, held[second.person_id]),
        end(database, second, held[first.person_id]),
        return_exceptions=True,
    )

    assert {type(result) for result in results} == {type(None), LastAdministrator}
    async with database.read() as connection:
        left = select(Membership.id).where(Membership.ended_at.is_(None))
        assert len((await connection.execute(left)).all()) == 1


async def test_the_first_administrator_acts_for_the_whole_nation(database: Database) -> None:
    first = await make_administrator(database, "first")
    second = await make_administrator(database, "second")

    assert first.serves_division(NATION, Role.ADMINISTRATOR)
    assert first.grants == second.grants


async def test_a_viewer_sees_their_own_roles(database: Database) -> None:
    administrator = await make_administrator(database)
    unit = await make_organisation(database, administrator)
    officer = await make_holder(database, administrator, Role.OFFICER, unit)

    async with database.read() as connection:
        assert await viewer(connection, ANONYMOUS) is None
        seen = await viewer(connection, officer)
    assert seen is not None
    assert seen.person.name == "张三"
    assert [(held.role, held.organisation_id) for held in seen.held] == [(Role.OFFICER, unit)]
