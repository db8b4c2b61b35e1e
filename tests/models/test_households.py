"""A household is registered in its village, its name and card sealed."""

import dataclasses

import pytest
from sqlalchemy import select

from models import households
from models.households import (
    Household,
    HouseholdKind,
    NewHousehold,
    ids_with_card,
    is_card_number,
    register_household,
    reveal_card_number,
)
from models.kernel.audit import AuditEntry
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.personal_data import PersonalDataRead
from models.kernel.refusals import InvalidValue, NotFound
from models.kernel.sealing import Keyring
from models.parties import Actor
from tests.databases import count
from tests.parties import TONGCHUAN, make_administrator, make_division, make_person, rows

VILLAGE = "511702100201"
CARD = "6217000010001234569"
HOUSEHOLD = NewHousehold(
    division_code=VILLAGE,
    head_name=" 张三 ",
    card_number=CARD,
    members=4,
    kind=HouseholdKind.BORDERLINE,
)


@pytest.fixture
async def reviewer(database: Database) -> Actor:
    for code in (TONGCHUAN, VILLAGE):
        await make_division(database, code)
    return Actor(await make_person(database, await make_administrator(database)))


async def register(database: Database, reviewer: Actor, household: NewHousehold) -> object:
    return await database.transact(
        lambda transaction: register_household(
            transaction, reviewer, household_id=new_id(), household=household
        )
    )


@pytest.mark.parametrize(
    ("text", "is_card"),
    [
        (CARD, True),
        ("6217000010001234567", False),
        ("621700001000123", False),
        ("62170000100012345696", False),
        ("６２１７000010001234569", False),
        ("6217 0000 1000 1234 569", False),
        ("", False),
    ],
)
def test_a_card_has_sixteen_to_nineteen_digits_and_a_check_digit(text: str, is_card: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert is_card_number(text) is is_card


async def test_nothing_readable_is_kept_of_who_a_household_is(
    database: Database, reviewer: Actor
) -> None:
    household_id = new_id()
    await database.transact(
        lambda transaction: register_household(
            transaction, reviewer, household_id=household_id, household=HOUSEHOLD
        )
    )

    kept = str(await rows(database, Household)) + str(await rows(database, AuditEntry))
    for secret in ("张三", "张三".encode().hex(), CARD, CARD[:-4]):
        assert secret not in kept
    async with database.read() as connection:
        shown = (await households.by_ids(connection, [household_id]))[household_id]
    assert (shown.card_last_four, shown.members, shown.division_code) == ("4569", 4, VILLAGE)
    assert not {"head_name", "card_number", "card_fingerprint"} & set(shown._fields)


@pytest.mark.parametrize(
    "change",
    [
        {"head_name": "  "},
        {"head_name": "张" * 41},
        {"card_number": "6217000010001234567"},
        {"members": 0},
        {"members": 31},
        {"division_code": TONGCHUAN},
        {"division_code": "511702100999"},
    ],
)
async def test_what_no_household_can_be_is_refused_without_being_repeated(
    database: Database, reviewer: Actor, change: dict[str, object]
) -> None:
    household = dataclasses.replace(HOUSEHOLD, **change)  # type: ignore[arg-type] # each is of its field's type
    before = await count(database, AuditEntry)

    with pytest.raises(InvalidValue) as refusal:
        await register(database, reviewer, household)

    assert CARD[:-1] not in str(refusal.value)
    assert await count(database, Household) == 0
    assert await count(database, AuditEntry) == before


async def test_the_whole_card_is_given_with_a_record_of_who_read_it(
    database: Database, reviewer: Actor
) -> None:
    household_id = await register(database, reviewer, HOUSEHOLD)

    number = await database.transact(
        lambda transaction: reveal_card_number(
            transaction,
            reviewer,
            household_id=household_id,  # type: ignore[arg-type] # an id, spelled short above
            purpose="bank_payouts",
        )
    )

    assert number == CARD
    async with database.read() as connection:
        read = (await connection.execute(select(PersonalDataRead))).one()
    assert (read.reader_id, read.row_id) == (reviewer.person_id, household_id)
    assert (read.column_name, read.purpose) == ("card_number", "bank_payouts")


async def test_a_household_that_is_not_there_reveals_and_records_nothing(
    database: Database, reviewer: Actor
) -> None:
    with pytest.raises(NotFound):
        await database.transact(
            lambda transaction: reveal_card_number(
                transaction, reviewer, household_id=new_id(), purpose="bank_payouts"
            )
        )
    assert await count(database, PersonalDataRead) == 0


async def test_households_that_share_a_card_are_found_across_keys(
    database: Database, reviewer: Actor
) -> None:
    first = await register(database, reviewer, HOUSEHOLD)
    await register(
        database, reviewer, dataclasses.replace(HOUSEHOLD, card_number="6217000010001234577")
    )
    database.keyring = Keyring({1: bytes(range(32)), 2: b"2" * 32})
    second = await register(database, reviewer, HOUSEHOLD)

    assert await database.transact(lambda transaction: ids_with_card(transaction, CARD)) == [
        first,
        second,
    ]
    assert await count(database, PersonalDataRead) == 0
