"""Pages of lists, and references unfolded into the objects they name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from webhooks.sandbox.faults import StripeFault
from webhooks.sandbox.state import Body, Books, Page

LIMIT_MAX = 100
EXPAND_DEPTH_MAX = 4


def page_of(asked: Mapping[str, Any], filters: Iterable[str]) -> Page:
    """The page that a list request asks for."""
    limit = asked.get("limit", 10)
    if not 1 <= limit <= LIMIT_MAX:
        raise StripeFault(
            f"Invalid limit: must be between 1 and {LIMIT_MAX}.",
            code="parameter_invalid_integer",
            param="limit",
        )
    if "starting_after" in asked and "ending_before" in asked:
        raise StripeFault(
            "You may only specify one of these parameters: starting_after, ending_before."
        )
    if "type" in asked and "types" in asked:
        raise StripeFault("You may only specify one of these parameters: type, types.")
    created = asked.get("created", {})
    kinds = asked.get("types", [])
    equal = {name: asked[name] for name in filters if name in asked}
    if "*" in equal.get("type", ""):
        kinds = [equal.pop("type")]
    return Page(
        limit=limit,
        starting_after=asked.get("starting_after"),
        ending_before=asked.get("ending_before"),
        equal=equal,
        created=created if isinstance(created, dict) else {"gte": created, "lte": created},
        event_kinds=tuple(kinds),
    )


def expand(books: Books, body: Body, paths: Sequence[str]) -> Body:
    """The body with the references on these paths replaced by what they refer to."""
    for path in paths:
        steps = path.split(".")
        if steps[0] == "data":
            for item in body.get("data", []):
                _expand(books, item, steps[1:], path=path)
        else:
            _expand(books, body, steps, path=path)
    return body


def _expand(books: Books, holder: Body, steps: Sequence[str], *, path: str) -> None:
    if not steps:
        return
    name, rest = steps[0], steps[1:]
    if len(steps) > EXPAND_DEPTH_MAX or name not in holder:
        raise StripeFault(f"This property cannot be expanded ({path}).", param="expand")
    value = holder[name]
    if isinstance(value, str):
        value = holder[name] = books.any(value)
        if value is None:
            raise StripeFault(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(value, dict):
        _expand(books, value, rest, path=path)
