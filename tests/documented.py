"""The tables of docs/api.md, made from the schema: `make schema` writes them anew."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping

from graphql import GraphQLObjectType

from resolvers.access import ACCESS
from resolvers.refusals import camel_case
from resolvers.schema import schema
from resolvers.sentences import SENTENCES, WORDS
from tests.shape import ROOT

PAGE = ROOT / "docs" / "api.md"
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_BRACKETS = re.compile(r"（[^）]*）")
_FACT = re.compile(r"\{\w+\}")


def _rows(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(heads), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _who(field: str) -> str:
    right = ACCESS[field]
    if right.roles:
        return "、".join(WORDS[role.value]["zh"] for role in right.roles)
    return "已登录 signed in" if right.signed_in else "任何人 anyone"


def _fields(root: GraphQLObjectType | None) -> str:
    assert root is not None
    return _rows(
        ("field", "what it does", "who may"),
        (
            (f"`{name}`", _BRACKETS.sub("", field.description or ""), _who(name))
            for name, field in root.fields.items()
        ),
    )


def _refusals() -> Iterator[tuple[str, str, str]]:
    for kind, sentence in sorted(SENTENCES.items(), key=lambda entry: entry[0].code):
        said = " ".join(_FACT.sub("…", sentence[language]) for language in ("zh", "en"))
        facts = (f"`{camel_case(field.name)}`" for field in dataclasses.fields(kind))
        yield f"`{kind.code}`", said, ", ".join(facts)


def tables() -> Mapping[str, str]:
    """Each table by its name, as it should stand in the page."""
    graph = schema._schema
    return {
        "queries": _fields(graph.query_type),
        "mutations": _fields(graph.mutation_type),
        "subscriptions": _fields(graph.subscription_type),
        "refusals": _rows(("code", "what it says", "facts"), _refusals()),
    }


def renewed(page: str) -> str:
    """The page with its tables as they should be."""
    made = tables()
    return _TABLE.sub(lambda found: f"{found[1]}{made[found[2]]}{found[3]}", page)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
