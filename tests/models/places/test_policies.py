"""The nearest division's line and number win, each in its time."""

import datetime as dt
from itertools import pairwise

from sqlalchemy import insert

from models import places
from models.kernel.database import Database
from models.places import (
    LineKind,
    PolicyName,
    PolicyNumber,
    PolicyNumberRow,
    PolicyUnit,
    PovertyLineRow,
)
from models.reference import files

VILLAGE = "511702001001"
WUHAN_COUNTY = "420102000000"


def test_every_policy_name_has_a_number_and_every_number_a_name() -> None:
    rows = files.rows("policy_numbers.csv")

    assert {row["name"] for row in rows} == set(PolicyName)
    assert all(row["document"] for row in rows if row["verified"] == "true")


def test_periods_of_a_number_do_not_overlap() -> None:
    rows = files.rows("policy_numbers.csv")
    keys = {(row["name"], row["division_code"]) for row in rows}
    for key in keys:
        periods = sorted(
            (row["valid_from"], row["valid_until"] or "9999-12-31")
            for row in rows
            if (row["name"], row["division_code"]) == key
        )
        for (start, end), (next_start, _) in pairwise(periods):
            assert start <= end < next_start


async def test_the_nations_line_of_each_year_holds_in_every_village(loaded: Database) -> None:
    async with loaded.read() as connection:
        lines = {
            year: line
            for year in range(2010, 2030)
            if (line := await places.poverty_line(connection, VILLAGE, year)) is not None
        }

    assert {year: (line.line_fen, line.verified) for year, line in lines.items()} == {
        2014: (280000, True),
        2015: (285500, True),
        2016: (295200, False),
        2017: (295200, False),
        2018: (299500, False),
        2019: (321800, True),
        2020: (400000, True),
        2021: (600000, True),
    }
    assert [year for year, line in lines.items() if line.approximate] == [2020]
    assert [year for year, line in lines.items() if line.kind is LineKind.MONITORING] == [2021]
    assert all(line.document for line in lines.values())


async def test_the_line_of_the_nearest_division_wins(loaded: Database) -> None:
    own = [
        {
            "division_code": code,
            "year": 2017,
            "kind": LineKind.POVERTY,
            "line_fen": line_fen,
            "approximate": False,
            "verified": True,
            "document": "本地文件",
            "note": "",
        }
        for code, line_fen in (("510000000000", 330000), ("511702000000", 340000))
    ]
    await loaded.transact(lambda transaction: transaction.execute(insert(PovertyLineRow), own))

    async with loaded.read() as connection:
        found = {
            code: line.line_fen
            for code in (VILLAGE, "511703000000", "360734000000")
            if (line := await places.poverty_line(connection, code, 2017)) is not None
        }

    assert found == {VILLAGE: 340000, "511703000000": 330000, "360734000000": 295200}


async def test_the_payment_term_changes_its_document_but_not_its_days(loaded: Database) -> None:
    async with loaded.read() as connection:
        terms = [
            await places.policy_number(
                connection, PolicyName.PAYMENT_DUE_DAYS, VILLAGE, dt.date(*day)
            )
            for day in ((2020, 8, 31), (2020, 9, 1), (2025, 5, 31), (2025, 6, 1))
        ]

    before, first, last_of_old, new = terms
    assert before is None
    assert first == last_of_old
    assert last_of_old is not None
    assert new is not None
    assert "728" in last_of_old.document
    assert "802" in new.document
    assert (new.value, new.unit) == (30, PolicyUnit.DAYS)


async def test_a_citys_higher_share_holds_there_for_its_year(loaded: Database) -> None:
    async def share(code: str, day: dt.date) -> int:
        async with loaded.read() as connection:
            number = await places.policy_number(
                connection, PolicyName.RESERVED_SHARE_MINIMUM, code, day
            )
        assert number is not None
        return number.value

    assert await share(WUHAN_COUNTY, dt.date(2022, 12, 31)) == 1500
    assert await share(WUHAN_COUNTY, dt.date(2023, 1, 1)) == 1000
    assert await share(VILLAGE, dt.date(2022, 6, 1)) == 1000


async def test_of_two_open_numbers_the_later_one_is_in_force(loaded: Database) -> None:
    row = {
        "name": PolicyName.PUBLIC_NOTICE_MINIMUM,
        "division_code": "511702000000",
        "valid_until": None,
        "unit": PolicyUnit.DAYS,
        "verified": True,
        "document": "通川区文件",
        "clause": "",
        "note": "",
    }
    rows = [
        {**row, "valid_from": dt.date(2017, 1, 1), "value": 7},
        {**row, "valid_from": dt.date(2018, 1, 1), "value": 10},
    ]
    await loaded.transact(lambda transaction: transaction.execute(insert(PolicyNumberRow), rows))

    async with loaded.read() as connection:
        number = await places.policy_number(
            connection, PolicyName.PUBLIC_NOTICE_MINIMUM, VILLAGE, dt.date(2018, 6, 1)
        )

    assert number == PolicyNumber(
        division_code="511702000000",
        value=10,
        unit=PolicyUnit.DAYS,
        verified=True,
        document="通川区文件",
        clause="",
    )
