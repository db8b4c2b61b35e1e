"""The stream of a live page, apart from any page."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from api import page_events


async def answers(closed: list[bool], *, count: int) -> AsyncGenerator[Mapping[str, Any], None]:
    try:
        for _ in range(count):
            yield {"data": {}}
        await asyncio.Event().wait()
    finally:
        closed.append(True)


async def test_a_visitor_who_leaves_closes_what_was_listened_to() -> None:
    closed: list[bool] = []
    stream = page_events.changes(answers(closed, count=1))
    assert [await anext(stream) for _ in range(2)] == [
        b"retry: 3000\n\n",
        b"event: changed\ndata: {}\n\n",
    ]

    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert closed == [True]


async def test_a_sign_of_life_comes_while_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_events, "HEARTBEAT_SECONDS", 0.01)
    closed: list[bool] = []
    stream = page_events.changes(answers(closed, count=0))
    assert await anext(stream) == b"retry: 3000\n\n"
    assert await anext(stream) == b": waiting\n\n"
    await stream.aclose()
    assert closed == [True]
