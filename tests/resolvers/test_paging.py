import base64
import datetime as dt
import json
from typing import Any
from uuid import UUID

import pytest
import strawberry
from graphql import GraphQLError

from models.kernel.paging import Keyset, Page
from resolvers.paging import After, Before, Connection, First, Last, Listing

NAMES = [f"n{number:02}" for number in range(45)]
LISTING = Listing("names", (str,))
GIFTS = Listing("gifts", (dt.datetime, int, UUID, dt.date))
KEY = (
    dt.datetime(2017, 10, 17, 1, 2, 3, 456_789, tzinfo=dt.UTC),
    7,
    UUID(int=5),
    dt.date(2017, 10, 17),
)
COUNTED: list[int] = []


async def count() -> int:
    COUNTED.append(1)
    return len(NAMES)


def question(keyset: Keyset) -> Page[str]:
    """What the model would do, on a list in memory."""
    rows = [
        name
        for name in NAMES
        if (keyset.after is None or name > keyset.after[0])
        and (keyset.before is None or name < keyset.before[0])
    ]
    return keyset.page((rows[::-1] if keyset.backwards else rows)[: keyset.limit + 1])


@strawberry.type(description="A name.")
class Name:
    text: str = strawberry.field(description="Its text.")


@strawberry.type(description="Questions.")
class Query:
    @strawberry.field(description="All names.")
    def names(
        self, *, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Name]:
        keyset = LISTING.keyset(first=first, after=after, last=last, before=before)
        return LISTING.connection(
            question(keyset),
            keyset,
            node=lambda name: Name(text=name),
            key=lambda name: (name,),
            count=count,
        )


schema = strawberry.Schema(Query)


async def names(
    arguments: str = "",
    fields: str = "nodes { text } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }",
) -> Any:
    call = f"names({arguments})" if arguments else "names"
    result = await schema.execute(f"{{ {call} {{ {fields} }} }}")
    if result.errors:
        return (result.errors[0].extensions or {})["code"]
    assert result.data is not None
    return result.data["names"]


async def test_a_page_is_twenty_rows_unless_asked_otherwise() -> None:
    page = await names()

    assert [node["text"] for node in page["nodes"]] == NAMES[:20]
    assert page["pageInfo"]["hasNextPage"] is True
    assert page["pageInfo"]["hasPreviousPage"] is False


async def test_cursors_lead_through_the_whole_list_and_back() -> None:
    seen: list[str] = []
    page = await names("first: 20")
    while True:
        seen += [node["text"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        page = await names(f'first: 20, after: "{page["pageInfo"]["endCursor"]}"')

    assert seen == NAMES
    assert page["pageInfo"]["hasPreviousPage"] is True
    back = await names(f'last: 3, before: "{page["pageInfo"]["startCursor"]}"')
    assert [node["text"] for node in back["nodes"]] == NAMES[37:40]
    assert back["pageInfo"]["hasPreviousPage"] is True
    assert back["pageInfo"]["hasNextPage"] is True


async def test_every_edge_has_its_cursor() -> None:
    page = await names(
        "last: 2", "edges { cursor node { text } } pageInfo { startCursor endCursor }"
    )

    assert [edge["node"]["text"] for edge in page["edges"]] == NAMES[-2:]
    assert [edge["cursor"] for edge in page["edges"]] == list(page["pageInfo"].values())


async def test_an_empty_page_has_no_cursors() -> None:
    page = await names("first: 0")

    assert page["nodes"] == []
    assert page["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }


async def test_the_length_is_counted_only_when_it_is_asked_for() -> None:
    COUNTED.clear()
    await names()
    assert COUNTED == []

    assert await names("", "totalCount") == {"totalCount": 45}
    assert COUNTED == [1]


@pytest.mark.parametrize("arguments", ["first: 101", "first: -1", "last: -1", "first: 1, last: 1"])
async def test_a_page_that_cannot_be_is_refused(arguments: str) -> None:
    assert await names(arguments) == "BAD_PAGE"


def test_a_cursor_holds_its_keys_exactly() -> None:
    assert GIFTS.decode(GIFTS.encode(KEY)) == KEY


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


GOOD = [1, "gifts", "2017-10-17T01:02:03Z", 7, str(UUID(int=5)), "2017-10-17"]


def test_the_form_of_a_cursor_is_known() -> None:
    assert GIFTS.decode(cursor(GOOD))[1] == 7


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "你好", "arrayconnection:5", "=", "A" * 501, cursor(None), cursor(7), cursor([]),
        cursor({"a": 1}), cursor([2, *GOOD[1:]]), cursor([1, "names", *GOOD[2:]]),
        cursor(GOOD[:-1]),
        cursor([*GOOD, 1]), cursor([*GOOD[:2], "2017-10-17", *GOOD[3:]]),
        cursor([*GOOD[:3], "7", *GOOD[4:]]), cursor([*GOOD[:3], 2**63, *GOOD[4:]]),
        cursor([*GOOD[:3], True, *GOOD[4:]]), cursor([*GOOD[:3], 1.5, *GOOD[4:]]),
        cursor([*GOOD[:4], "5", GOOD[5]]), cursor([*GOOD[:5], None]), cursor(GOOD)[:-2],
        cursor(GOOD) + "!", LISTING.encode(("n01",)),
    ],
)  # fmt: skip
def test_what_is_no_cursor_of_this_list_is_refused(text: str) -> None:
    with pytest.raises(GraphQLError) as refused:
        GIFTS.decode(text)

    assert refused.value.extensions == {"code": "BAD_CURSOR"}


def test_a_text_in_a_cursor_holds_no_nul() -> None:
    with pytest.raises(GraphQLError):
        LISTING.decode(cursor([1, "names", "a\0b"]))


async def test_a_bad_cursor_is_told_in_the_answer() -> None:
    assert await names('after: "tampered"') == "BAD_CURSOR"
