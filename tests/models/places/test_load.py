"""Loading twice changes nothing; a row that differs is mended and no other is touched."""

import asyncio
import datetime as dt

import pytest
from sqlalchemy import event, insert, select, update

from models import places
from models.kernel.database import Database, Transaction
from models.places import (
    DesignatedCounty,
    Division,
    DivisionLevel,
    LineKind,
    PolicyNumberRow,
    PovertyLineRow,
)
from models.reference import files
from models.reference.loading import ReferenceLoad
from tests.databases import count
from tests.models.places.conftest import TWO_DISTRICTS


async def load(database: Database, *divisions: str) -> int:
    return await database.transact(
        lambda transaction: places.load_reference(transaction, divisions=divisions)
    )


async def scope_held(database: Database) -> str:
    async with database.read() as connection:
        statement = select(ReferenceLoad.scope).where(ReferenceLoad.name == "divisions.csv.xz")
        return (await connection.execute(statement)).scalar_one()


async def forget_digests(database: Database) -> None:
    await database.transact(
        lambda transaction: transaction.execute(update(ReferenceLoad).values(sha256="0" * 64))
    )


async def test_a_part_is_loaded_whole(loaded: Database) -> None:
    expected = 1 + sum(1 for _ in files.divisions(TWO_DISTRICTS))

    assert await count(loaded, Division) == expected
    assert await count(loaded, DesignatedCounty) == 832
    assert await count(loaded, PovertyLineRow) == len(files.rows("poverty_lines.csv"))
    assert await count(loaded, PolicyNumberRow) == len(files.rows("policy_numbers.csv"))
    assert await scope_held(loaded) == "360734,511702"


async def test_a_second_load_costs_one_query_and_changes_nothing(loaded: Database) -> None:
    statements: list[str] = []

    def remember(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    async def load_again(transaction: Transaction) -> int:
        connection = transaction.connection.sync_connection
        event.listen(connection, "before_cursor_execute", remember)
        return await places.load_reference(transaction, divisions=TWO_DISTRICTS)

    assert await loaded.transact(load_again) == 0
    assert len(statements) == 1
    assert "reference_loads" in statements[0]


async def test_only_rows_that_differ_are_touched(loaded: Database) -> None:
    village = "511702001001"
    await loaded.transact(
        lambda transaction: transaction.execute(
            update(Division).where(Division.code == village).values(name="旧名")
        )
    )
    await forget_digests(loaded)

    assert await load(loaded, *TWO_DISTRICTS) == 1
    async with loaded.read() as connection:
        mended = await places.division(connection, village)
    assert mended is not None
    assert mended.name == "二马路社区居民委员会"


async def test_what_a_district_added_stays(loaded: Database) -> None:
    own = {
        "division_code": "510000000000",
        "year": 2017,
        "kind": LineKind.POVERTY,
        "line_fen": 330000,
        "approximate": False,
        "verified": False,
        "document": "省文件",
        "note": "",
    }
    await loaded.transact(
        lambda transaction: transaction.execute(insert(PovertyLineRow).values(own))
    )
    await forget_digests(loaded)

    assert await load(loaded, *TWO_DISTRICTS) == 0
    async with loaded.read() as connection:
        line = await places.poverty_line(connection, "511702001001", 2017)
    assert line is not None
    assert (line.division_code, line.line_fen) == ("510000000000", 330000)


async def test_another_part_is_added_to_the_first(loaded: Database) -> None:
    before = await count(loaded, Division)

    changed = await load(loaded, "371311")

    assert changed == sum(1 for code, _ in files.divisions(("371311",)) if len(code) > 6)
    assert await count(loaded, Division) == before + changed
    assert await scope_held(loaded) == "360734,371311,511702"
    assert await load(loaded, "511702") == 0
    assert await load(loaded, "51170200") == 0


async def test_two_processes_that_start_at_once_load_every_row_once(database: Database) -> None:
    changed = await asyncio.gather(load(database, "511702"), load(database, "360734"))

    assert max(changed) > 3_000
    assert await count(database, Division) == 1 + sum(1 for _ in files.divisions(TWO_DISTRICTS))
    assert await scope_held(database) == "360734,511702"
    assert await load(database, *TWO_DISTRICTS) == 0


async def test_without_any_part_only_counties_and_above_are_loaded(database: Database) -> None:
    await load(database)

    async with database.read() as connection:
        levels = set((await connection.execute(select(Division.level).distinct())).scalars())
    assert levels == set(DivisionLevel) - {DivisionLevel.TOWNSHIP, DivisionLevel.VILLAGE}
    assert await count(database, Division) == 1 + 31 + 342 + 2975
    assert await load(database) == 0


@pytest.mark.slow
async def test_the_whole_country_is_loaded(loaded: Database) -> None:
    total = 1 + sum(1 for _ in files.divisions())
    already = await count(loaded, Division)

    changed = await loaded.transact(places.load_reference)

    assert changed == total - already
    assert await count(loaded, Division) == total
    assert await scope_held(loaded) == "*"
    assert await loaded.transact(places.load_reference) == 0
    async with loaded.read() as connection:
        counties = {row["code"] for row in files.designated_counties()}
        listed = {code.ljust(12, "0") for code in counties}
        day = dt.date(2026, 1, 1)
        assert await places.designated(connection, listed, day=day) == listed
