"""The access table guards every root field before its resolver runs."""

from dataclasses import dataclass

import pytest
import strawberry

from models.kernel.ids import new_id
from models.parties import ANONYMOUS, Actor, Grant, Role
from models.parties.rights import ANYONE, SIGNED_IN, NotPermitted, NotSignedIn, anywhere
from resolvers import access

AUDITOR = Actor(new_id(), (Grant(Role.AUDITOR, new_id(), "511702000000", "/a/"),))
DONOR = Actor(new_id())


@dataclass
class Asking:
    actor: Actor


@access.guarded
@strawberry.type
class Query:
    @strawberry.field
    def public(self) -> str:
        return "seen"

    @strawberry.field
    async def mine(self) -> str:
        return "seen"

    @strawberry.field
    def audited(self, number: int) -> str:
        return f"seen {number}"


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        access,
        "ACCESS",
        {"public": ANYONE, "mine": SIGNED_IN, "audited": anywhere(Role.AUDITOR)},
    )


@pytest.mark.parametrize(
    ("document", "actor", "refusal"),
    [
        ("{ public }", ANONYMOUS, None),
        ("{ mine }", ANONYMOUS, NotSignedIn),
        ("{ mine }", DONOR, None),
        ("{ audited(number: 7) }", ANONYMOUS, NotSignedIn),
        ("{ audited(number: 7) }", DONOR, NotPermitted),
        ("{ audited(number: 7) }", AUDITOR, None),
    ],
)
async def test_a_root_field_asks_the_table_first(
    document: str, actor: Actor, refusal: type[Exception] | None
) -> None:
    result = await strawberry.Schema(Query).execute(document, context_value=Asking(actor))

    if refusal is None:
        assert result.errors is None
        assert result.data is not None
        assert str(next(iter(result.data.values()))).startswith("seen")
    else:
        assert result.errors is not None
        assert isinstance(result.errors[0].original_error, refusal)
        assert result.data is None
