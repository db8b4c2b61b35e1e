from typing import TYPE_CHECKING

import pytest

from api.endpoint.errors import OperationRefusedError
from api.endpoint.operations import Operations
from api.endpoint.wire import Operation
from resolvers.context import Context
from tests.api.endpoint.sample import SampleContext, schema

if TYPE_CHECKING:
    # The type checker proves that the context of the resolvers is one the endpoint can work with.
    REAL: type[Operations[Context]] = Operations


@pytest.fixture
def operations() -> Operations[SampleContext]:
    return Operations(schema)


async def test_an_operation_is_run_without_http(operations: Operations[SampleContext]) -> None:
    asked = Operation("query Q($n: Int!) { products(first: $n) { name } }", {"n": 1}, "Q")

    body = await operations.answer(operations.choose(asked), asked, SampleContext())

    assert body == {"data": {"products": [{"name": "p0"}]}}


async def test_the_events_of_a_subscription_are_bodies(
    operations: Operations[SampleContext],
) -> None:
    asked = Operation("subscription { counted(to: 2) }")

    events = await operations.events(operations.choose(asked), asked, SampleContext())

    assert [event async for event in events] == [{"data": {"counted": n}} for n in (1, 2)]


async def test_variables_that_do_not_fit_are_named(operations: Operations[SampleContext]) -> None:
    asked = Operation("query Q($a: Fen!) { echoFen(amountFen: $a) }", {"a": 1.5})

    with pytest.raises(OperationRefusedError) as refused:
        await operations.answer(operations.choose(asked), asked, SampleContext())

    assert refused.value.body == {
        "errors": [
            {
                "message": (
                    "Variable '$a' has invalid value: Fen is an integer of fen:"
                    " a text of digits, or an integer up to 2^53 - 1."
                ),
                "locations": [{"line": 1, "column": 9}],
                "extensions": {"code": "BAD_USER_INPUT"},
            }
        ]
    }
