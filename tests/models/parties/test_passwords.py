"""Passwords are compared at one cost, whoever they belong to."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from models.parties.passwords import Passwords, Verified
from tests.parties import cheap_passwords


async def test_the_right_password_matches_however_it_was_composed() -> None:
    passwords = cheap_passwords()
    kept = await passwords.hash("caf\u00e9 au lait")

    assert kept.startswith("$argon2id$")
    assert await passwords.verify("cafe\u0301 au lait", kept) == Verified(matches=True)
    assert await passwords.verify("cafe au lait", kept) == Verified(matches=False)


@pytest.mark.parametrize("kept", [None, "!", ""])
async def test_who_has_no_password_matches_nothing(kept: str | None) -> None:
    passwords = cheap_passwords()

    for guess in ("", "!", "nobody signs in with this"):
        assert not (await passwords.verify(guess, kept)).matches


async def test_a_longer_text_is_not_its_own_beginning() -> None:
    passwords = cheap_passwords()
    kept = await passwords.hash("x" * 200)

    assert (await passwords.verify("x" * 200, kept)).matches
    assert not (await passwords.verify("x" * 201, kept)).matches


async def test_a_hash_of_weaker_parameters_is_made_anew() -> None:
    kept = await cheap_passwords().hash("correct horse")
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))

    verified = await stronger.verify("correct horse", kept)

    assert verified.matches
    assert verified.rehashed is not None
    assert await stronger.verify("correct horse", verified.rehashed) == Verified(matches=True)


class Counting(PasswordHasher):
    """Knows how many comparisons there were, and how many at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = self.running = self.most = 0
        self._lock = threading.Lock()

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002 - argon2's own names
        with self._lock:
            self.verified += 1
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            return super().verify(hash, password)
        finally:
            with self._lock:
                self.running -= 1


async def test_a_name_that_nobody_has_costs_a_comparison_too() -> None:
    hasher = Counting()

    await Passwords(hasher).verify("guess", None)

    assert hasher.verified == 1


async def test_a_crowd_is_compared_a_few_at_a_time() -> None:
    hasher = Counting()
    passwords = Passwords(hasher, at_once=2)

    await asyncio.gather(*(passwords.verify("guess", None) for _ in range(20)))

    assert hasher.verified == 20
    assert hasher.most <= 2
