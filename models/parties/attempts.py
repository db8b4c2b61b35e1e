"""Attempts to sign in are slowed, for an account and for an address, and never stopped for ever.

Each attempt is counted before the password is looked at, so that guesses made side by side count
as well as guesses made in a row. After a few that failed, the next must wait; the wait doubles to
a limit and is over when the window has passed. A refused attempt is not counted and lengthens
nothing. Strangers cannot lock somebody out: an address from which the account was signed in to
lately is slowed by its own failures alone. Names and addresses are kept as keyed fingerprints, for
people type passwords into the field of the name.
Source: NIST SP 800-63B-4 §3.2.2; GB/T 22239-2019《网络安全等级保护基本要求》8.1.4.1.
"""

import datetime as dt
import ipaddress
import math
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Index, String, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base, Transaction
from models.kernel.refusals import Refusal
from models.parties.people import canonical_sign_in_name

WINDOW = dt.timedelta(minutes=15)
KNOWN = dt.timedelta(days=30)
LONGEST_WAIT = dt.timedelta(minutes=5)
FREE_OF_PAIR = 5
FREE_OF_NAME = 20
FREE_OF_ADDRESS = 50
_IPV6_OF_ONE_HOUSE = 64


class SignInAttempt(Base):
    """One attempt; it counts as failed until it succeeds."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index(None, "name_fingerprint", "at"),
        Index(None, "address_fingerprint", "at"),
        Index(None, "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    name_fingerprint: Mapped[str] = mapped_column(String(60))
    address_fingerprint: Mapped[str] = mapped_column(String(60))
    succeeded: Mapped[bool]


@dataclass(eq=False)
class TooManyAttempts(Refusal):
    """The next attempt for this account, or from this address, must wait."""

    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed attempts within the window: how many, and when the last one was."""

    count: int
    last_at: dt.datetime | None

    def over_at(self, free: int) -> dt.datetime | None:
        """When the next attempt may be made, if some are free; None if now."""
        if self.last_at is None or self.count < free:
            return None
        doubled = dt.timedelta(seconds=2 ** min(self.count - free, 20))
        return self.last_at + min(doubled, LONGEST_WAIT)


async def begin(
    transaction: Transaction, *, attempt_id: UUID, sign_in_name: str, address: str
) -> None:
    """Count an attempt that is about to be made. Refuses with TooManyAttempts, counting nothing."""
    name = transaction.keyring.fingerprint("sign-in name", canonical_sign_in_name(sign_in_name))
    house = transaction.keyring.fingerprint("address", _house(address))
    await _take_turns(transaction, name, house)
    over = await _over_at(transaction, name, house)
    if over is not None and over > transaction.now:
        wait = (over - transaction.now).total_seconds()
        raise TooManyAttempts(retry_after_seconds=math.ceil(wait))
    await transaction.execute(
        insert(SignInAttempt).values(
            id=attempt_id,
            at=transaction.now,
            name_fingerprint=name,
            address_fingerprint=house,
            succeeded=False,
        )
    )


async def succeed(transaction: Transaction, *, attempt_id: UUID) -> None:
    """The attempt was right after all. What is too old to matter is forgotten on the way."""
    await transaction.execute(
        update(SignInAttempt).where(SignInAttempt.id == attempt_id).values(succeeded=True)
    )
    await transaction.execute(
        delete(SignInAttempt).where(SignInAttempt.at < transaction.now - KNOWN)
    )


async def _over_at(transaction: Transaction, name: str, house: str) -> dt.datetime | None:
    is_name = SignInAttempt.name_fingerprint == name
    is_house = SignInAttempt.address_fingerprint == house
    last_success = await transaction.connection.scalar(
        select(func.max(SignInAttempt.at)).where(
            is_name, is_house, SignInAttempt.succeeded, SignInAttempt.at > transaction.now - KNOWN
        )
    )
    since = transaction.now - WINDOW
    of_pair = await _failures(transaction, is_name & is_house, max(since, last_success or since))
    of_house = await _failures(transaction, is_house, since)
    waits = [of_pair.over_at(FREE_OF_PAIR), of_house.over_at(FREE_OF_ADDRESS)]
    if last_success is None:
        waits.append((await _failures(transaction, is_name, since)).over_at(FREE_OF_NAME))
    return max((wait for wait in waits if wait is not None), default=None)


async def _failures(
    transaction: Transaction, of: ColumnElement[bool], since: dt.datetime
) -> Failures:
    row = (
        await transaction.execute(
            select(func.count(), func.max(SignInAttempt.at)).where(
                of, SignInAttempt.at > since, ~SignInAttempt.succeeded
            )
        )
    ).one()
    return Failures(*row)


async def _take_turns(transaction: Transaction, *keys: str) -> None:
    """Attempts on one account or from one address are counted one after the other."""
    if transaction.dialect == "postgresql":
        for key in sorted(keys):
            await transaction.execute(
                select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0)))
            )


def _house(address: str) -> str:
    """The address, or for IPv6 the network that one house has, which holds 2^64 addresses."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_OF_ONE_HOUSE), strict=False))
