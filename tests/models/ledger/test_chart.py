"""An account has the code of its day; its concept stays."""

import datetime as dt
from collections import Counter

import pytest

from models.kernel.database import Database
from models.ledger import chart
from models.ledger.books import Side
from models.ledger.chart import Element
from models.reference import files

LAST_OLD_DAY = dt.date(2025, 12, 31)
FIRST_NEW_DAY = dt.date(2026, 1, 1)


@pytest.fixture
async def loaded(database: Database) -> Database:
    assert await database.transact(chart.load_chart) == len(files.rows("chart_accounts.csv"))
    return database


def test_a_concept_is_one_account_at_a_time_and_so_is_a_code() -> None:
    rows = files.rows("chart_accounts.csv")
    for name in ("concept", "code"):
        assert max(Counter((row[name], row["valid_from"]) for row in rows).values()) == 1


def test_a_detailed_account_lies_below_one_of_its_own_element() -> None:
    rows = files.rows("chart_accounts.csv")
    elements = {(row["valid_from"], row["code"]): row["element"] for row in rows}
    for (valid_from, code), element in elements.items():
        assert elements[valid_from, code[:4]] == element


def test_second_hand_codes_are_not_called_verified() -> None:
    for row in files.rows("chart_accounts.csv"):
        assert not (row["valid_from"] >= "2026-01-01" and row["verified"] == "true")


async def test_loading_twice_changes_nothing(loaded: Database) -> None:
    assert await loaded.transact(chart.load_chart) == 0


@pytest.mark.parametrize(
    ("concept", "old_code", "new_code"),
    [
        ("bank_deposits", "1002", "1002"),
        ("other_monetary_funds", "1009", "1009"),
        ("donation_income_restricted", "410102", "410102"),
        ("government_subsidy_income_restricted", "440102", "440102"),
        ("programme_costs", "5101", "5101"),
        ("restricted_net_assets", "3102", "3102"),
        ("administrative_expenses", "5201", "5301"),
        ("fundraising_expenses", "5301", "5401"),
        ("provisions", "2401", "2503"),
    ],
)
async def test_codes_changed_on_the_first_day_of_2026(
    loaded: Database, concept: str, old_code: str, new_code: str
) -> None:
    async with loaded.read() as connection:
        old = await chart.account(connection, concept, LAST_OLD_DAY)
        new = await chart.account(connection, concept, FIRST_NEW_DAY)

    assert old is not None
    assert new is not None
    assert (old.code, new.code) == (old_code, new_code)
    assert "2004" in old.document
    assert "2024" in new.document


async def test_the_chart_of_a_day_comes_by_code(loaded: Database) -> None:
    async with loaded.read() as connection:
        accounts = await chart.accounts(connection, dt.date(2017, 10, 17))
        before = await chart.accounts(connection, dt.date(2004, 12, 31))

    found = [account.code for account in accounts]
    assert found == sorted(found)
    assert before == []
    by_concept = {account.concept: account for account in accounts}
    bank, gifts = by_concept["bank_deposits"], by_concept["donation_income"]
    assert (bank.name_zh, bank.element, bank.normal_side) == (
        "银行存款",
        Element.ASSET,
        Side.DEBIT,
    )
    assert (gifts.name_zh, gifts.element, gifts.normal_side) == (
        "捐赠收入",
        Element.INCOME,
        Side.CREDIT,
    )
