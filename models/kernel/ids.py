"""Ids are UUIDv7, made here and never by the database; people get short codes.

A short code is read out on the telephone: Crockford's base 32 (no I, L, O, U), 60 random bits and
one check character (the value modulo 37), in groups of four or five.
"""

import secrets
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECK_ALPHABET = _ALPHABET + "*~$=U"
_CODE_LENGTH = 12
_CONFUSED = str.maketrans("ILO", "110")


def new_id() -> UUID:
    """A new UUIDv7: unique, and in the order of time to the millisecond."""
    return uuid7()


def new_code(prefix: str) -> str:
    """A new short code that cannot be guessed, such as ``R-8F3K-2MNP-7QXTC``."""
    value = secrets.randbits(5 * _CODE_LENGTH)
    letters = "".join(
        _ALPHABET[value >> (5 * place) & 31] for place in reversed(range(_CODE_LENGTH))
    )
    letters += _CHECK_ALPHABET[value % 37]
    return f"{prefix}-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def canonical_code(text: str) -> str | None:
    """The code a person meant (any case, spaces or dashes, O for 0); None if it cannot be one."""
    letters = text.upper().replace("-", "").replace(" ", "")
    prefix, body, check = (
        letters[: -_CODE_LENGTH - 1],
        letters[-_CODE_LENGTH - 1 : -1],
        letters[-1:],
    )
    body = body.translate(_CONFUSED)
    if not prefix.isalpha() or len(body) != _CODE_LENGTH or body.strip(_ALPHABET):
        return None
    value = 0
    for letter in body:
        value = value * 32 + _ALPHABET.index(letter)
    if _CHECK_ALPHABET[value % 37] != check:
        return None
    return f"{prefix}-{body[:4]}-{body[4:8]}-{body[8:]}{check}"


def derived_id(parent: UUID, name: str) -> UUID:
    """The id of a thing that its parent has exactly one of under that name (UUIDv5)."""
    return uuid5(parent, name)
