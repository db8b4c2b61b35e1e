"""Signing in: guesses are slowed, nobody is locked out, sessions end when they should."""

import asyncio
import datetime as dt

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from models.kernel.audit import AuditEntry
from models.kernel.clock import MovableClock
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.refusals import NotFound
from models.kernel.requests import Request, RequestReused
from models.parties import ANONYMOUS, Actor, Person, Role, SignedInSession, SignInAttempt
from models.parties.attempts import FREE_OF_ADDRESS, FREE_OF_NAME, FREE_OF_PAIR, TooManyAttempts
from models.parties.grants import grant_role
from models.parties.passwords import Passwords
from models.parties.sessions import LIFETIME, Session, actor_of_session, end_session
from models.parties.sign_in import SignInFailed, sign_in
from tests.databases import count
from tests.parties import (
    actor,
    cheap_passwords,
    make_administrator,
    make_holder,
    make_organisation,
    make_password,
    make_person,
    rows,
)

PASSWORD = "correct horse"
OFFICE, STRANGER = "203.0.113.7", "198.51.100.1"


class World:
    """A person who may sign in, and the means to do it."""

    def __init__(self, database: Database, person: Actor, name: str) -> None:
        self.database, self.person, self.name = database, person, name
        self.passwords = cheap_passwords()

    async def sign_in(
        self,
        password: str = PASSWORD,
        *,
        name: str = "",
        address: str = OFFICE,
        request_id: object = None,
        replaced: Session | None = None,
    ) -> Session:
        return await sign_in(
            self.database,
            self.passwords,
            request_id=request_id or new_id(),  # type: ignore[arg-type] # ids, spelled short here
            sign_in_name=name or self.name,
            password=password,
            address=address,
            replaced_session_id=replaced.id if replaced else None,
        )

    async def fail(self, times: int, *, name: str = "", address: str = OFFICE) -> None:
        for _ in range(times):
            with pytest.raises(SignInFailed):
                await self.sign_in("wrong guess", name=name, address=address)

    async def actor_in(self, session: Session) -> Actor | None:
        async with self.database.read() as connection:
            return await actor_of_session(connection, session.id, now=self.database.clock.now())


@pytest.fixture
async def world(database: Database) -> World:
    administrator = await make_administrator(database)
    unit = await make_organisation(database, administrator)
    officer = await make_holder(database, administrator, Role.OFFICER, unit)
    assert officer.person_id is not None
    name = await make_password(database, officer.person_id, PASSWORD)
    return World(database, officer, name)


async def test_the_right_password_begins_a_session_of_the_person(world: World) -> None:
    session = await world.sign_in(name=f" {world.name.upper()} ")

    assert await world.actor_in(session) == world.person
    assert session.expires_at - session.begun_at == LIFETIME


async def test_a_person_without_a_role_is_signed_in_all_the_same(world: World) -> None:
    administrator = await make_administrator(world.database, "second")
    person_id = await make_person(world.database, administrator)
    name = await make_password(world.database, person_id, PASSWORD)

    assert await world.actor_in(await world.sign_in(name=name)) == Actor(person_id)


@pytest.mark.parametrize("name", ["", "nobody-at-all"])
async def test_a_wrong_password_and_an_unknown_name_are_told_alike(world: World, name: str) -> None:
    await world.fail(1, name=name)

    assert await count(world.database, SignedInSession) == 0
    assert await count(world.database, Request) == 0
    assert await count(world.database, SignInAttempt) == 1


async def test_the_same_request_gets_the_same_session_to_who_knows_the_password(
    world: World,
) -> None:
    request_id = new_id()
    first = await world.sign_in(request_id=request_id)

    assert await world.sign_in(request_id=request_id) == first
    with pytest.raises(SignInFailed):
        await world.sign_in("wrong guess", request_id=request_id)
    assert await count(world.database, SignedInSession) == 1


async def test_a_request_of_somebody_else_is_no_way_in(world: World) -> None:
    request_id = new_id()
    await world.sign_in(request_id=request_id)
    other = await make_administrator(world.database, "other")
    assert other.person_id is not None
    name = await make_password(world.database, other.person_id, PASSWORD)

    with pytest.raises(RequestReused):
        await world.sign_in(request_id=request_id, name=name)
    assert await count(world.database, SignedInSession) == 1


async def test_guesses_are_slowed_more_and_more_and_then_forgotten(
    world: World, clock: MovableClock
) -> None:
    await world.fail(FREE_OF_PAIR)
    before = await rows(world.database, SignInAttempt)

    with pytest.raises(TooManyAttempts) as refusal:
        await world.sign_in()
    assert 0 < refusal.value.retry_after_seconds <= 1
    assert await rows(world.database, SignInAttempt) == before

    waits = []
    for _ in range(9):
        clock.advance(dt.timedelta(seconds=refusal.value.retry_after_seconds))
        await world.fail(1)
        with pytest.raises(TooManyAttempts) as refusal:
            await world.sign_in()
        waits.append(refusal.value.retry_after_seconds)
    assert waits[:4] == [2, 4, 8, 16]
    assert max(waits) == 300

    clock.advance(dt.timedelta(minutes=15))
    await world.sign_in()


