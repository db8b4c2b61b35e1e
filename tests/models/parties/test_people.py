"""People are enrolled by those who may, under a name that is theirs alone."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select

from models.kernel.audit import AuditEntry
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.refusals import InvalidValue
from models.parties import Actor, Person, Role
from models.parties.people import (
    SignInNameTaken,
    canonical_sign_in_name,
    checked_password,
    enrol_person,
    people_by_id,
)
from models.parties.rights import NotPermitted, NotSignedIn
from tests.databases import count
from tests.parties import make_administrator, make_holder, make_organisation, make_person


async def enrol(database: Database, actor: Actor, sign_in_name: str, name: str = "李四") -> UUID:
    person_id = new_id()
    await database.transact(
        lambda transaction: enrol_person(
            transaction,
            actor,
            person_id=person_id,
            sign_in_name=sign_in_name,
            name=name,
            password_hash="hash",
        )
    )
    return person_id


async def test_a_person_is_enrolled_once_under_one_spelling_of_a_name(database: Database) -> None:
    administrator = await make_administrator(database)
    person_id = await enrol(database, administrator, " Ｌi.Si ")
    before = await count(database, Person), await count(database, AuditEntry)

    with pytest.raises(SignInNameTaken) as refusal:
        await enrol(database, administrator, "LI.SI")

    assert refusal.value.facts == {"sign_in_name": "li.si"}
    assert (await count(database, Person), await count(database, AuditEntry)) == before
    async with database.read() as connection:
        assert (await people_by_id(connection, [person_id]))[person_id].name == "李四"
        kept = select(Person.sign_in_name).where(Person.id == person_id)
        assert (await connection.execute(kept)).scalar_one() == "li.si"


async def test_of_two_who_enrol_the_same_name_at_once_one_is_refused(database: Database) -> None:
    administrator = await make_administrator(database)

    results = await asyncio.gather(
        *(enrol(database, administrator, "wang.wu") for _ in range(3)), return_exceptions=True
    )

    assert sum(isinstance(result, UUID) for result in results) == 1
    assert sum(isinstance(result, SignInNameTaken) for result in results) == 2


@pytest.mark.parametrize("sign_in_name", ["", "ab", "a b c", "a" * 81, "x\n\ny", "<b>bold"])
async def test_what_is_no_name_to_sign_in_with_is_refused(
    database: Database, sign_in_name: str
) -> None:
    administrator = await make_administrator(database)

    with pytest.raises(InvalidValue):
        await enrol(database, administrator, sign_in_name)
    assert await count(database, Person) == 1


@pytest.mark.parametrize("name", ["", "  ", "张" * 81])
async def test_a_person_has_a_name(database: Database, name: str) -> None:
    administrator = await make_administrator(database)

    with pytest.raises(InvalidValue):
        await enrol(database, administrator, "li.si", name)
    assert await count(database, Person) == 1


async def test_who_may_not_enrol_changes_nothing(database: Database) -> None:
    administrator = await make_administrator(database)
    unit = await make_organisation(database, administrator)
    officer = await make_holder(database, administrator, Role.OFFICER, unit)
    donor = Actor(await make_person(database, administrator))
    before = await count(database, Person), await count(database, AuditEntry)

    for actor, refusal in ((Actor(), NotSignedIn), (donor, NotPermitted), (officer, NotPermitted)):
        with pytest.raises(refusal):
            await enrol(database, actor, "li.si")
    assert (await count(database, Person), await count(database, AuditEntry)) == before


def test_a_password_is_long_and_says_nothing_of_its_owner() -> None:
    assert checked_password("correct horse", sign_in_name="li.si") == "correct horse"
    for password, reason in (
        ("short", "length"),
        ("x" * 201, "length"),
        ("my-LI.SI-2026", "contains_name"),
        ("ababababababab", "too_uniform"),
    ):
        with pytest.raises(InvalidValue) as refusal:
            checked_password(password, sign_in_name="li.si")
        assert refusal.value.facts == {"path": "password", "reason": reason}


def test_a_name_is_one_however_it_was_typed() -> None:
    assert canonical_sign_in_name("  ＡＢＣ ") == canonical_sign_in_name("abc") == "abc"
