"""graphql-transport-ws over a real socket, with another library as the client."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from starlette.types import ASGIApp
from websockets import ConnectionClosed, InvalidStatus, Subprotocol
from websockets.asyncio.client import ClientConnection, connect

from api.endpoint.graphql import Timing
from api.endpoint.limits import Limits
from tests.api.endpoint import sample
from tests.api.endpoint.sample import application, listening, until

PROTOCOL = Subprotocol("graphql-transport-ws")
WAIT = 'subscription { counted(to: 1, then: "wait") }'


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    async with listening(application(allowed_origins=["https://friend.test"])) as address:
        yield address


class Talk:
    """A client that speaks JSON."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, **message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self) -> Any:
        async with asyncio.timeout(5):
            return json.loads(await self.socket.recv())

    async def begin(self, **payload: object) -> None:
        await self.say(type="connection_init", payload=payload)
        assert await self.hear() == {"type": "connection_ack"}

    async def ask(self, query: str, *, id_: str = "1", **more: object) -> None:
        await self.say(type="subscribe", id=id_, payload={"query": query, **more})

    async def closed(self) -> tuple[int, str]:
        async with asyncio.timeout(5):
            with suppress(ConnectionClosed):
                while True:
                    await self.socket.recv()
        return self.socket.close_code or 0, self.socket.close_reason or ""


@asynccontextmanager
async def talking(address: str, *, begun: bool = True, **options: Any) -> AsyncIterator[Talk]:
    options.setdefault("subprotocols", [PROTOCOL])
    async with connect(f"ws://{address}/graphql", compression=None, **options) as socket:
        talk = Talk(socket)
        if begun:
            await talk.begin()
        yield talk


async def test_a_subscription_is_its_events_and_then_complete(address: str) -> None:
    async with talking(address) as talk:
        await talk.ask("subscription Q($n: Int!) { counted(to: $n) }", variables={"n": 2})

        assert await talk.hear() == {"id": "1", "type": "next", "payload": {"data": {"counted": 1}}}
        assert await talk.hear() == {"id": "1", "type": "next", "payload": {"data": {"counted": 2}}}
        assert await talk.hear() == {"id": "1", "type": "complete"}


async def test_queries_and_mutations_are_answered_once(address: str) -> None:
    async with talking(address) as talk:
        await talk.ask("mutation { payOrder(amountFen: 5) { ... on PayOrderPayload { paidFen } } }")

        answer = await talk.hear()
        assert answer["payload"] == {"data": {"payOrder": {"paidFen": "5"}}}
        assert await talk.hear() == {"id": "1", "type": "complete"}
        await talk.ask("{ __typename }")
        assert (await talk.hear())["payload"] == {"data": {"__typename": "Query"}}


async def test_two_operations_run_side_by_side(address: str) -> None:
    async with talking(address) as talk:
        await talk.ask(WAIT, id_="slow")
        assert (await talk.hear())["id"] == "slow"
        await talk.ask("{ __typename }", id_="fast")

        assert [(await talk.hear())["id"] for _ in range(2)] == ["fast", "fast"]


async def test_complete_from_the_client_ends_the_subscription(address: str) -> None:
    async with talking(address) as talk:
        await talk.ask(WAIT)
        await talk.hear()
        assert sample.OPEN == [1]
        await talk.say(type="complete", id="1")
        await until(lambda: not sample.OPEN)

        await talk.say(type="complete", id="never begun")
        await talk.ask("{ __typename }")
        assert (await talk.hear())["type"] == "next"


async def test_a_client_that_leaves_ends_its_subscriptions(address: str) -> None:
    async with talking(address) as talk:
        for number in range(3):
            await talk.ask(WAIT, id_=str(number))
            await talk.hear()
        assert len(sample.OPEN) == 3
    await until(lambda: not sample.OPEN)


