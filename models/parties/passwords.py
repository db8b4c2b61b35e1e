"""Passwords are kept as argon2id hashes (RFC 9106) and compared away from the event loop.

A hash costs about a fifth of a second and 64 MiB on purpose; a semaphore keeps a crowd of guesses
from taking every core and all memory. A name that nobody has costs the same work as one somebody
has, so that time does not tell which names exist.
"""

import asyncio
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.parties.people import LONGEST_PASSWORD

AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a password was the right one, and its new hash where the old one has become weak."""

    matches: bool
    rehashed: str | None = None


class Passwords:
    """Hashes and compares, a few at a time."""

    def __init__(self, hasher: PasswordHasher | None = None, *, at_once: int = AT_ONCE) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(at_once)

    async def hash(self, password: str) -> str:
        """The hash to keep of a password."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, _spelled(password))

    async def verify(self, password: str, password_hash: str | None) -> Verified:
        """Compare with a hash, or with none at the same cost."""
        async with self._turns:
            return await asyncio.to_thread(self._verify, password, password_hash)

    @cached_property
    def _nobodys_hash(self) -> str:
        return self._hasher.hash("nobody signs in with this")

    def _verify(self, password: str, password_hash: str | None) -> Verified:
        spelled = _spelled(password[:LONGEST_PASSWORD])
        try:
            self._hasher.verify(password_hash or self._nobodys_hash, spelled)
        except (VerificationError, InvalidHashError):
            return Verified(matches=False)
        if not password_hash or len(password) > LONGEST_PASSWORD:
            return Verified(matches=False)
        is_weak = self._hasher.check_needs_rehash(password_hash)
        return Verified(matches=True, rehashed=self._hasher.hash(spelled) if is_weak else None)


def _spelled(password: str) -> str:
    """One spelling of what a keyboard may compose in several (RFC 8265 §4.2: NFC)."""
    return unicodedata.normalize("NFC", password)
