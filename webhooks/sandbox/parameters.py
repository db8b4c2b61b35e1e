"""Requests, checked by the SDK's own parameter types: what they do not name is refused.

The SDK leaves its lists of words open (`Literal["payment"] | str`); the provider does not, so they
are closed here. What the SDK names but the sandbox does not speak is refused by name, never
passed over in silence.
"""

import re
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import typing_extensions
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, create_model
from pydantic_core import ErrorDetails, PydanticCustomError
from stripe import RequestOptions
from stripe._stripe_object import UntypedStripeObject

from webhooks.sandbox.faults import StripeFault

KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
FIELDS_MAX = 1_000
UNIONS: frozenset[Any] = frozenset({typing.Union, types.UnionType})


def decode(encoded: str) -> dict[str, Any]:
    """The nested mapping of a form: `line_items[0][quantity]=1`. Lists stay mappings by index."""
    try:
        pairs = parse_qsl(
            encoded, keep_blank_values=True, strict_parsing=bool(encoded), max_num_fields=FIELDS_MAX
        )
    except ValueError as error:
        raise StripeFault("The request could not be read as a form.") from error
    form: dict[str, Any] = {}
    for key, value in pairs:
        match = KEY.fullmatch(key)
        if match is None:
            raise StripeFault(f"Invalid parameter name: {key}", param=key)
        names = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        _put(form, names, value, key=key)
    return form


def _put(form: dict[str, Any], names: Sequence[str], value: str, *, key: str) -> None:
    place = form
    for name in names[:-1]:
        inner = place.setdefault(name, {})
        if not isinstance(inner, dict):
            raise StripeFault(f"Invalid parameter name: {key}", param=key)
        place = inner
    last = names[-1] or str(len(place))
    if last in place:
        raise StripeFault(f"Parameter given twice: {key}", param=key)
    place[last] = value


class Parameters:
    """The parameters of one kind of request."""

    def __init__(self, source: type, *, spoken: frozenset[str]) -> None:
        self._source = source
        self._spoken = spoken
        self._model: type[BaseModel] | None = None

    def check(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters with their types, or the provider's 400."""
        for name in form:
            if name in self._source.__annotations__ and name not in RequestOptions.__annotations__:
                if name not in self._spoken:
                    raise StripeFault(f"The payment sandbox does not speak `{name}`.", param=name)
            elif name not in self._spoken:
                raise StripeFault(
                    f"Received unknown parameter: {name}", code="parameter_unknown", param=name
                )
        if self._model is None:
            self._model = _model(self._source, self._spoken)
        try:
            checked = self._model.model_validate(form)
        except ValidationError as error:
            raise _fault(error.errors()[0], form) from error
        return checked.model_dump(exclude_unset=True)


@cache
def _model(source: type, spoken: frozenset[str] | None = None) -> type[BaseModel]:
    wanted = {
        name: annotation
        for name, annotation in source.__annotations__.items()
        if name not in RequestOptions.__annotations__ and (spoken is None or name in spoken)
    }
    bearer = type(source.__name__, (), {"__annotations__": wanted})
    hints = typing_extensions.get_type_hints(
        bearer, vars(sys.modules[source.__module__]), include_extras=True
    )
    fields: dict[str, Any] = {}
    for name, hint in hints.items():
        marker: object = typing_extensions.get_origin(hint)
        is_optional = marker is typing_extensions.NotRequired
        inner = typing_extensions.get_args(hint)[0] if is_optional else hint
        fields[name] = (_closed(inner), None if is_optional else ...)
    return create_model(source.__name__, __config__=ConfigDict(extra="forbid"), **fields)


def _closed(hint: Any) -> Any:
    """The same type with its lists of words closed and its numbers strict."""
    arguments = typing_extensions.get_args(hint)
    origin: Any = typing_extensions.get_origin(hint)
    if origin in UNIONS:
        kept = [part for part in arguments if not _is_untyped(part)]
        has_words = any(
            typing_extensions.get_origin(part) is Literal and any(typing_extensions.get_args(part))
            for part in kept
        )
        kept = [_closed(part) for part in kept if not (has_words and part is str)]
        return kept[0] if len(kept) == 1 else typing.Union[tuple(kept)]  # noqa: UP007 - from parts
    if origin is list:
        return Annotated[list[_closed(arguments[0])], BeforeValidator(_as_list)]  # type: ignore[misc]  # a type made at run time
    if typing_extensions.is_typeddict(hint):
        return _model(hint)
    return Annotated[int, BeforeValidator(_as_integer)] if hint is int else hint


def _is_untyped(hint: Any) -> bool:
    return typing_extensions.get_origin(hint) is UntypedStripeObject or hint is UntypedStripeObject


def _as_list(value: Any) -> Any:
    if isinstance(value, dict) and list(value) == [str(place) for place in range(len(value))]:
        return list(value.values())
    raise PydanticCustomError("array", "Invalid array")


def _as_integer(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    raise PydanticCustomError("integer", "Invalid integer: {given}", {"given": str(value)})


def _fault(error: ErrorDetails, form: Mapping[str, Any]) -> StripeFault:
    param = _param(error["loc"], form)
    match error["type"]:
        case "missing":
            return StripeFault(
                f"Missing required param: {param}.", code="parameter_missing", param=param
            )
        case "extra_forbidden":
            return StripeFault(
                f"Received unknown parameter: {param}", code="parameter_unknown", param=param
            )
        case "integer":
            return StripeFault(error["msg"], code="parameter_invalid_integer", param=param)
        case "literal_error":
            words = error["ctx"]["expected"]
            return StripeFault(f"Invalid {param}: must be one of {words}", param=param)
        case _:
            return StripeFault(f"Invalid {param}: {error['msg']}", param=param)


def _param(location: Sequence[int | str], form: Mapping[str, Any]) -> str:
    """`line_items[0][quantity]`; pydantic's own names for the arms of a union are left out."""
    param, place = "", form
    for step in location:
        name = str(step)
        inside = isinstance(place, Mapping) and name in place
        is_last = step is location[-1]
        if inside or (is_last and name.isidentifier()):
            param += f"[{name}]" if param else name
        if inside:
            place = place[name]
    return param
