"""Bring the places and policies to the committed files; running it twice changes nothing.

The files and where they come from: `models/reference/sources.toml`.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from models.kernel import divisions as codes
from models.kernel.database import Base, Transaction
from models.kernel.money import Fen
from models.places.divisions import (
    LEVELS,
    NATION_NAME,
    DesignatedCounty,
    Division,
    DivisionLevel,
    village_kind,
)
from models.places.policies import (
    LineKind,
    PolicyName,
    PolicyNumberRow,
    PolicyUnit,
    PovertyLineRow,
)
from models.reference import files, loading

_DIVISIONS = "divisions.csv.xz"


async def load_reference(
    transaction: Transaction, *, divisions: Sequence[str] | None = None
) -> int:
    """Bring divisions, designated counties, lines and policy numbers to the committed files.

    With `divisions` (code prefixes such as ``("511702", "3607")``), villages and townships only
    below these; what was loaded before stays and is kept up to date with it. After: the number of
    rows that were inserted or changed, zero when all of it was there already (one query).
    """
    if _is_current(await loading.recorded(transaction.connection), divisions):
        return 0
    held = await loading.take_turn(transaction)
    digest, held_scope = held.get(_DIVISIONS, ("", ""))
    scope = _wider_scope(held_scope, divisions)
    changed_rows = 0
    if (digest, held_scope) != (files.sha256(_DIVISIONS), scope):
        changed_rows += await _load(
            transaction, _DIVISIONS, Division, _division_rows(scope), scope=scope
        )
    for name, (model, rows) in _OTHERS.items():
        if held.get(name, ("", ""))[0] != files.sha256(name):
            changed_rows += await _load(transaction, name, model, rows())
    return changed_rows


def _is_current(held: dict[str, tuple[str, str]], divisions: Sequence[str] | None) -> bool:
    digests = {name: digest for name, (digest, _) in held.items()}
    _, held_scope = held.get(_DIVISIONS, ("", ""))
    return held_scope == _wider_scope(held_scope, divisions) and all(
        digests.get(name) == files.sha256(name) for name in (_DIVISIONS, *_OTHERS)
    )


def _wider_scope(held: str, wanted: Sequence[str] | None) -> str:
    if wanted is None or held == loading.EVERYTHING:
        return loading.EVERYTHING
    prefixes = sorted({*wanted, *held.split(",")} - {""})
    kept: list[str] = []
    for prefix in prefixes:
        if not prefix.startswith(tuple(kept)):
            kept.append(prefix)
    return ",".join(kept)


async def _load(
    transaction: Transaction,
    name: str,
    model: type[Base],
    rows: Iterable[dict[str, Any]],
    *,
    scope: str = loading.EVERYTHING,
) -> int:
    changed_rows = await loading.upsert_changed(transaction, model, rows)
    await loading.record(
        transaction, name, sha256=files.sha256(name), scope=scope, changed_rows=changed_rows
    )
    return changed_rows


def _division_rows(scope: str) -> Iterator[dict[str, Any]]:
    prefixes = [part for part in scope.split(",") if part]
    yield {
        "code": codes.NATION,
        "name": NATION_NAME,
        "level": DivisionLevel.NATION,
        "parent_code": None,
        "kind": None,
    }
    for code, name in files.divisions(None if scope == loading.EVERYTHING else prefixes):
        whole = code.ljust(codes.CODE_LENGTH, "0")
        shorter = codes.LEVEL_LENGTHS[: codes.LEVEL_LENGTHS.index(len(code))]
        yield {
            "code": whole,
            "name": name,
            "level": LEVELS[len(code)],
            "parent_code": codes.at_level(whole, shorter[-1]) if shorter else codes.NATION,
            "kind": village_kind(whole),
        }


def _designated_rows() -> Iterator[dict[str, Any]]:
    for row in files.designated_counties():
        yield {
            "county_code": row["code"].ljust(codes.CODE_LENGTH, "0"),
            "listed_name": row["listed_name"],
            "designated_since": dt.date.fromisoformat(row["designated_since"]),
            "delisted_year": int(row["delisted_year"]),
            "region": row["region"],
            "note": row["note"],
        }


def _poverty_line_rows() -> Iterator[dict[str, Any]]:
    for row in files.rows("poverty_lines.csv"):
        yield {
            **row,
            "year": int(row["year"]),
            "kind": LineKind(row["kind"]),
            "line_fen": Fen(int(row["line_fen"])),
            "approximate": row["approximate"] == "true",
            "verified": row["verified"] == "true",
        }


def _policy_number_rows() -> Iterator[dict[str, Any]]:
    for row in files.rows("policy_numbers.csv"):
        until = row["valid_until"]
        yield {
            **row,
            "name": PolicyName(row["name"]),
            "valid_from": dt.date.fromisoformat(row["valid_from"]),
            "valid_until": dt.date.fromisoformat(until) if until else None,
            "value": int(row["value"]),
            "unit": PolicyUnit(row["unit"]),
            "verified": row["verified"] == "true",
        }


_OTHERS: dict[str, tuple[type[Base], Callable[[], Iterator[dict[str, Any]]]]] = {
    "counties832.csv": (DesignatedCounty, _designated_rows),
    "poverty_lines.csv": (PovertyLineRow, _poverty_line_rows),
    "policy_numbers.csv": (PolicyNumberRow, _policy_number_rows),
}
