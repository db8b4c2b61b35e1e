"""The door of mutations: admitted, claimed, carried out once, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
import strawberry
from sqlalchemy import select

from models.kernel import audit
from models.kernel.audit import AuditEntry
from models.kernel.database import Connection, Database, Transaction
from models.kernel.ids import new_id
from models.kernel.requests import Request, RequestReused
from models.parties import Actor, Grant, Role
from models.parties.rights import NotPermitted, NotSignedIn, own
from resolvers import access
from resolvers.context import Context
from tests.databases import count
from tests.platform import context_of


@strawberry.input
class WaveInput:
    request_id: UUID
    hand: str
    password: str = ""
    note: str | None = strawberry.UNSET


@dataclass
class Waves:
    """A command that leaves an audit row, and what it was told."""

    ran: int = 0

    async def __call__(self, transaction: Transaction, wave_id: UUID) -> None:
        self.ran += 1
        await audit.record(transaction, None, act="waved", subject="wave", subject_id=wave_id)


@pytest.fixture
def context(database: Database, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setattr(access, "ACCESS", {"wave": own(Role.OFFICER)})
    unit_id = new_id()
    officer = Actor(new_id(), (Grant(Role.OFFICER, unit_id, "511702000000", f"/{unit_id}/"),))
    return context_of(database, officer)


async def test_a_request_asked_twice_runs_once_and_gets_the_first_answer(context: Context) -> None:
    waves, asked = Waves(), WaveInput(request_id=new_id(), hand="left")

    first = await context.write("wave", asked, waves)
    second = await context.write("wave", asked, waves)

    assert first == second
    assert waves.ran == 1
    async with context.read() as connection:
        assert (await connection.execute(select(AuditEntry.subject_id))).scalars().all() == [first]


async def test_an_answer_that_exists_already_is_still_given_only_once(context: Context) -> None:
    waves, asked, noun = Waves(), WaveInput(request_id=new_id(), hand="left"), new_id()

    assert await context.write("wave", asked, waves, answer_id=noun) == noun
    assert await context.write("wave", asked, waves, answer_id=noun) == noun

    assert waves.ran == 1


async def test_the_same_request_with_another_content_is_refused_by_field(context: Context) -> None:
    waves, asked = Waves(), WaveInput(request_id=new_id(), hand="left")
    await context.write("wave", asked, waves)

    with pytest.raises(RequestReused) as refusal:
        await context.write("wave", replace(asked, hand="right"), waves)

    assert refusal.value.field == "hand"
    assert waves.ran == 1


async def test_nothing_is_kept_of_a_password(context: Context) -> None:
    asked = WaveInput(request_id=new_id(), hand="left", password="correct horse")
    await context.write("wave", asked, Waves(), unrecorded={"password"})

    async with context.read() as connection:
        fingerprints = (await connection.execute(select(Request.fingerprints))).scalar_one()
    assert fingerprints.keys() == {"hand"}


@pytest.mark.parametrize(
    ("actor", "refusal"),
    [
        (Actor(), NotSignedIn),
        (Actor(new_id()), NotPermitted),
        (
            Actor(new_id(), (Grant(Role.FUND_MANAGER, new_id(), "511702000000", "/f/"),)),
            NotPermitted,
        ),
    ],
    ids=["anonymous", "donor", "fund manager"],
)
async def test_who_may_not_is_refused_before_anything_is_written(
    context: Context, actor: Actor, refusal: type[Exception]
) -> None:
    context.actor, waves = actor, Waves()

    with pytest.raises(refusal):
        await context.write("wave", WaveInput(request_id=new_id(), hand="left"), waves)

    assert waves.ran == 0
    assert await count(context.platform.database, Request) == 0


async def test_a_refused_command_leaves_its_request_free(context: Context) -> None:
    asked = WaveInput(request_id=new_id(), hand="left")

    async def refuse(_transaction: Transaction, _wave_id: UUID) -> None:
        raise NotPermitted(who_can=())

    with pytest.raises(NotPermitted):
        await context.write("wave", asked, refuse)
    assert await count(context.platform.database, Request) == 0
    waves = Waves()
    await context.write("wave", asked, waves)
    assert waves.ran == 1


async def test_a_loader_asks_once_for_all_keys_of_a_moment(context: Context) -> None:
    asked: list[list[int]] = []

    async def squares(_connection: Connection, keys: Sequence[int]) -> Mapping[int, int]:
        asked.append(list(keys))
        return {key: key * key for key in keys if key}

    loader = context.loader(squares)

    assert await loader.load_many([2, 3, 0]) == [4, 9, None]
    assert context.loader(squares) is loader
    assert asked == [[2, 3, 0]]


async def test_a_renewed_context_is_the_same_asker_with_nothing_loaded(context: Context) -> None:
    asked: list[list[UUID]] = []

    async def question(_connection: Connection, ids: Sequence[UUID]) -> Mapping[UUID, str]:
        asked.append(list(ids))
        return dict.fromkeys(ids, "name")

    fund = new_id()
    assert await context.loader(question).load(fund) == "name"
    assert await context.loader(question).load(fund) == "name"
    renewed = context.renewed()

    assert await renewed.loader(question).load(fund) == "name"
    assert renewed.actor is context.actor
    assert asked == [[fund], [fund]]


async def test_what_was_loaded_before_a_write_is_asked_again_after_it(context: Context) -> None:
    asked: list[int] = []

    async def identity(_connection: Connection, keys: Sequence[int]) -> Mapping[int, int]:
        asked.extend(keys)
        return {key: key for key in keys}

    await context.loader(identity).load(1)
    await context.write("wave", WaveInput(request_id=new_id(), hand="left"), Waves())
    await context.loader(identity).load(1)

    assert asked == [1, 1]