async def test_a_subscription_that_breaks_ends_with_a_masked_error(address: str) -> None:
    async with talking(address) as talk:
        await talk.ask('subscription { counted(to: 0, then: "break") }')

        message = await talk.hear()
        assert (message["id"], message["type"]) == ("1", "error")
        assert message["payload"][0]["extensions"]["code"] == "INTERNAL_ERROR"
        assert "password" not in json.dumps(message)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query Q($n: Int!) { products(first: $n) { name } }", "BAD_USER_INPUT"),
        ("subscription { guarded }", "NOT_FOUND"),
        ("{ ...A } fragment A on Query { ...A }", "GRAPHQL_VALIDATION_FAILED"),
        ("{" + "...{" * 60 + "__typename" + "}" * 61, "LIMIT_EXCEEDED"),
    ],
)
async def test_an_operation_that_cannot_begin_is_an_error_of_its_own(
    address: str, query: str, code: str
) -> None:
    async with talking(address) as talk:
        await talk.ask(query)

        message = await talk.hear()
        assert (message["id"], message["type"]) == ("1", "error")
        assert message["payload"][0]["extensions"]["code"] == code
        await talk.ask("{ __typename }")
        assert (await talk.hear())["type"] == "next"


async def test_introspection_depends_on_who_began(address: str) -> None:
    async with talking(address, begun=False) as talk:
        await talk.begin(authorization="Bearer nobody")
        await talk.ask("{ __schema { queryType { name } } }")

        message = await talk.hear()
        assert message["payload"][0]["extensions"] == {"code": "INTROSPECTION_REFUSED"}


async def test_who_is_refused_by_the_context_is_forbidden(address: str) -> None:
    async with talking(address, begun=False) as talk:
        await talk.say(type="connection_init", payload={"authorization": "Bearer bad"})

        assert await talk.closed() == (4403, "Forbidden")


async def test_ping_is_answered_and_pong_is_taken(address: str) -> None:
    async with talking(address, begun=False) as talk:
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}
        await talk.begin()
        await talk.say(type="pong", payload={})
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}


async def test_nothing_runs_before_the_beginning(address: str) -> None:
    async with talking(address, begun=False) as talk:
        await talk.ask("{ __typename }")

        assert await talk.closed() == (4401, "Unauthorized")


async def test_one_begins_once(address: str) -> None:
    async with talking(address) as talk:
        await talk.say(type="connection_init")

        assert await talk.closed() == (4429, "Too many initialisation requests")


async def test_an_id_is_used_once_at_a_time(address: str) -> None:
    async with talking(address) as talk:
        await talk.ask(WAIT)
        await talk.ask(WAIT)

        assert await talk.closed() == (4409, "Subscriber for 1 already exists")
    await until(lambda: not sample.OPEN)


async def test_who_does_not_begin_is_let_go() -> None:
    async with (
        listening(application(timing=Timing(init_seconds=0.05))) as address,
        talking(address, begun=False) as talk,
    ):
        assert await talk.closed() == (4408, "Connection initialisation timeout")


async def test_a_socket_carries_only_so_many_operations() -> None:
    async with (
        listening(application(limits=Limits(socket_operations=2))) as address,
        talking(address) as talk,
    ):
        for id_ in ["a", "b", "c"]:
            await talk.ask(WAIT, id_=id_)

        assert await talk.closed() == (4429, "Too many operations at once")


@pytest.mark.parametrize("protocols", [None, ["graphql-ws"]])
async def test_another_protocol_is_not_spoken(
    address: str, protocols: list[Subprotocol] | None
) -> None:
    async with talking(address, begun=False, subprotocols=protocols) as talk:
        assert await talk.closed() == (4406, "Subprotocol not acceptable")


async def test_a_page_of_another_site_is_not_let_in(address: str) -> None:
    for origin in ["https://evil.test", "null"]:
        with pytest.raises(InvalidStatus) as refused:
            async with talking(address, origin=origin):
                pass
        assert refused.value.response.status_code == 403

    for origin in ["https://friend.test", f"http://{address}"]:
        async with talking(address, origin=origin):
            pass


