"""Households that may need relief, in the village they are registered in (domain §4, "Eligible").

A household's name and card are sealed at rest (law 11); what is kept in the clear is what a list
needs: the village, the kind, how many people, the last four digits of the card. A card is found
again by its fingerprint, so that one shared by two households can be seen (domain §5).
"""

import datetime as dt
import enum
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column
from stdnum import luhn

from models import places
from models.kernel import audit, personal_data
from models.kernel.database import Base, Transaction
from models.kernel.refusals import InvalidValue, NotFound
from models.kernel.sealing import Place
from models.kernel.texts import required
from models.parties import Actor
from models.places import DivisionLevel

CARD_DIGITS = range(16, 20)
MOST_MEMBERS = 30
_LONGEST_NAME = 40
_CARD = "card number of a household"


class HouseholdKind(enum.StrEnum):
    """What a household is in the register of those who may fall back."""

    UNSTABLY_RELIEVED = "unstably_relieved"
    BORDERLINE = "borderline"
    SUDDEN_HARDSHIP = "sudden_hardship"
    STEADILY_RELIEVED = "steadily_relieved"


class Household(Base):
    """A household, its head and its own bank card sealed."""

    __tablename__ = "households"
    __table_args__ = (CheckConstraint("members > 0", name="members"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    division_code: Mapped[str] = mapped_column(String(12), index=True)
    head_name: Mapped[bytes] = mapped_column(LargeBinary)
    card_number: Mapped[bytes] = mapped_column(LargeBinary)
    card_fingerprint: Mapped[str] = mapped_column(String(60), index=True)
    card_last_four: Mapped[str] = mapped_column(String(4))
    members: Mapped[int]
    kind: Mapped[HouseholdKind]
    registered_at: Mapped[dt.datetime]
    registered_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))


@dataclass(frozen=True, slots=True)
class NewHousehold:
    """A household to register: its village by code, the name and card of its head."""

    division_code: str
    head_name: str
    card_number: str
    members: int
    kind: HouseholdKind


def is_card_number(text: str) -> bool:
    """Whether this can be a bank card: 16 to 19 digits that pass Luhn's check (ISO/IEC 7812-1)."""
    return (
        text.isascii() and text.isdigit() and len(text) in CARD_DIGITS and bool(luhn.is_valid(text))
    )


def check(household: NewHousehold) -> None:
    """Refuses with InvalidValue for what no household can be."""
    required(household.head_name, path="household.name", longest=_LONGEST_NAME)
    if not is_card_number(household.card_number):
        raise InvalidValue(path="household.cardNumber", reason="not_a_card_number")
    if not 1 <= household.members <= MOST_MEMBERS:
        raise InvalidValue(path="household.members", reason="out_of_range")


async def register_household(
    transaction: Transaction, actor: Actor, *, household_id: UUID, household: NewHousehold
) -> UUID:
    """Register a household under its village; the caller has asked the actor's right to.

    After: its name and card are sealed in the row. Refuses with InvalidValue for what `check`
    refuses, and for a code that is no village.
    """
    check(household)
    village = await places.division(transaction.connection, household.division_code)
    if village is None or village.level is not DivisionLevel.VILLAGE:
        raise InvalidValue(path="household.villageCode", reason="not_a_village")
    keyring = transaction.keyring
    await transaction.execute(
        insert(Household).values(
            id=household_id,
            division_code=household.division_code,
            head_name=keyring.seal(
                household.head_name.strip(), Place("households", "head_name", household_id)
            ),
            card_number=keyring.seal(
                household.card_number, Place("households", "card_number", household_id)
            ),
            card_fingerprint=keyring.fingerprint(_CARD, household.card_number),
            card_last_four=household.card_number[-4:],
            members=household.members,
            kind=household.kind,
            registered_at=transaction.now,
            registered_by=actor.person_id,
        )
    )
    await audit.record(
        transaction,
        actor.person_id,
        act="household_registered",
        subject="household",
        subject_id=household_id,
    )
    return household_id


async def reveal_card_number(
    transaction: Transaction, actor: Actor, *, household_id: UUID, purpose: str
) -> str:
    """The whole card number, for who pays; the caller has asked the actor's right to.

    After: the read is recorded with its purpose. Refuses with NotFound.
    """
    assert actor.person_id is not None
    sealed = await transaction.connection.scalar(
        select(Household.card_number).where(Household.id == household_id)
    )
    if sealed is None:
        raise NotFound(noun="household")
    return await personal_data.unseal(
        transaction,
        actor.person_id,
        sealed=sealed,
        place=Place("households", "card_number", household_id),
        purpose=purpose,
    )


async def ids_with_card(transaction: Transaction, card_number: str) -> list[UUID]:
    """The households that gave this card, whichever key its fingerprint was made with.

    Nothing is opened, so nothing is recorded.
    """
    candidates = transaction.keyring.fingerprints(_CARD, card_number)
    statement = (
        select(Household.id)
        .where(Household.card_fingerprint.in_(candidates))
        .order_by(Household.registered_at, Household.id)
    )
    return list((await transaction.execute(statement)).scalars())


async def by_ids(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Any]:
    """Households by id, as lists show them: nothing that is sealed."""
    rows = await connection.execute(
        select(
            Household.id,
            Household.division_code,
            Household.card_last_four,
            Household.members,
            Household.kind,
        ).where(Household.id.in_(ids))
    )
    return {row.id: row for row in rows}
