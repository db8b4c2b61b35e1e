"""Whatever happens to an order, in whatever order, money, goods and benefits are conserved."""

import asyncio
import datetime as dt
import itertools
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from models.kernel.ids import new_id
from models.kernel.money import BasisPoints, Fen
from models.kernel.refusals import Refusal
from models.procurement import acceptance, fulfilment, payments, placing
from models.procurement.attribution import VillageBenefit, differences
from models.procurement.baskets import Wanted
from models.procurement.orders import Order, OrderLine
from tests.databases import PostgresqlServer, SqliteServer
from tests.markets import GRANTED_FEN, Market, a_market

CODES = [f"3607301002{number:02}" for number in range(1, 9)]
AMOUNTS = st.integers(0, 10**12).map(Fen) | st.integers(0, 40).map(Fen)


@st.composite
def shares(draw: st.DrawFn) -> dict[str, BasisPoints]:
    cuts = draw(st.sets(st.integers(1, 9_999), max_size=7))
    edges = [0, *sorted(cuts), 10_000]
    parts = [BasisPoints(high - low) for low, high in itertools.pairwise(edges)]
    return dict(zip(draw(st.permutations(CODES)), parts, strict=False))


@seed(2)
@settings(max_examples=300, deadline=None, database=None)
@given(shares=shares(), kept=st.lists(AMOUNTS, min_size=1, max_size=12))
def test_benefits_depend_only_on_what_was_kept_and_no_village_is_below_zero(
    shares: dict[str, BasisPoints], kept: Sequence[Fen]
) -> None:
    credited = dict.fromkeys(shares, 0)
    for before, after in itertools.pairwise([Fen(0), *kept, Fen(0)]):
        for code, change in differences(before, after, shares).items():
            credited[code] += change
        assert sum(credited.values()) == after
        assert min(credited.values()) >= 0
        assert credited == dict.fromkeys(shares, 0) | differences(Fen(0), after, shares)
    assert set(credited.values()) == {0}


MOVES = st.tuples(
    st.sampled_from(["accept", "accept", "return", "pay", "cancel"]),
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    st.integers(1, 12_000),
)


@pytest.mark.parametrize("engine", ["sqlite_server", "postgresql_server"])
@seed(2)
@settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    quantities=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    moves=st.lists(MOVES, min_size=4, max_size=14),
)
def test_a_life_of_an_order_conserves_everything(
    request: pytest.FixtureRequest,
    engine: str,
    quantities: tuple[int, int],
    moves: list[tuple[str, tuple[int, int], int]],
) -> None:
    server: SqliteServer | PostgresqlServer = request.getfixturevalue(engine)

    async def live() -> None:
        async with a_market(server, 3_333, 3_333, 3_334) as market:
            order_id = await order_of_two(market, quantities)
            for name, asked, amount in moves:
                await attempt(market, order_id, name, asked, amount)
                await conserved(market)

    asyncio.run(live())


async def order_of_two(market: Market, quantities: tuple[int, int]) -> object:
    order_id = new_id()
    products = (market.oranges_id, market.honey_id)
    wanted = [Wanted(product, n) for product, n in zip(products, quantities, strict=True)]
    await market.do(
        lambda t: placing.place(
            t, market["officer"], order_id=order_id, unit_id=market.unit_id, wanted=wanted
        )
    )
    await market.do(lambda t: fulfilment.confirm(t, market["supplier"], order_id=order_id))
    await market.do(lambda t: fulfilment.ship(t, market["supplier"], order_id=order_id))
    return order_id


async def attempt(
    market: Market, order_id: object, name: str, asked: tuple[int, int], amount: int
) -> None:
    assert isinstance(order_id, type(market.unit_id))
    officer = market["officer"]
    quantities = await market.asked(order_id, asked)
    commands = {
        "accept": lambda t: acceptance.accept(t, officer, order_id=order_id, quantities=quantities),
        "return": lambda t: acceptance.return_goods(
            t, officer, order_id=order_id, quantities=quantities, reason="spoilt"
        ),
        "pay": lambda t: payments.record(
            t,
            officer,
            payment_id=new_id(),
            order_id=order_id,
            amount_fen=Fen(amount),
            bank_reference=str(new_id()),
            paid_on=dt.date(2017, 10, 16),
        ),
        "cancel": lambda t: fulfilment.cancel(t, officer, order_id=order_id),
    }
    try:
        await market.do(commands[name])
    except Refusal:
        return


async def conserved(market: Market) -> None:
    figures = await market.figures()
    assert figures.total_fen == GRANTED_FEN
    parts = (figures.available_fen, figures.held_fen, figures.payable_fen, figures.paid_fen)
    assert sum(parts) == GRANTED_FEN
    assert min(parts) >= 0
    async with market.database.read() as connection:
        order = (await connection.execute(select(Order.__table__))).one()
        kept = (OrderLine.accepted_quantity - OrderLine.returned_quantity) * (
            OrderLine.unit_price_fen
        )
        lines = (await connection.execute(select(func.sum(kept)))).scalar_one()
        credited = await connection.execute(
            select(func.coalesce(func.sum(VillageBenefit.amount_fen), 0))
        )
        assert credited.scalar_one() == lines == order.accepted_fen - order.returned_fen
    assert (figures.held_fen, figures.payable_fen, figures.paid_fen) == (
        order.held_fen,
        order.payable_fen,
        order.paid_fen,
    )
    assert await market.differences() == []
