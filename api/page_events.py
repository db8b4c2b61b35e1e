"""The stream of a live page: it only says that something changed, the browser asks for the rest."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, Final

HEARTBEAT_SECONDS: Final = 15


async def changes(answers: AsyncGenerator[Mapping[str, Any], None]) -> AsyncIterator[bytes]:
    """An event for each answer, a sign of life in between; `end` when there is nothing to come."""
    yield b"retry: 3000\n\n"
    async with aclosing(answers):
        coming: asyncio.Future[Mapping[str, Any]] | None = None
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(answers))
                done, _ = await asyncio.wait({coming}, timeout=HEARTBEAT_SECONDS)
                if not done:
                    yield b": waiting\n\n"
                    continue
                answer = coming.result()
                coming = None
                if answer.get("errors"):
                    break
                yield b"event: changed\ndata: {}\n\n"
        except StopAsyncIteration:
            pass
        finally:
            if coming is not None:
                coming.cancel()
    yield b"event: end\ndata: {}\n\n"