BAD_MESSAGES: dict[str, str | bytes] = {
    "nothing": "",
    "not JSON": "hello",
    "half a message": '{"type": "ping"',
    "a number": "1",
    "null": "null",
    "a text": '"ping"',
    "a list": '[{"type": "ping"}]',
    "no type": "{}",
    "an unknown type": '{"type": "start"}',
    "a type that is a number": '{"type": 1}',
    "a type that is a list": '{"type": []}',
    "NaN": '{"type": "ping", "payload": NaN}',
    "an integer of 10,000 digits": '{"type": "ping", "payload": ' + "9" * 10_000 + "}",
    "100,000 brackets": "[" * 100_000,
    "deep": '{"type": "ping", "payload": ' + "[" * 500 + "]" * 500 + "}",
    "half a surrogate pair": '{"type": "ping", "payload": "\\ud800"}',
    "a NUL": '{"type": "ping", "payload": "\\u0000"}',
    "bytes": b'{"type": "ping"}',
    "bad UTF-8 in bytes": b"\xff\xfe",
    "a payload that is a number": '{"type": "connection_init", "payload": 1}',
}

BAD_SUBSCRIPTIONS: dict[str, object] = {
    "no id": {"payload": {"query": "{ __typename }"}},
    "an id that is a number": {"id": 1, "payload": {"query": "{ __typename }"}},
    "an empty id": {"id": "", "payload": {"query": "{ __typename }"}},
    "a long id": {"id": "1" * 101, "payload": {"query": "{ __typename }"}},
    "no payload": {"id": "1"},
    "a payload that is null": {"id": "1", "payload": None},
    "a payload that is a list": {"id": "1", "payload": [{"query": "{ __typename }"}]},
    "no query": {"id": "1", "payload": {}},
    "a query that is a number": {"id": "1", "payload": {"query": 1}},
    "variables that are a list": {
        "id": "1",
        "payload": {"query": "{ __typename }", "variables": []},
    },
    "a name that is an object": {
        "id": "1",
        "payload": {"query": "{ __typename }", "operationName": {}},
    },
}


@pytest.mark.parametrize("begun", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("message", BAD_MESSAGES.values(), ids=list(BAD_MESSAGES))
async def test_a_bad_message_closes_the_socket_and_the_server_lives_on(
    address: str, message: str | bytes, *, begun: bool
) -> None:
    async with talking(address, begun=begun) as talk:
        await talk.socket.send(message)
        code, _ = await talk.closed()

    assert code in {4400, 4429 if message == BAD_MESSAGES["a payload that is a number"] else 4400}
    async with talking(address):
        pass


@pytest.mark.parametrize("message", BAD_SUBSCRIPTIONS.values(), ids=list(BAD_SUBSCRIPTIONS))
async def test_a_bad_subscription_closes_the_socket(address: str, message: dict[str, Any]) -> None:
    async with talking(address) as talk:
        await talk.say(type="subscribe", **message)

        assert (await talk.closed())[0] == 4400


async def test_bad_utf_8_in_a_text_frame_closes_the_socket(address: str) -> None:
    async with talking(address) as talk:
        await talk.socket.send(b"\xff\xfe", text=True)

        assert (await talk.closed())[0] in {1007, 4400}
    async with talking(address):
        pass


async def test_a_message_that_is_too_large_closes_the_socket(address: str) -> None:
    async with talking(address) as talk:
        await talk.say(type="ping", payload="x" * 1_000_001)

        assert await talk.closed() == (1009, "The message is too large")


async def test_20_megabytes_close_the_socket_and_the_server_lives_on(address: str) -> None:
    async with talking(address) as talk:
        with suppress(ConnectionClosed):
            await talk.socket.send("[" * 20_000_000)
        assert (await talk.closed())[0] == 1009
    async with talking(address):
        pass


async def test_a_mistake_of_ours_in_the_context_does_not_end_the_conversation(
    broken: ASGIApp,
) -> None:
    async with listening(broken) as address, talking(address) as talk:
        await talk.ask("{ __typename }")

        message = await talk.hear()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "INTERNAL_ERROR"
        await talk.say(type="ping")
        assert await talk.hear() == {"type": "pong"}


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> ASGIApp:
    """An application whose contexts break for every operation, but not for the beginning."""
    entered: list[int] = []
    make_context = sample.make_context

    @asynccontextmanager
    async def breaking(connection: Any, payload: Any) -> AsyncIterator[sample.SampleContext]:
        entered.append(1)
        if len(entered) > 1:
            raise ZeroDivisionError("the password is 12345")
        async with make_context(connection, payload) as context:
            yield context

    monkeypatch.setattr(sample, "make_context", breaking)
    return application()
