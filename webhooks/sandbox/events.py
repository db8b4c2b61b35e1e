"""Telling what happened: each event is kept, and put into the post as the knobs say."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from webhooks.sandbox.objects import new_event
from webhooks.sandbox.state import Body, Books

Signature = Literal["right", "wrong", "stale", "future"]
SIGNATURES: tuple[Signature, ...] = get_args(Signature)
EVERY_KIND = "*"


@dataclass(frozen=True, kw_only=True)
class Post:
    """How events are delivered from now on."""

    copies: int = 1
    hold: bool = False
    delay_seconds: float = 0
    drop: tuple[str, ...] = ()
    signature: Signature = "right"

    @staticmethod
    def of(books: Books) -> "Post":
        """As it was last set."""
        known: dict[str, Any] = books.knob("post", {})
        return Post(**(known | {"drop": tuple(known.get("drop", ()))}))

    def set(self, books: Books) -> None:
        """For every event from now on."""
        books.turn("post", asdict(self))


def emit(
    books: Books, kind: str, subject: Body, *, previous: Mapping[str, Any] | None = None
) -> None:
    """Keep an event and post it."""
    request = {"id": books.request_id, "idempotency_key": books.idempotency_key}
    event = new_event(kind, subject, previous=previous, request=request, now=books.now)
    books.add(event)
    post = Post.of(books)
    if EVERY_KIND in post.drop or kind in post.drop:
        state = "dropped"
    else:
        state = "held" if post.hold else "waiting"
    for _ in range(post.copies):
        books.connection.execute(
            "INSERT INTO deliveries (event_id, state, signature, delay_seconds)"
            " VALUES (?, ?, ?, ?)",
            (event["id"], state, post.signature, post.delay_seconds),
        )
