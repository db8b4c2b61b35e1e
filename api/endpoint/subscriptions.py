"""graphql-transport-ws: operations over one WebSocket, each in a task of its own.

Whatever arrives is answered in the words of the protocol: a message that breaks it closes the
socket with a code from 4400 up, an operation that cannot begin gets an `error` of its own.
https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from typing import Final, Generic

from graphql import OperationType
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.endpoint.errors import OperationRefusedError
from api.endpoint.operations import C, Operations
from api.endpoint.wire import Operation, RequestRefusedError, decode, encode, read_operation
from models.kernel.ids import new_id

PROTOCOL: Final = "graphql-transport-ws"
ID_CHARACTERS: Final = 100
REASON_CHARACTERS: Final = 40  # a close frame holds 123 bytes


class _ClosedError(Exception):
    """The conversation is over, with the code and reason to close it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason[:REASON_CHARACTERS]


class Conversation(Generic[C]):
    """One socket from its handshake to its close."""

    def __init__(
        self,
        websocket: WebSocket,
        operations: Operations[C],
        make_context: Callable[
            [HTTPConnection, Mapping[str, object]], AbstractAsyncContextManager[C]
        ],
        *,
        init_seconds: float,
    ) -> None:
        self._websocket = websocket
        self._operations = operations
        self._make_context = make_context
        self._init_seconds = init_seconds
        self._payload: Mapping[str, object] | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def hold(self) -> None:
        """Talk until either side ends it; nothing is left running afterwards."""
        if PROTOCOL not in self._websocket.scope.get("subprotocols", []):
            await self._websocket.accept()
            await self._websocket.close(4406, "Subprotocol not acceptable")
            return
        await self._websocket.accept(PROTOCOL)
        closing: _ClosedError | None = None
        try:
            await self._listen()
        except WebSocketDisconnect:
            pass
        except _ClosedError as closed:
            closing = closed
        finally:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if closing is not None:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self._websocket.close(closing.code, closing.reason)

    async def _listen(self) -> None:
        try:
            async with asyncio.timeout(self._init_seconds):
                while self._payload is None:
                    await self._handle(await self._receive())
        except TimeoutError as error:
            raise _ClosedError(4408, "Connection initialisation timeout") from error
        while True:
            await self._handle(await self._receive())

    async def _receive(self) -> dict[str, object]:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None:
            raise _ClosedError(4400, "A message must be text")
        if len(text) > self._operations.limits.body_bytes:
            raise _ClosedError(1009, "The message is too large")
        try:
            value = decode(text, self._operations.limits)
        except RequestRefusedError as refusal:
            raise _ClosedError(4400, refusal.message) from refusal
        if not isinstance(value, dict):
            raise _ClosedError(4400, "A message must be a JSON object")
        return value

    async def _handle(self, message: Mapping[str, object]) -> None:
        match message.get("type"):
            case "connection_init":
                await self._begin(message.get("payload"))
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                self._subscribe(message)
            case "complete":
                self._complete(message.get("id"))
            case _:
                raise _ClosedError(4400, "Unknown type of message")

    async def _begin(self, payload: object) -> None:
        if self._payload is not None:
            raise _ClosedError(4429, "Too many initialisation requests")
        if not isinstance(payload, dict | None):
            raise _ClosedError(4400, "`payload` must be an object")
        try:
            async with self._make_context(self._websocket, payload or {}):
                pass
        except RequestRefusedError as refusal:
            raise _ClosedError(4403, "Forbidden") from refusal
        self._payload = payload or {}
        await self._send({"type": "connection_ack"})

    def _subscribe(self, message: Mapping[str, object]) -> None:
        if self._payload is None:
            raise _ClosedError(4401, "Unauthorized")
        operation_id = message.get("id")
        if not isinstance(operation_id, str) or not 0 < len(operation_id) <= ID_CHARACTERS:
            raise _ClosedError(4400, "`id` must be a short text")
        if operation_id in self._running:
            raise _ClosedError(4409, f"Subscriber for {operation_id} already exists")
        if len(self._running) >= self._operations.limits.socket_operations:
            raise _ClosedError(4429, "Too many operations at once")
        try:
            asked = read_operation(message.get("payload"))
        except RequestRefusedError as refusal:
            raise _ClosedError(4400, refusal.message) from refusal
        task = asyncio.create_task(self._run(operation_id, asked, self._payload))
        self._running[operation_id] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _complete(self, operation_id: object) -> None:
        task = self._running.pop(operation_id, None) if isinstance(operation_id, str) else None
        if task is not None:
            task.cancel()

    async def _run(
        self, operation_id: str, asked: Operation, payload: Mapping[str, object]
    ) -> None:
        ending: dict[str, object] = {"id": operation_id, "type": "complete"}
        try:
            async with self._make_context(self._websocket, payload) as context:
                await self._answer(operation_id, asked, context)
        except OperationRefusedError as refusal:
            ending |= {"type": "error", "payload": refusal.body["errors"]}
        except RequestRefusedError as refusal:
            ending |= {"type": "error", "payload": refusal.as_body()["errors"]}
        except WebSocketDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the last resort of this task, logged
            told = self._operations.unexpected(error, str(new_id()))
            ending |= {"type": "error", "payload": [told]}
        # The id is free again before the client learns that it is.
        if self._running.get(operation_id) is asyncio.current_task():
            del self._running[operation_id]
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._send(ending)

    async def _answer(self, operation_id: str, asked: Operation, context: C) -> None:
        chosen = self._operations.choose(asked)
        if chosen.kind is not OperationType.SUBSCRIPTION:
            body = await self._operations.answer(chosen, asked, context)
            await self._send({"id": operation_id, "type": "next", "payload": body})
            return
        async with aclosing(await self._operations.events(chosen, asked, context)) as events:
            async for body in events:
                await self._send({"id": operation_id, "type": "next", "payload": body})

    async def _send(self, message: Mapping[str, object]) -> None:
        await self._websocket.send_text(encode(message).decode())
