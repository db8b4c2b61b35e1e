"""A form speaks GraphQL: the name of a field is a variable's path, such as `lines.0.quantity`.

People type as they are used to: full-width digits, spaces, commas, ¥ and 元 are read, an amount is
in yuan, whatever is blank counts as not given, and a row of a list that is unfinished is dropped.
Of several fields with one name the last that was filled in counts. What cannot be read is a
problem with the field's name; nothing that was typed is lost.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
)

from models.kernel.money import parse_yuan

Fields = Mapping[str, Sequence[str]]
Problems = dict[str, str]

INT_AT_MOST: Final = 2**31 - 1
_ROW_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,2}")
_TO_HALF_WIDTH = str.maketrans("０１２３４５６７８９－／　", "0123456789-/ ")


def decode(
    fields: Fields, variables: Mapping[str, GraphQLInputType]
) -> tuple[dict[str, object], Problems]:
    """The variables that the fields make, and the kind of problem by the name of its field."""
    problems: Problems = {}
    values: dict[str, object] = {}
    for name, kind in variables.items():
        value = _value(fields, name, kind, problems)
        if value is not None:
            values[name] = value
    return values, problems


def counted(fields: Fields, name: str) -> str:
    """The text that counts of the fields with that name."""
    return next((text for text in reversed(fields.get(name, ())) if text.strip()), "").strip()


def _value(fields: Fields, name: str, kind: GraphQLInputType, problems: Problems) -> object:
    if isinstance(kind, GraphQLNonNull):
        value = _value(fields, name, kind.of_type, problems)
        if value in (None, []) and not _has_problem(problems, name):
            problems[name] = "blank"
        return value
    if isinstance(kind, GraphQLList):
        return _rows(fields, name, kind, problems)
    if isinstance(kind, GraphQLInputObjectType):
        return _object(fields, name, kind, problems)
    text = counted(fields, name)
    if not text:
        return None
    problem, value = _leaf(text, kind)
    if value is None:
        problems[name] = problem
    return value


def _leaf(text: str, kind: GraphQLEnumType | GraphQLScalarType) -> tuple[str, object]:
    if isinstance(kind, GraphQLEnumType):
        return "choice", text if text in kind.values else None
    problem, read = _READERS.get(kind.name, ("text", _text))
    return problem, read(text)


def _has_problem(problems: Problems, name: str) -> bool:
    return any(field == name or field.startswith(f"{name}.") for field in problems)


def _object(
    fields: Fields, name: str, kind: GraphQLInputObjectType, problems: Problems
) -> dict[str, object] | None:
    own: Problems = {}
    values = {
        part: value
        for part, field in kind.fields.items()
        if (value := _value(fields, f"{name}.{part}", field.type, own)) is not None
    }
    if values or set(own.values()) - {"blank"}:
        problems.update(own)
    return values or None


def _rows(
    fields: Fields, name: str, kind: GraphQLList[GraphQLInputType], problems: Problems
) -> list[object]:
    row_kind = kind.of_type
    rows: list[object] = []
    for index in row_numbers(fields, name):
        own: Problems = {}
        row = _value(fields, f"{name}.{index}", row_kind, own)
        if row is None or "blank" in own.values():
            continue
        problems.update(own)
        rows.append(row)
    return rows


def row_numbers(fields: Iterable[str], name: str) -> list[int]:
    """The numbers of the rows of a list, in order; a form has only so many."""
    numbers = {
        field[len(name) + 1 :].partition(".")[0] for field in fields if field.startswith(f"{name}.")
    }
    return sorted(int(each) for each in numbers if _ROW_NUMBER.fullmatch(each))


def _text(text: str) -> str | None:
    return None if "\0" in text else text


def _integer(text: str) -> int | None:
    bare = text.translate(_TO_HALF_WIDTH).replace(",", "").replace("，", "").replace(" ", "")
    digits = bare.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > len(str(INT_AT_MOST)):
        return None
    return int(bare) if abs(int(bare)) <= INT_AT_MOST else None


def _date(text: str) -> str | None:
    parts = text.translate(_TO_HALF_WIDTH).replace("/", "-").replace(".", "-").split("-")
    try:
        year, month, day = (int(part) for part in parts)
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return None


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _boolean(text: str) -> bool | None:
    return {"true": True, "on": True, "false": False, "off": False}.get(text.lower())


def _fen(text: str) -> str | None:
    fen = parse_yuan(text)
    return None if fen is None else str(fen)


_READERS: Final[Mapping[str, tuple[str, Callable[[str], object]]]] = {
    "Fen": ("amount", _fen),
    "Int": ("integer", _integer),
    "Date": ("date", _date),
    "UUID": ("choice", _uuid),
    "Boolean": ("choice", _boolean),
}
