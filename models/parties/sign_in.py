"""Signing in: counted first, compared outside any transaction, then done in another.

This is the one mutation of two transactions. The attempt must stay counted though the sign-in is
refused, and a comparison that takes a fifth of a second must hold no lock meanwhile.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update

from models.kernel import requests
from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.refusals import Refusal
from models.parties import attempts, sessions
from models.parties.passwords import Passwords
from models.parties.people import Person, canonical_sign_in_name
from models.parties.sessions import Session


@dataclass(eq=False)
class SignInFailed(Refusal):
    """The name or the password is wrong; which of the two is not said."""


async def sign_in(
    database: Database,
    passwords: Passwords,
    *,
    request_id: UUID,
    sign_in_name: str,
    password: str,
    address: str,
    replaced_session_id: UUID | None = None,
) -> Session:
    """Begin a session for who knows the password; the session it replaces ends.

    The same request asked again, with the right password, gets the same session. Of the password
    nothing is kept. Refuses with TooManyAttempts, SignInFailed and RequestReused.
    """
    attempt_id = new_id()
    await database.transact(
        lambda transaction: attempts.begin(
            transaction, attempt_id=attempt_id, sign_in_name=sign_in_name, address=address
        )
    )
    name = canonical_sign_in_name(sign_in_name)
    async with database.read() as connection:
        statement = select(Person.id, Person.password_hash).where(Person.sign_in_name == name)
        found = (await connection.execute(statement)).one_or_none()
    verified = await passwords.verify(password, found.password_hash if found else None)
    if found is None or not verified.matches:
        raise SignInFailed
    person_id: UUID = found.id

    async def admit(transaction: Transaction) -> UUID:
        await attempts.succeed(transaction, attempt_id=attempt_id)
        if verified.rehashed is not None:
            await _rehash(transaction, person_id, found.password_hash, verified.rehashed)
        session_id = new_id()
        first = await requests.claim(
            transaction,
            request_id=request_id,
            operation="signIn",
            actor_id=person_id,
            content={"signInName": name},
            answer_id=session_id,
        )
        if first is not None:
            return first
        await sessions.begin_session(transaction, session_id=session_id, person_id=person_id)
        if replaced_session_id is not None:
            await sessions.replace_session(transaction, session_id=replaced_session_id)
        return session_id

    session_id = await database.transact(admit)
    async with database.read() as connection:
        begun = await sessions.session(connection, session_id)
    assert begun is not None
    return begun


async def _rehash(transaction: Transaction, person_id: UUID, old: str, new: str) -> None:
    # Only over the hash that was compared: a password changed meanwhile stays.
    await transaction.execute(
        update(Person)
        .where(Person.id == person_id, Person.password_hash == old)
        .values(password_hash=new)
    )
