"""The stream of a live page: what it says, and how it ends."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from api.site import events as page_events
from tests.api.site.canned import CannedDoor
from tests.api.site.test_page_requests import fetch


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


async def test_the_same_address_tells_of_changes() -> None:
    door = CannedDoor()
    answer = await fetch("/funds/RnVuZDox", door=door, headers={"accept": "text/event-stream"})

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text == ("retry: 3000\n\nevent: changed\ndata: {}\n\nevent: end\ndata: {}\n\n")
    assert door.asked == [("Live", {"id": "RnVuZDox"})]


async def test_a_stream_that_is_refused_ends_at_once() -> None:
    door = CannedDoor()
    door.errors = [{"message": "no", "extensions": {"code": "NOT_FOUND"}}]
    answer = await fetch("/funds/x", door=door, headers={"accept": "text/event-stream"})
    still = await fetch("/", headers={"accept": "text/event-stream"})

    assert "changed" not in answer.text
    assert answer.text.endswith("event: end\ndata: {}\n\n")
    assert still.status_code == 204
