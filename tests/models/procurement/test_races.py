"""Two connections at once for the last of something, with earlier holds there already.

On PostgreSQL the transactions are open side by side and meet at the locks; on SQLite they meet at
the lock of the file.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Iterable
from dataclasses import replace

import pytest

from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.kernel.refusals import Refusal, WrongState
from models.procurement import acceptance, budgets, fulfilment, payments, placing
from models.procurement.acceptance import QuantityExceeded
from models.procurement.baskets import Wanted
from models.procurement.budgets import BudgetExceeded
from models.procurement.orders import OrderState
from models.procurement.payments import BankReferenceUsed
from models.procurement.products import OutOfStock
from tests.databases import PostgresqlServer
from tests.markets import GRANTED_FEN, ORANGES_FEN, Market, a_market, grant

RACERS = 8


@pytest.fixture
async def twin(market: Market) -> AsyncIterator[Market]:
    """The same market through connections of its own, as another process has them."""
    url = market.database.url.render_as_string(hide_password=False)
    database = Database(url, clock=market.database.clock, keyring=market.database.keyring)
    yield replace(market, database=database)
    await database.close()


async def race(*runners: Awaitable[object]) -> list[Refusal]:
    """Run all at once; gives the refusals, and fails for any other exception."""
    outcomes = await asyncio.gather(*runners, return_exceptions=True)
    refusals: list[Refusal] = []
    for outcome in outcomes:
        if isinstance(outcome, Refusal):
            refusals.append(outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
    return refusals


async def test_the_last_of_the_stock_goes_to_one(market: Market, twin: Market) -> None:
    await market.place(20)
    await market.place(28)

    refusals = await race(*((market if number % 2 else twin).place(2) for number in range(RACERS)))

    assert [type(refusal) for refusal in refusals] == [OutOfStock] * (RACERS - 1)
    assert await market.stock(market.oranges_id) == 0
    assert (await market.figures()).held_fen == 50 * ORANGES_FEN
    assert await market.differences() == []


async def test_the_last_fen_of_the_appropriation_goes_to_one(market: Market, twin: Market) -> None:
    await market.place(10)
    await market.place(10)
    left_fen = GRANTED_FEN - 20 * ORANGES_FEN
    await market.do(lambda t: grant(t, market, 3 * ORANGES_FEN - left_fen, "调〔2017〕1号"))

    refusals = await race(*((market if number % 2 else twin).place(3) for number in range(RACERS)))

    assert [refusal.facts for refusal in refusals] == [
        {"available_fen": 0, "required_fen": 3 * ORANGES_FEN}
    ] * (RACERS - 1)
    assert {type(refusal) for refusal in refusals} == {BudgetExceeded}
    assert (await market.figures()).available_fen == 0
    assert await market.stock(market.oranges_id) == 27
    assert await market.differences() == []


async def test_baskets_in_opposite_orders_do_not_wait_for_each_other_in_a_circle(
    market: Market,
) -> None:
    there = [Wanted(market.oranges_id, 1), Wanted(market.honey_id, 1)]

    async def place(wanted: Iterable[Wanted]) -> None:
        await market.do(
            lambda transaction: placing.place(
                transaction,
                market["officer"],
                order_id=new_id(),
                unit_id=market.unit_id,
                wanted=list(wanted),
            )
        )

    refusals = await race(*(place(there if n % 2 else reversed(there)) for n in range(RACERS)))

    assert refusals == []
    assert await market.stock(market.honey_id) == 50 - RACERS
    assert await market.differences() == []


async def test_an_order_is_accepted_or_rejected_but_not_both(market: Market) -> None:
    await market.place(1)
    order_id = await market.shipped(3)

    refusals = await race(
        market.do(lambda t: acceptance.accept(t, market["officer"], order_id=order_id)),
        market.do(
            lambda t: fulfilment.reject(t, market["officer"], order_id=order_id, reason="late")
        ),
        market.do(lambda t: acceptance.accept(t, market["colleague"], order_id=order_id)),
    )

    assert [type(refusal) for refusal in refusals] == [WrongState] * 2
    assert await market.state(order_id) in (OrderState.ACCEPTED, OrderState.REJECTED)
    assert await market.differences() == []


async def test_parts_accepted_at_once_never_come_to_more_than_was_ordered(market: Market) -> None:
    order_id = await market.shipped(5)
    asked = await market.asked(order_id, (2,))

    refusals = await race(
        *(
            market.do(
                lambda t: acceptance.accept(
                    t, market["officer"], order_id=order_id, quantities=asked
                )
            )
            for _ in range(4)
        )
    )

    assert [type(refusal) for refusal in refusals] == [QuantityExceeded] * 2
    assert (await market.figures()).payable_fen == 4 * ORANGES_FEN
    assert await market.differences() == []


async def test_a_bank_reference_counts_once_even_on_two_orders_at_once(market: Market) -> None:
    orders = [await market.shipped(1), await market.shipped(1)]
    for order_id in orders:
        await market.accept(order_id)

    refusals = await race(
        *(
            market.do(
                lambda t, order_id=order_id: payments.record(  # type: ignore[misc] # bound in the loop on purpose
                    t,
                    market["officer"],
                    payment_id=new_id(),
                    order_id=order_id,
                    amount_fen=Fen(100),
                    bank_reference="B1",
                    paid_on=dt.date(2017, 10, 16),
                )
            )
            for order_id in orders
        )
    )

    assert [type(refusal) for refusal in refusals] == [BankReferenceUsed]
    assert (await market.figures()).paid_fen == 100
    assert await market.differences() == []


async def test_two_first_grants_at_once_open_one_book(market: Market) -> None:
    async def first_grant(number: int) -> None:
        await market.do(
            lambda t: budgets.grant(
                t,
                market["finance"],
                change_id=new_id(),
                unit_id=market.unit_id,
                year=2018,
                amount_fen=Fen(1_000),
                document_number=f"章财预〔2018〕{number}号",
                decided_on=dt.date(2018, 1, 5),
            )
        )

    assert await race(*(first_grant(number) for number in range(RACERS))) == []
    assert (await market.figures(2018)).total_fen == RACERS * 1_000
    assert await market.differences() == []


async def test_two_open_transactions_meet_at_the_last_of_the_stock(
    postgresql_server: PostgresqlServer,
) -> None:
    """The loser waits for the winner, sees what is left, and is told so."""
    holding, waiting = asyncio.Event(), asyncio.Event()
    async with a_market(postgresql_server) as market:
        await market.place(48)

        async def winner(transaction: Transaction) -> None:
            await place_two(transaction, market)
            holding.set()
            await asyncio.wait_for(waiting.wait(), 10)
            await asyncio.sleep(0.1)

        async def loser(transaction: Transaction) -> None:
            waiting.set()
            await place_two(transaction, market)

        first = asyncio.create_task(market.do(winner))
        await asyncio.wait_for(holding.wait(), 10)
        with pytest.raises(OutOfStock) as refusal:
            await market.do(loser)
        await first

        assert refusal.value.available_quantity == 0
        assert await market.stock(market.oranges_id) == 0


async def place_two(transaction: Transaction, market: Market) -> None:
    await placing.place(
        transaction,
        market["officer"],
        order_id=new_id(),
        unit_id=market.unit_id,
        wanted=[Wanted(market.oranges_id, 2)],
    )
