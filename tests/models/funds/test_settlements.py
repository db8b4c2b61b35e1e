"""What the provider holds reaches the bank once for each reference, and the balance stays."""

from functools import partial
from typing import Any

import pytest

from models.funds import settlements
from models.funds.fund import Purse
from models.funds.receipts import ReferenceUsed
from models.funds.settlements import Settlement
from models.funds.statement import FundOverdrawn
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue
from models.parties.rights import NotPermitted
from tests.databases import count
from tests.models.funds.worlds import World, make_world


@pytest.fixture
async def world(database: Database) -> World:
    world = await make_world(database)
    await world.deposit(1_000, purse=Purse.PROVIDER)
    return world


async def record(world: World, **given: Any) -> None:
    asked: dict[str, Any] = {
        "actor": world.manager,
        "settlement_id": new_id(),
        "fund_id": world.fund,
        "amount_fen": Fen(400),
        "reference": "ST1",
    } | given
    await world.database.transact(partial(settlements.record, **asked))


async def test_the_balance_stays_and_the_bank_can_pay(world: World) -> None:
    before = await world.standing()

    await record(world)
    await world.hold(400)

    after = await world.standing()
    assert after.balance_fen == before.balance_fen == 1_000
    assert after.available_fen == 600


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"reference": " ST1 "}, ReferenceUsed),
        ({"reference": "  "}, InvalidValue),
        ({"reference": "9" * 121}, InvalidValue),
        ({"reference": "ST2", "amount_fen": Fen(0)}, InvalidValue),
        ({"reference": "ST2", "amount_fen": Fen(601)}, FundOverdrawn),
    ],
)
async def test_what_is_refused_leaves_nothing(
    world: World, given: dict[str, Any], refusal: type[Exception]
) -> None:
    await record(world)

    with pytest.raises(refusal):
        await record(world, **given)

    assert await count(world.database, Settlement) == 1
    assert (await world.standing()).entry_count == 2


async def test_only_the_manager_of_the_fund_records_it(world: World) -> None:
    with pytest.raises(NotPermitted):
        await record(world, actor=world.finance)

    assert await count(world.database, Settlement) == 0
