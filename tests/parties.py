"""People and organisations for tests, made by the commands that make them in earnest."""

from uuid import UUID

from argon2 import PasswordHasher
from sqlalchemy import Executable, select, update

from models.kernel.database import Base, Database, Transaction
from models.kernel.ids import new_id
from models.parties import Actor, OrganisationKind, Person, Role
from models.parties.grants import actor_of, create_administrator, grant_role
from models.parties.organisations import open_organisation
from models.parties.passwords import Passwords
from models.parties.people import enrol_person
from models.places.divisions import Division, level_of

TONGCHUAN, DACHUAN = "511702000000", "511703000000"
NO_PASSWORD = "!"  # no hash: nobody signs in with it


async def make_division(database: Database, code: str) -> None:
    """A division of this code, unless it is there already."""
    row = {"code": code, "name": f"division {code}", "level": level_of(code)}
    await database.transact(
        lambda transaction: transaction.insert_if_free(Division, row, key=("code",))
    )


async def make_administrator(database: Database, sign_in_name: str = "administrator") -> Actor:
    """An administrator of the whole platform."""
    person_id = new_id()
    await database.transact(
        lambda transaction: create_administrator(
            transaction,
            person_id=person_id,
            sign_in_name=sign_in_name,
            name="管理员",
            password_hash=NO_PASSWORD,
        )
    )
    return await actor(database, person_id)


async def make_organisation(
    database: Database,
    administrator: Actor,
    kind: OrganisationKind = OrganisationKind.BUDGET_UNIT,
    *,
    division_code: str = TONGCHUAN,
    parent_id: UUID | None = None,
) -> UUID:
    """An organisation, in a division that is made where it lacks."""
    await make_division(database, division_code)
    organisation_id = new_id()
    await database.transact(
        lambda transaction: open_organisation(
            transaction,
            administrator,
            organisation_id=organisation_id,
            kind=kind,
            name=f"{kind.value} {organisation_id}",
            division_code=division_code,
            parent_id=parent_id,
        )
    )
    return organisation_id


async def make_person(database: Database, administrator: Actor) -> UUID:
    """A person without any role."""
    person_id = new_id()
    await database.transact(
        lambda transaction: enrol_person(
            transaction,
            administrator,
            person_id=person_id,
            sign_in_name=f"person-{person_id.hex}",
            name="张三",
            password_hash=NO_PASSWORD,
        )
    )
    return person_id


async def make_holder(
    database: Database, administrator: Actor, role: Role, organisation_id: UUID
) -> Actor:
    """A new person who holds one role for an organisation."""
    person_id = await make_person(database, administrator)
    await database.transact(
        lambda transaction: grant_role(
            transaction,
            administrator,
            membership_id=new_id(),
            person_id=person_id,
            organisation_id=organisation_id,
            role=role,
        )
    )
    return await actor(database, person_id)


async def actor(database: Database, person_id: UUID) -> Actor:
    """The person as they may act now."""
    async with database.read() as connection:
        return await actor_of(connection, person_id)


async def rows(database: Database, table: type[Base]) -> list[object]:
    """Every row of a table, to prove that nothing moved."""
    async with database.read() as connection:
        found = await connection.execute(select(*table.__table__.columns))
        return sorted((tuple(row) for row in found), key=repr)


def cheap_passwords() -> Passwords:
    """Passwords hashed fast, for what is tested is never how slow argon2 is."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def make_password(database: Database, person_id: UUID, password: str) -> str:
    """Let a person sign in with this password; gives the name to sign in with."""
    password_hash = await cheap_passwords().hash(password)
    statement = (
        update(Person)
        .where(Person.id == person_id)
        .values(password_hash=password_hash)
        .returning(Person.sign_in_name)
    )
    return await database.transact(lambda transaction: _scalar(transaction, statement))


async def _scalar(transaction: Transaction, statement: Executable) -> str:
    name: str = (await transaction.execute(statement)).scalar_one()
    return name
