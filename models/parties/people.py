"""People who can sign in (domain §1). A name to sign in with belongs to one person for ever.

What makes a password follows NIST SP 800-63B-4 §3.1.1: long enough, no rules of composition, and
never one that names its owner.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import audit
from models.kernel.database import Base, Connection, Transaction
from models.kernel.refusals import InvalidValue, Refusal
from models.kernel.texts import required
from models.parties.memberships import Actor, Role
from models.parties.rights import anywhere

NAME_LENGTH = 80
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200


class Person(Base):
    """Somebody who can sign in. The name to sign in with is theirs alone, in lower case."""

    __tablename__ = "people"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sign_in_name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[dt.datetime]


@dataclass(eq=False)
class SignInNameTaken(Refusal):
    """Somebody signs in with this name already."""

    sign_in_name: str


ENROLLING = anywhere(Role.ADMINISTRATOR, Role.SUPERIOR)
_SIGN_IN_NAME = re.compile(r"[\w.@+-]{3,80}")


def canonical_sign_in_name(text: str) -> str:
    """The name to sign in with as it is kept: however it was typed, it is one name."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def checked_password(text: str, *, sign_in_name: str) -> str:
    """A password that may be taken. Refuses with InvalidValue, which never repeats it."""
    if not SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD:
        raise InvalidValue(path="password", reason="length")
    if canonical_sign_in_name(sign_in_name) in canonical_sign_in_name(text):
        raise InvalidValue(path="password", reason="contains_name")
    if len(set(text)) <= SHORTEST_PASSWORD // 2:
        raise InvalidValue(path="password", reason="too_uniform")
    return text


async def enrol_person(
    transaction: Transaction,
    actor: Actor,
    *,
    person_id: UUID,
    sign_in_name: str,
    name: str,
    password_hash: str,
) -> None:
    """Enrol somebody who may then sign in, and may do nothing until a role is granted.

    Refuses with NotPermitted, InvalidValue and SignInNameTaken.
    """
    ENROLLING.require(actor)
    await insert_person(
        transaction,
        actor.person_id,
        person_id=person_id,
        sign_in_name=sign_in_name,
        name=name,
        password_hash=password_hash,
    )


async def insert_person(
    transaction: Transaction,
    enrolled_by: UUID | None,
    *,
    person_id: UUID,
    sign_in_name: str,
    name: str,
    password_hash: str,
) -> None:
    """Enrol a person whom somebody was allowed to enrol. Refuses as `enrol_person` does."""
    canonical = canonical_sign_in_name(sign_in_name)
    if not _SIGN_IN_NAME.fullmatch(canonical):
        raise InvalidValue(path="signInName", reason="format")
    row = {
        "id": person_id,
        "sign_in_name": canonical,
        "name": required(name, path="name", longest=NAME_LENGTH),
        "password_hash": password_hash,
        "created_at": transaction.now,
    }
    if not await transaction.insert_if_free(Person, row, key=("sign_in_name",)):
        raise SignInNameTaken(sign_in_name=canonical)
    await audit.record(
        transaction, enrolled_by, act="person_enrolled", subject="person", subject_id=person_id
    )


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as they are read: never with what they sign in with."""

    id: UUID
    name: str


async def people_in_scope(
    connection: Connection, actor: Actor, person_ids: Collection[UUID]
) -> list[PersonRow]:
    """Those of the people whom the actor may know of: themselves, or all who may enrol people."""
    may_know = ENROLLING.holds(actor)
    known = [one for one in person_ids if may_know or one == actor.person_id]
    return list((await people_by_id(connection, known)).values())


async def people_by_id(
    connection: Connection, person_ids: Collection[UUID]
) -> dict[UUID, PersonRow]:
    """Those of the people who exist, in one query."""
    statement = select(Person.id, Person.name).where(Person.id.in_(person_ids))
    return {row.id: PersonRow(*row) for row in await connection.execute(statement)}
