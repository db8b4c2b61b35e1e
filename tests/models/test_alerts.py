"""An alert of a kind is open at most once for a subject."""

import asyncio

from models import alerts
from models.alerts import Alert, AlertKind
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.paging import Keyset
from tests.databases import count

FUND = new_id()


async def raise_alert(database: Database, shortfall_fen: int, subject_id: object = FUND) -> bool:
    return await database.transact(
        lambda transaction: alerts.raise_alert(
            transaction,
            AlertKind.FUND_UNDER_FLOOR,
            subject="fund",
            subject_id=subject_id,  # type: ignore[arg-type] # an id, spelled short here
            division_code="511702000000",
            facts={"shortfallFen": shortfall_fen},
        )
    )


async def close_alert(database: Database) -> bool:
    return await database.transact(
        lambda transaction: alerts.close_alert(
            transaction, AlertKind.FUND_UNDER_FLOOR, subject_id=FUND
        )
    )


async def test_racing_raisers_open_one_alert(database: Database) -> None:
    answers = await asyncio.gather(*(raise_alert(database, number) for number in range(6)))

    assert sorted(answers) == [False] * 5 + [True]
    assert await count(database, Alert) == 1


async def test_an_alert_closes_once_and_may_open_anew(database: Database) -> None:
    assert not await close_alert(database)
    assert await raise_alert(database, 1)
    assert not await raise_alert(database, 2)
    assert await raise_alert(database, 3, new_id())

    assert await close_alert(database)
    assert not await close_alert(database)
    assert await raise_alert(database, 4)

    async with database.read() as connection:
        page = await alerts.alerts(connection, Keyset(), division_codes=["510000000000"])
        is_open = await alerts.alerts(connection, Keyset(), division_codes=None, is_open=True)
        closed = await alerts.alerts(connection, Keyset(), division_codes=None, is_open=False)
        none = await alerts.alerts(connection, Keyset(), division_codes=["360000000000"])
    assert [row.facts["shortfallFen"] for row in page.rows] == [4, 3, 2]
    assert [row.facts["shortfallFen"] for row in is_open.rows] == [4, 3]
    assert [row.facts["shortfallFen"] for row in closed.rows] == [2]
    assert list(none.rows) == []
