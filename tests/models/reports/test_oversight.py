"""Figures say what was done, and each office reads the alerts of its own area."""

import pytest

from models.kernel.database import Database
from models.kernel.paging import Keyset
from models.parties import OrganisationKind, Role
from models.parties.rights import NotPermitted
from models.reports import books, oversight
from tests.desks import make_desk
from tests.parties import (
    DACHUAN,
    TONGCHUAN,
    make_administrator,
    make_holder,
    make_organisation,
)


async def test_the_figures_count_what_is_final(database: Database) -> None:
    desk = await make_desk(database, await make_administrator(database))
    async with database.read() as connection:
        held = await oversight.figures(connection)
    await desk.settle(desk.payout_id)
    async with database.read() as connection:
        paid = await oversight.figures(connection)

    assert (held.fund_count, held.below_floor_count, held.paid_out_fen) == (1, 1, 0)
    assert (paid.paid_out_fen, paid.order_count, paid.village_count) == (200_000, 0, 0)


async def test_an_office_reads_the_alerts_of_its_own_divisions(database: Database) -> None:
    administrator = await make_administrator(database)
    await make_desk(database, administrator)

    async def seen_from(division_code: str) -> int:
        office = await make_organisation(
            database, administrator, OrganisationKind.SUPERVISOR, division_code=division_code
        )
        auditor = await make_holder(database, administrator, Role.AUDITOR, office)
        async with database.read() as connection:
            page = await oversight.alerts_for(connection, auditor, Keyset(), is_open=True)
        return len(page.rows)

    assert await seen_from(TONGCHUAN) == 1
    assert await seen_from(DACHUAN) == 0


async def test_jobs_are_for_who_runs_the_platform(database: Database) -> None:
    desk = await make_desk(database, await make_administrator(database))

    async with database.read() as connection:
        with pytest.raises(NotPermitted):
            await oversight.jobs_for(connection, desk.manager, Keyset(), state=None)


async def test_the_books_of_a_working_desk_are_whole(database: Database) -> None:
    desk = await make_desk(database, await make_administrator(database))
    await desk.settle(desk.payout_id)

    async with database.snapshot() as connection:
        found = [difference async for difference in books.check(connection)]

    # The desk's online receipt is not that of any gift: exactly that is not said of gifts.
    assert found == []
