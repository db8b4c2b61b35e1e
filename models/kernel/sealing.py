"""Personal data is sealed at rest (law 11; 《个人信息保护法》第五十一条: 加密、去标识化).

A sealed value opens only where it was sealed: table, column and row are bound to it, so that a card
cannot be copied from one household to another. Keys have versions; new values take the newest, old
ones stay readable as long as their key is kept. A fingerprint finds equal values (a card shared by
two households) without opening any; it is keyed, for a card has too few digits for a bare hash.
"""

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSIONS = range(1, 256)


class SealBrokenError(Exception):
    """A sealed value was changed, moved, or sealed with a key that is not in the ring."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lives."""

    table: str
    column: str
    row_id: UUID

    @property
    def associated_data(self) -> bytes:
        """What is bound into the sealed value, so that it opens nowhere else."""
        return f"{self.table}.{self.column}:{self.row_id}".encode()


class Keyring:
    """The platform's keys by version; a key of its own is derived for each purpose."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        if not all(version in _VERSIONS for version in keys):
            raise ValueError("Versions of keys are 1 to 255")
        if any(len(key) < KEY_BYTES for key in keys.values()):
            raise ValueError(f"A key has at least {KEY_BYTES} bytes")
        self._keys = dict(keys)

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read ``1:<secret>,2:<secret>``, or one secret alone, which is version 1.

        Raises ValueError, which never quotes a secret.
        """
        keys: dict[int, bytes] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            version, _, key = part.rpartition(":")
            number = int(version) if version.isdecimal() else int(not version)
            if not number or number in keys:
                raise ValueError("Keys are written as version:secret, each version once")
            keys[number] = key.encode()
        return cls(keys)

    @property
    def versions(self) -> tuple[int, ...]:
        """Every version, newest first."""
        return tuple(sorted(self._keys, reverse=True))

    @property
    def newest(self) -> int:
        """The version that new values take."""
        if not self._keys:
            raise RuntimeError("This needs keys, and none were given")
        return self.versions[0]

    def derived(self, purpose: str, version: int) -> bytes:
        """The key of one purpose, 32 bytes; KeyError for a version that is not in the ring."""
        return _derived(self._keys[version], purpose)

    def seal(self, text: str, place: Place) -> bytes:
        """The text, sealed for its place with the newest key."""
        version = self.newest
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = AESGCM(self.derived("seal", version))
        sealed = cipher.encrypt(nonce, text.encode(), place.associated_data)
        return bytes([version]) + nonce + sealed

    def unseal(self, sealed: bytes, place: Place) -> str:
        """The text that was sealed for this place; raises SealBrokenError."""
        version, nonce, rest = sealed[0], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            cipher = AESGCM(self.derived("seal", version))
            return cipher.decrypt(nonce, rest, place.associated_data).decode()
        except (KeyError, InvalidTag) as error:
            raise SealBrokenError(place) from error

    def fingerprint(self, purpose: str, content: str | bytes) -> str:
        """Equal for equal contents of a purpose, and telling nothing to who lacks the key."""
        return self._fingerprint(purpose, content, self.newest)

    def fingerprints(self, purpose: str, content: str | bytes) -> list[str]:
        """What `fingerprint` may have said of this content, with each key in turn."""
        return [self._fingerprint(purpose, content, version) for version in self.versions]

    def matches(self, fingerprint: str, purpose: str, content: str | bytes) -> bool:
        """Whether the fingerprint is of this content, with whichever key it was made."""
        return any(
            hmac.compare_digest(fingerprint, candidate)
            for candidate in self.fingerprints(purpose, content)
        )

    def _fingerprint(self, purpose: str, content: str | bytes, version: int) -> str:
        plain = content.encode() if isinstance(content, str) else content
        digest = hmac.digest(self.derived(f"fingerprint {purpose}", version), plain, "sha256")
        return f"{version}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


@lru_cache(maxsize=256)
def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"yuanliu {purpose}".encode()).derive(key)


NO_KEYS = Keyring({})
