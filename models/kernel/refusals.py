"""An expected refusal is a value: a code and its facts. The sentence is made at the door.

A refusal is declared beside the rule that raises it, as a dataclass that derives from `Refusal`;
its code is its class name in capitals and its facts are its fields.
"""

import dataclasses
import re
from typing import ClassVar


@dataclasses.dataclass(eq=False)
class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """What a user asked for and a rule does not allow; raised, it rolls the transaction back."""

    code: ClassVar[str] = "REFUSAL"
    known: ClassVar[dict[str, type["Refusal"]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).upper()
        assert cls.known.get(cls.code, cls).__module__ == cls.__module__, f"{cls.code} twice"
        cls.known[cls.code] = cls

    @property
    def facts(self) -> dict[str, object]:
        """The fields of the refusal by name, as plain values."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def __str__(self) -> str:
        return f"{self.code} {self.facts}"


@dataclasses.dataclass(eq=False)
class NotFound(Refusal):
    """There is no such thing, or the asker may not know of it."""

    noun: str


@dataclasses.dataclass(eq=False)
class InvalidValue(Refusal):
    """A value that no rule could accept; `path` names the input field in camelCase."""

    path: str
    reason: str


@dataclasses.dataclass(eq=False)
class WrongState(Refusal):
    """The thing is not in a state in which this can be done."""

    noun: str
    state: str
