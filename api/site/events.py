"""The stream of a live page: it only says that something changed, the browser asks for the rest."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

from anyio import CancelScope

HEARTBEAT_SECONDS: Final = 15


async def changes(answers: AsyncGenerator[Mapping[str, Any], None]) -> AsyncGenerator[bytes, None]:
    """An event for each answer, a sign of life in between; `end` when there is nothing to come."""
    coming: asyncio.Future[Mapping[str, Any] | None] | None = None
    try:
        yield b"retry: 3000\n\n"
        while True:
            coming = coming or asyncio.ensure_future(anext(answers, None))
            done, _ = await asyncio.wait({coming}, timeout=HEARTBEAT_SECONDS)
            if not done:
                yield b": waiting\n\n"
                continue
            answer, coming = coming.result(), None
            if answer is None or answer.get("errors"):
                break
            yield b"event: changed\ndata: {}\n\n"
        yield b"event: end\ndata: {}\n\n"
    finally:
        # A visitor who leaves cancels this wherever it waits; what it waited for ends first.
        with CancelScope(shield=True):
            if coming is not None:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
            await answers.aclose()
