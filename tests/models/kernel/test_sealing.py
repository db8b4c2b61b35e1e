"""A sealed value opens where it was sealed, with a key of the ring, and nowhere else."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.kernel.ids import new_id
from models.kernel.sealing import NO_KEYS, Keyring, Place, SealBrokenError

OLD = Keyring({1: b"1" * 32})
ROTATED = Keyring({1: b"1" * 32, 2: b"2" * 32})
RETIRED = Keyring({2: b"2" * 32})
PLACE = Place("households", "card_number", new_id())
CARD = "6217000010001234567"


@given(st.text())
def test_what_was_sealed_opens_again(text: str) -> None:
    assert OLD.unseal(OLD.seal(text, PLACE), PLACE) == text


def test_the_same_text_is_never_sealed_alike() -> None:
    assert OLD.seal(CARD, PLACE) != OLD.seal(CARD, PLACE)
    assert CARD.encode() not in OLD.seal(CARD, PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        dataclasses.replace(PLACE, table="people"),
        dataclasses.replace(PLACE, column="head_name"),
        dataclasses.replace(PLACE, row_id=new_id()),
    ],
)
def test_a_value_moved_elsewhere_does_not_open(elsewhere: Place) -> None:
    with pytest.raises(SealBrokenError):
        OLD.unseal(OLD.seal(CARD, PLACE), elsewhere)


@pytest.mark.parametrize("position", [0, 1, 12, 13, -1])
def test_a_changed_byte_does_not_open(position: int) -> None:
    sealed = bytearray(OLD.seal(CARD, PLACE))
    sealed[position] ^= 1

    with pytest.raises(SealBrokenError):
        OLD.unseal(bytes(sealed), PLACE)


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    sealed = OLD.seal(CARD, PLACE)

    assert ROTATED.unseal(sealed, PLACE) == CARD
    assert ROTATED.seal(CARD, PLACE)[0] == 2
    with pytest.raises(SealBrokenError):
        RETIRED.unseal(sealed, PLACE)


def test_a_fingerprint_finds_equal_values_across_keys_of_one_purpose() -> None:
    kept = OLD.fingerprint("card", CARD)

    assert kept in ROTATED.fingerprints("card", CARD)
    assert ROTATED.matches(kept, "card", CARD)
    assert not ROTATED.matches(kept, "card", "6217000010001234568")
    assert not ROTATED.matches(kept, "request", CARD)
    assert not RETIRED.matches(kept, "card", CARD)
    assert ROTATED.fingerprint("card", CARD) != kept


def test_keys_are_read_from_one_line_of_text() -> None:
    first, second = "f" * 32, "s" * 43

    assert Keyring.parse(f"1:{first}, 2:{second}").versions == (2, 1)
    assert Keyring.parse(first).fingerprint("card", CARD) == Keyring.parse(
        f"1:{first}"
    ).fingerprint("card", CARD)
    for wrong in ("1", f"x:{first}", f"1:{first},1:{second}", "1:short", f"0:{first}"):
        with pytest.raises(ValueError, match=r"[Kk]ey"):
            Keyring.parse(wrong)


def test_without_keys_nothing_is_sealed() -> None:
    with pytest.raises(RuntimeError):
        NO_KEYS.seal(CARD, PLACE)
