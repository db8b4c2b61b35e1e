"""Read the facts that are committed beside this module; `sources.toml` says where each is from."""

import csv
import hashlib
import lzma
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from typing import Any

COUNTY_DIGITS = 6

_FOLDER = resources.files("models.reference")


def content(name: str) -> bytes:
    """The bytes of a reference file."""
    return (_FOLDER / name).read_bytes()


def sha256(name: str) -> str:
    """The digest that tells whether what was loaded is what is committed."""
    return hashlib.sha256(content(name)).hexdigest()


def sources() -> dict[str, dict[str, Any]]:
    """The attribution of each file, by its name."""
    return tomllib.loads(content("sources.toml").decode())


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file; an empty cell is the empty string."""
    return list(csv.DictReader(content(name).decode().splitlines()))


def designated_counties() -> list[dict[str, str]]:
    """The 832 listed counties, each with the code that stands for it today."""
    return rows("counties832.csv")


def divisions(prefixes: Sequence[str] | None = None) -> Iterator[tuple[str, str]]:
    """Code at its natural length and name of each division, parents before their children.

    With prefixes, only the townships and villages below them; counties and above come always.
    """
    lines: Iterable[str] = lzma.decompress(content("divisions.csv.xz")).decode().splitlines()
    if prefixes is not None:
        below = tuple(prefixes)
        # Tried on whole lines, for it is done a hundred thousand times: the code comes first.
        lines = (
            line for line in lines if line.startswith(below) or "," in line[: COUNTY_DIGITS + 1]
        )
    for line in lines:
        code, _, name = line.partition(",")
        yield code, name
