"""The post: webhooks signed and delivered, again and again until they are taken."""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Literal

import httpx
import structlog
from stripe import WebhookSignature

from models.kernel.clock import Clock
from webhooks.sandbox.events import Signature
from webhooks.sandbox.payments import expire_due
from webhooks.sandbox.state import Body, Books, State
from webhooks.stripe_transport import neighbourly_client

Order = Literal["made", "reversed", "shuffled"]

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 10
FAR_OFF = timedelta(hours=1)
RETRY_SECONDS = (0.5, 1, 2, 4, 8, 15, 30, 60)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One delivery of one event."""

    sequence: int
    event: Body
    signature: Signature
    delay_seconds: float
    attempts: int


class Deliverer:
    """Carries events to one address, one after another."""

    def __init__(
        self,
        state: State,
        clock: Clock,
        *,
        url: str,
        secret: str,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self._state = state
        self._clock = clock
        self._url = url
        self._secret = secret
        self._retry_seconds = retry_seconds
        self._woken = asyncio.Event()
        self._at_the_door = asyncio.Lock()
        self._due_at: dict[int, float] = {}
        self._client = neighbourly_client(url, timeout_seconds=ANSWER_SECONDS)

    def wake(self) -> None:
        """There may be something to deliver."""
        self._woken.set()

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def run(self) -> None:
        """Deliver what is due, for ever. Waiting is in real time: the clock may stand still."""
        while True:
            self._woken.clear()
            try:
                await self._state.run(expire_due)
                async with self._at_the_door:
                    await self._deliver_due()
            except Exception:
                log.exception("sandbox.delivery_failed")
            now = asyncio.get_running_loop().time()
            pause = min([LOOK_SECONDS, *(due_at - now for due_at in self._due_at.values())])
            try:
                async with asyncio.timeout(max(pause, 0)):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def deliver(
        self, *, order: Order = "made", seed: int = 0, events: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """Deliver at once what is held or waiting, or the named events in the order named."""
        async with self._at_the_door:
            if events is None:
                letters = _ordered(await self._state.run(_open_letters), order, seed)
                return [await self._attempt(letter) for letter in letters]
            answers = []
            for event_id in events:
                letter = await self._state.run(partial(_letter_of, event_id=event_id))
                answers.append(await self._attempt(letter))
            return answers

    async def _deliver_due(self) -> None:
        now = asyncio.get_running_loop().time()
        for sequence, delay_seconds in await self._state.run(_waiting):
            if self._due_at.setdefault(sequence, now + delay_seconds) <= now:
                letter = await self._state.run(partial(_letter_at, sequence=sequence))
                await self._attempt(letter)

    async def _attempt(self, letter: Letter) -> dict[str, Any]:
        payload = json.dumps(letter.event, ensure_ascii=False, indent=2)
        try:
            response = await self._client.post(
                self._url,
                content=payload.encode(),
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    "Stripe-Signature": self._sign(payload, letter.signature),
                    "User-Agent": "Stripe/1.0 (payment sandbox)",
                },
            )
        except httpx.HTTPError as error:
            answer, is_taken = type(error).__name__, False
        else:
            answer, is_taken = str(response.status_code), response.is_success
        attempts = letter.attempts + 1
        # What is badly signed on purpose is never asked for again.
        is_over = letter.signature != "right" or attempts > len(self._retry_seconds)
        state = "delivered" if is_taken else "failed" if is_over else "waiting"
        if state == "waiting":
            pause = self._retry_seconds[attempts - 1]
            self._due_at[letter.sequence] = asyncio.get_running_loop().time() + pause
        else:
            self._due_at.pop(letter.sequence, None)
        await self._state.run(lambda books: _record(books, letter.sequence, state, answer))
        return {
            "event": letter.event["id"],
            "type": letter.event["type"],
            "answer": answer,
            "state": state,
        }

    def _sign(self, payload: str, signature: Signature) -> str:
        shift = {"stale": -FAR_OFF, "future": FAR_OFF}.get(signature, timedelta())
        secret = self._secret + ("_of_someone_else" if signature == "wrong" else "")
        signed_at = int((self._clock.now() + shift).timestamp())
        header: str = WebhookSignature.generate_signature_header(payload, secret, signed_at)
        return header


def _ordered(letters: list[Letter], order: Order, seed: int) -> list[Letter]:
    if order == "reversed":
        return letters[::-1]
    if order == "shuffled":
        random.Random(seed).shuffle(letters)  # noqa: S311 - a repeatable order, not a secret
    return letters


_SELECT = (
    "SELECT deliveries.sequence, body, signature, delay_seconds, attempts"
    " FROM deliveries JOIN objects ON objects.id = event_id"
)


def _waiting(books: Books) -> list[tuple[int, float]]:
    return books.connection.execute(
        "SELECT sequence, delay_seconds FROM deliveries WHERE state = 'waiting' ORDER BY sequence"
    ).fetchall()


def _open_letters(books: Books) -> list[Letter]:
    rows = books.connection.execute(
        f"{_SELECT} WHERE state IN ('waiting', 'held') ORDER BY deliveries.sequence"
    )
    return [_letter(row) for row in rows]


def _letter_at(books: Books, *, sequence: int) -> Letter:
    row = books.connection.execute(
        f"{_SELECT} WHERE deliveries.sequence = ?", (sequence,)
    ).fetchone()
    return _letter(row)


def _letter_of(books: Books, *, event_id: str) -> Letter:
    """The oldest open delivery of an event, or a new one."""
    books.require("event", event_id, param="events")
    found = f"{_SELECT} WHERE event_id = ? AND state IN ('waiting', 'held') ORDER BY 1 LIMIT 1"
    row = books.connection.execute(found, (event_id,)).fetchone()
    if row is None:
        books.connection.execute(
            "INSERT INTO deliveries (event_id, state, signature, delay_seconds)"
            " VALUES (?, 'held', 'right', 0)",
            (event_id,),
        )
        row = books.connection.execute(found, (event_id,)).fetchone()
    return _letter(row)


def _letter(row: tuple[int, str, Signature, float, int]) -> Letter:
    sequence, body, signature, delay_seconds, attempts = row
    return Letter(
        sequence=sequence,
        event=json.loads(body),
        signature=signature,
        delay_seconds=delay_seconds,
        attempts=attempts,
    )


def _record(books: Books, sequence: int, state: str, answer: str) -> None:
    books.connection.execute(
        "UPDATE deliveries SET state = ?, last_answer = ?, attempts = attempts + 1"
        " WHERE sequence = ?",
        (state, answer, sequence),
    )
