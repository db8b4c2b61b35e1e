"""Ids are UUIDv7, made here and never by the database; people get short codes.

A short code is read out on the telephone and stands in an address: Crockford's base 32 (no I, L,
O, U), 60 random bits and one check letter of the same alphabet (Luhn's, modulo 32).
"""

import secrets
from uuid import UUID, uuid5

from stdnum import luhn
from uuid_utils.compat import uuid7

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 12
_CONFUSED = str.maketrans("ILO", "110")


def new_id() -> UUID:
    """A new UUIDv7: unique, and in the order of time to the millisecond."""
    return uuid7()


def new_code(prefix: str) -> str:
    """A new short code that cannot be guessed, such as ``R-8F3K-2MNP-7QXTC``."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    letters += luhn.calc_check_digit(letters, _ALPHABET)
    return f"{prefix}-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def canonical_code(text: str) -> str | None:
    """The code a person meant (any case, spaces or dashes, O for 0); None if it cannot be one."""
    letters = text.upper().replace("-", "").replace(" ", "")
    prefix, code = letters[: -_CODE_LENGTH - 1], letters[-_CODE_LENGTH - 1 :].translate(_CONFUSED)
    if not prefix.isalpha() or len(code) != _CODE_LENGTH + 1 or code.strip(_ALPHABET):
        return None
    if not luhn.is_valid(code, _ALPHABET):
        return None
    return f"{prefix}-{code[:4]}-{code[4:8]}-{code[8:]}"


def derived_id(parent: UUID, name: str) -> UUID:
    """The id of a thing that its parent has exactly one of under that name (UUIDv5)."""
    return uuid5(parent, name)
