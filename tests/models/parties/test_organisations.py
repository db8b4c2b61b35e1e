"""Organisations form a tree; a superior opens budget units below itself and nothing else."""

import asyncio
from uuid import UUID

import pytest
from stdnum.cn import uscc

from models.kernel.audit import AuditEntry
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.refusals import InvalidValue, NotFound, Refusal
from models.parties import Actor, Organisation, OrganisationKind, Role
from models.parties.organisations import (
    CreditCodeTaken,
    TreeTooDeep,
    checked_credit_code,
    open_organisation,
    organisation,
    organisations_in_scope,
)
from models.parties.rights import NotPermitted, NotSignedIn
from tests.databases import count
from tests.parties import (
    DACHUAN,
    TONGCHUAN,
    make_administrator,
    make_division,
    make_holder,
    make_organisation,
)

CREDIT_CODE = "91110000600037341L"


def with_check_digit(code: str) -> str:
    return code + uscc.calc_check_digit(code)


async def open_unit(
    database: Database,
    actor: Actor,
    *,
    parent_id: UUID | None = None,
    kind: OrganisationKind = OrganisationKind.BUDGET_UNIT,
    credit_code: str | None = None,
    division_code: str = TONGCHUAN,
) -> UUID:
    organisation_id = new_id()
    await database.transact(
        lambda transaction: open_organisation(
            transaction,
            actor,
            organisation_id=organisation_id,
            kind=kind,
            name=" 通川区教育局 ",
            division_code=division_code,
            credit_code=credit_code,
            parent_id=parent_id,
        )
    )
    return organisation_id


@pytest.mark.parametrize("first", ["9151", "1251", "N251", "Y151", "A151"])
def test_every_register_of_the_standard_is_accepted(first: str) -> None:
    code = with_check_digit(f"{first}17020600037{'3' * 2}"[:17].ljust(17, "3"))

    assert checked_credit_code(f" {code.lower()} ") == code


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("91110000600037341M", "check_digit"),
        ("9111000060003734", "format"),
        ("91110000600037341LL", "format"),
        ("B1110000600037341L", "format"),
        ("9111O000600037341L", "format"),
        ("", "format"),
        ("９１１１００００６０００３７３４１Ｌ", "format"),
    ],
)
def test_what_is_no_credit_code_is_refused(code: str, reason: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        checked_credit_code(code)
    assert refusal.value.facts == {"path": "creditCode", "reason": reason}


async def test_the_path_of_an_organisation_begins_with_its_parents(database: Database) -> None:
    administrator = await make_administrator(database)
    bureau = await make_organisation(database, administrator)

    school = await open_unit(database, administrator, parent_id=bureau, credit_code=CREDIT_CODE)

    async with database.read() as connection:
        opened = await organisation(connection, school)
    assert opened.path == f"/{bureau}/{school}/"
    assert (opened.name, opened.credit_code) == ("通川区教育局", CREDIT_CODE)
    assert await count(database, AuditEntry) == 5


async def test_a_superior_opens_budget_units_below_itself_only(database: Database) -> None:
    administrator = await make_administrator(database)
    bureau = await make_organisation(database, administrator)
    sister = await make_organisation(database, administrator)
    superior = await make_holder(database, administrator, Role.SUPERIOR, bureau)
    before = await count(database, Organisation)

    for parent_id, kind in (
        (sister, OrganisationKind.BUDGET_UNIT),
        (None, OrganisationKind.BUDGET_UNIT),
        (bureau, OrganisationKind.FUND_OFFICE),
    ):
        with pytest.raises(NotPermitted):
            await open_unit(database, superior, parent_id=parent_id, kind=kind)
    assert await count(database, Organisation) == before

    school = await open_unit(database, superior, parent_id=bureau)
    await open_unit(database, superior, parent_id=school)
    assert await count(database, Organisation) == before + 2


async def test_an_administrator_of_one_division_opens_nothing_in_another(
    database: Database,
) -> None:
    administrator = await make_administrator(database)
    operator = await make_organisation(database, administrator, OrganisationKind.OPERATOR)
    local = await make_holder(database, administrator, Role.ADMINISTRATOR, operator)
    await make_division(database, DACHUAN)
    before = await count(database, Organisation)

    with pytest.raises(NotPermitted):
        await open_unit(database, local, division_code=DACHUAN)
    assert await count(database, Organisation) == before
    await open_unit(database, local)


@pytest.mark.parametrize("actor", [Actor(), Actor(new_id())], ids=["anonymous", "donor"])
async def test_others_open_nothing(database: Database, actor: Actor) -> None:
    await make_division(database, TONGCHUAN)

    with pytest.raises((NotSignedIn, NotPermitted)):
        await open_unit(database, actor)
    assert await count(database, Organisation) == 0


async def test_two_who_take_one_credit_code_at_once_get_one_refusal(database: Database) -> None:
    administrator = await make_administrator(database)
    await make_division(database, TONGCHUAN)

    results = await asyncio.gather(
        *(open_unit(database, administrator, credit_code=CREDIT_CODE) for _ in range(3)),
        return_exceptions=True,
    )

    assert sorted(type(result).__name__ for result in results) == [
        "CreditCodeTaken",
        "CreditCodeTaken",
        "UUID",
    ]
    refused = next(result for result in results if isinstance(result, CreditCodeTaken))
    assert refused.facts == {"credit_code": CREDIT_CODE}


async def test_unknown_places_and_parents_are_refused(database: Database) -> None:
    administrator = await make_administrator(database)
    await make_division(database, TONGCHUAN)
    before = await count(database, Organisation)

    refusals: list[tuple[type[Refusal], dict[str, object]]] = [
        (NotFound, {"parent_id": new_id()}),
        (NotFound, {"division_code": DACHUAN}),
        (NotFound, {"division_code": "nowhere"}),
    ]
    for refusal, arguments in refusals:
        with pytest.raises(refusal):
            await open_unit(database, administrator, **arguments)  # type: ignore[arg-type] # each is of its parameter's type
    assert await count(database, Organisation) == before


async def test_a_tree_has_an_end(database: Database) -> None:
    administrator = await make_administrator(database)
    parent_id = await make_organisation(database, administrator)
    for _ in range(7):
        parent_id = await open_unit(database, administrator, parent_id=parent_id)

    with pytest.raises(TreeTooDeep):
        await open_unit(database, administrator, parent_id=parent_id)


async def test_somebody_sees_what_they_act_for_and_what_is_below(database: Database) -> None:
    administrator = await make_administrator(database)
    bureau = await make_organisation(database, administrator)
    school = await make_organisation(database, administrator, parent_id=bureau)
    sister = await make_organisation(database, administrator, parent_id=bureau)
    officer = await make_holder(database, administrator, Role.OFFICER, school)
    superior = await make_holder(database, administrator, Role.SUPERIOR, bureau)

    async with database.read() as connection:
        seen = {
            name: {row.id for row in await organisations_in_scope(connection, actor)}
            for name, actor in (("officer", officer), ("superior", superior), ("nobody", Actor()))
        }

    assert seen == {"officer": {school}, "superior": {bureau, school, sister}, "nobody": set()}
