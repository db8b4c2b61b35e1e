"""A refusal of the model becomes a value of the answer: `Refused`, with its sentence.

The sentence is made here from the refusal's facts, in the language of the asker. `Refused` carries
the facts a second time as plain texts, a list of names and values, because every client can select
and type that: an amount in fen is digits, an instant ISO 8601 in UTC, a date ISO 8601.
"""

import dataclasses
import datetime as dt
import enum
import typing
from collections.abc import Mapping
from typing import Protocol

import strawberry
from strawberry.types.field import StrawberryField

from models.kernel.clock import SHANGHAI
from models.kernel.money import BasisPoints, Fen, yuan
from models.kernel.refusals import Refusal
from resolvers.sentences import SENTENCES, WORDS, Language


@strawberry.type(description="一项事实：拒绝所依据的数据。One fact a refusal rests on.")
class Fact:
    """A fact by name."""

    name: str = strawberry.field(description="名称，如 availableFen。The name of the fact.")
    value: str = strawberry.field(
        description=(
            "值：金额为分（数字），时间为 ISO 8601 UTC，日期为 ISO 8601。"
            "The value: fen as digits, instants as ISO 8601 in UTC, dates as ISO 8601."
        )
    )


@strawberry.type(
    description=(
        "规则不允许所请求的操作，什么都没有改变。"
        "A rule does not allow what was asked; nothing has changed."
    )
)
class Refused:
    """The member of every mutation's result that says no."""

    code: str = strawberry.field(
        description="拒绝的代码，如 BUDGET_EXCEEDED，不随语言改变。The stable code of the refusal."
    )
    message: str = strawberry.field(
        description="给人看的一句话，按请求的语言。A sentence for people, in the asker's language."
    )
    facts: list[Fact] = strawberry.field(
        description="拒绝所依据的事实。The facts the refusal rests on.", metadata={"at_most": 10}
    )


class Speaker(Protocol):
    """The part of a context that knows the language of the asker."""

    @property
    def language(self) -> Language: ...


class RefusalHandler(strawberry.ExceptionHandler[Refusal, Refused]):
    """Puts `Refused` in the place of a refusal where a result is a union that has it.

    Give it to the schema: `Schema(..., exception_handlers=[RefusalHandler()])`.
    """

    def handle(
        self,
        exception: Refusal,
        *,
        field: StrawberryField,  # noqa: ARG002 - the signature is Strawberry's
        info: strawberry.Info[Speaker, None],
    ) -> Refused:
        return refused(exception, info.context.language)


def refused(refusal: Refusal, language: Language) -> Refused:
    """The refusal as clients see it."""
    return Refused(
        code=refusal.code,
        message=sentence(refusal, language),
        facts=[
            Fact(name=camel_case(name), value=_plain(value))
            for name, value in refusal.facts.items()
            if value is not None
        ],
    )


def sentence(refusal: Refusal, language: Language) -> str:
    """The sentence of a refusal, its facts written as people write them."""
    kinds = _kinds(type(refusal))
    facts = {name: _spoken(value, kinds[name], language) for name, value in refusal.facts.items()}
    return SENTENCES[type(refusal)][language].format(**facts)


def camel_case(name: str) -> str:
    """A Python name as the schema spells it."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _kinds(refusal: type[Refusal]) -> Mapping[str, object]:
    hints = typing.get_type_hints(refusal)
    return {field.name: hints[field.name] for field in dataclasses.fields(refusal)}


def _is(kind: object, wanted: object) -> bool:
    return kind is wanted or wanted in typing.get_args(kind)


def _plain(value: object) -> str:
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(_plain(part) for part in value)
    return str(value)


def _spoken(value: object, kind: object, language: Language) -> str:
    if isinstance(value, int) and _is(kind, Fen):
        return f"¥{yuan(Fen(value))}".replace("¥−", "−¥")
    if isinstance(value, int) and _is(kind, BasisPoints):
        return f"{value / 100:.2f}".rstrip("0").rstrip(".") + "%"
    if isinstance(value, dt.datetime):
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, tuple):
        return ("、" if language == "zh" else ", ").join(
            _spoken(part, None, language) for part in value
        )
    plain = _plain(value)
    word = WORDS.get(plain) if isinstance(value, str | enum.Enum) else None
    return word[language] if word else plain