async def test_guesses_made_side_by_side_count_as_well(world: World) -> None:
    results = await asyncio.gather(
        *(world.sign_in("wrong guess") for _ in range(12)), return_exceptions=True
    )

    assert sum(isinstance(result, SignInFailed) for result in results) == FREE_OF_PAIR
    assert sum(isinstance(result, TooManyAttempts) for result in results) == 12 - FREE_OF_PAIR


async def test_a_success_is_a_new_beginning_for_its_address(world: World) -> None:
    await world.fail(FREE_OF_PAIR - 1)
    await world.sign_in()
    await world.fail(FREE_OF_PAIR - 1)
    await world.sign_in()


async def test_strangers_slow_each_other_but_lock_nobody_out(world: World) -> None:
    await world.sign_in()
    for number in range(FREE_OF_NAME):
        await world.fail(1, address=f"198.51.100.{number}")

    with pytest.raises(TooManyAttempts):
        await world.sign_in(address="192.0.2.1")
    await world.sign_in(address=OFFICE)


async def test_one_address_is_slowed_whichever_names_it_tries(world: World) -> None:
    for number in range(FREE_OF_ADDRESS):
        await world.fail(1, name=f"guess-{number}", address=f"2001:db8::{number:x}")

    with pytest.raises(TooManyAttempts):
        await world.sign_in(address="2001:db8::ffff:1")
    await world.sign_in(address="2001:db8:0:1::1")


async def test_nothing_readable_is_kept_of_an_attempt(world: World) -> None:
    await world.fail(1, name="my secret password typed here", address=STRANGER)

    kept = str(await rows(world.database, SignInAttempt))
    assert "secret" not in kept
    assert STRANGER not in kept


async def test_old_attempts_are_forgotten(world: World, clock: MovableClock) -> None:
    await world.fail(2)
    clock.advance(dt.timedelta(days=31))

    await world.sign_in()

    assert await count(world.database, SignInAttempt) == 1


async def test_a_session_ends_with_signing_out_at_once(world: World) -> None:
    session, other = await world.sign_in(), await world.sign_in()

    for _ in range(2):
        await world.database.transact(
            lambda transaction: end_session(transaction, world.person, session_id=session.id)
        )

    assert await world.actor_in(session) is None
    assert await world.actor_in(other) == world.person
    async with world.database.read() as connection:
        acts = select(AuditEntry.act).where(AuditEntry.subject == "session")
        found = (await connection.execute(acts)).scalars().all()
    assert sorted(found) == ["signed_in", "signed_in", "signed_out"]


async def test_a_session_ends_with_its_lifetime(world: World, clock: MovableClock) -> None:
    session = await world.sign_in()
    clock.advance(LIFETIME - dt.timedelta(minutes=1))
    assert await world.actor_in(session) is not None
    clock.advance(dt.timedelta(minutes=1))
    assert await world.actor_in(session) is None


async def test_signing_in_anew_ends_the_session_it_replaces(world: World) -> None:
    old = await world.sign_in()

    new = await world.sign_in(replaced=old)

    assert await world.actor_in(old) is None
    assert await world.actor_in(new) == world.person


@pytest.mark.parametrize("ending", [ANONYMOUS, Actor(new_id())], ids=["anonymous", "another"])
async def test_nobody_ends_the_session_of_another(world: World, ending: Actor) -> None:
    session = await world.sign_in()
    before = await rows(world.database, SignedInSession)

    with pytest.raises(NotFound):
        await world.database.transact(
            lambda transaction: end_session(transaction, ending, session_id=session.id)
        )
    assert await rows(world.database, SignedInSession) == before


async def test_an_old_hash_is_made_anew_by_its_owner(world: World) -> None:
    async def kept() -> str | None:
        async with world.database.read() as connection:
            statement = select(Person.password_hash).where(Person.sign_in_name == world.name)
            return (await connection.execute(statement)).scalar_one()

    before = await kept()
    world.passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    await world.sign_in()

    assert await kept() != before
    await world.sign_in()


async def test_a_change_of_roles_counts_in_sessions_that_are_open(world: World) -> None:
    session = await world.sign_in()
    assert world.person.person_id is not None
    administrator = await make_administrator(world.database, "second")
    unit = await make_organisation(world.database, administrator)
    before = await world.actor_in(session)
    person_id = world.person.person_id
    await world.database.transact(
        lambda transaction: grant_role(
            transaction,
            administrator,
            membership_id=new_id(),
            person_id=person_id,
            organisation_id=unit,
            role=Role.APPROVER,
        )
    )

    after = await world.actor_in(session)
    assert after == await actor(world.database, person_id)
    assert after != before
