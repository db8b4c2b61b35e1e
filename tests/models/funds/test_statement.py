"""A fund's statement is numbered without a gap, and tells where it stood day by day."""

import datetime as dt

from models.funds import statement
from models.kernel.clock import MovableClock
from models.kernel.database import Database
from tests.models.funds.worlds import make_world


async def test_the_history_has_a_point_for_each_day_of_movement(
    database: Database, clock: MovableClock
) -> None:
    world = await make_world(database)
    await world.deposit(1_000)
    await world.deposit(500)
    clock.advance(dt.timedelta(days=40))
    payout = await world.hold(300)
    clock.advance(dt.timedelta(days=400))
    await world.settle(payout)

    async def points(**period: dt.date) -> list[tuple[dt.date, int, int]]:
        async with database.read() as connection:
            rows = await statement.history(connection, world.fund, **period)
        return [(row.day, row.balance_fen, row.available_fen) for row in rows]

    first, second, third = dt.date(2017, 10, 16), dt.date(2017, 11, 25), dt.date(2018, 12, 30)
    assert await points() == [(first, 1_500, 1_500), (second, 1_500, 1_200), (third, 1_200, 1_200)]
    assert await points(until=dt.date(2018, 1, 1)) == (await points())[:2]
    assert await points(since=dt.date(2018, 1, 1)) == (await points())[1:]
    assert await world.differences() == []
