"""Enums of the model in the words of the schema: each value with its description."""

import enum
from collections.abc import Mapping
from typing import TypeVar

import strawberry

E = TypeVar("E", bound=type[enum.StrEnum])


def described(kind: E, description: str, values: Mapping[enum.StrEnum, str]) -> E:
    """The enum as the schema has it; every value must be described."""
    assert set(values) == set(kind), f"{kind.__name__}: each value needs a description"
    strawberry.enum(kind, description=description)
    for value in kind.__strawberry_definition__.values:  # type: ignore[attr-defined] # set just above
        value.description = values[kind[value.name]]
    return kind
