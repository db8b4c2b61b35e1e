"""What a resolver may reach: the asker, questions to the model, and the one door of mutations.

Long-lived things are made once by `api` and handed in as a `Platform`; what resolvers need from
outside the model (a hosted payment, changes to watch) are protocols here, fulfilled elsewhere.
"""

import dataclasses
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.utils.str_converters import to_camel_case

from models.kernel import requests
from models.kernel.clock import business_date
from models.kernel.database import Connection, Database, Transaction
from models.kernel.ids import new_id
from models.parties import ANONYMOUS, Actor
from models.parties.passwords import Passwords
from models.parties.sessions import Session
from resolvers import access
from resolvers.sentences import Language

REQUEST_ID = (
    "请求编号，由客户端生成；重发得到同一回答。"
    "The request's id, made by the client; resent, it gets the same answer."
)
Key = TypeVar("Key")
Value = TypeVar("Value")


class Checkout(Protocol):
    """Opens the hosted payment of a donation that was started, and says where it is."""

    async def open(self, donation_id: UUID) -> str | None:
        """The address to send the donor to; the same one while the payment is open.

        None while the provider cannot open one, which is tried again, or when nothing is to pay.
        """
        ...


class Announcements(Protocol):
    """What was announced by transactions that have committed, in any process."""

    def watch(
        self, topic: str, subject_id: UUID
    ) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        """Ticks when the subject changed; nothing is missed once entered, bursts may be joined."""
        ...


class Carrier(Protocol):
    """How a client carries its session from one request to the next."""

    @property
    def replaced_session_id(self) -> UUID | None:
        """The session that a browser showed, which ends when somebody signs in there anew."""
        ...

    def keep(self, session: Session) -> str:
        """The token of a session; a browser on a page of ours is given it as a cookie too."""
        ...

    def drop(self) -> None:
        """Tell the browser to forget its session."""
        ...


class Asked(Protocol):
    """Every mutation's input."""

    request_id: UUID


@dataclasses.dataclass(frozen=True, slots=True)
class Platform:
    """What lives as long as the process: made once, handed to every request."""

    database: Database
    passwords: Passwords
    checkout: Checkout
    announcements: Announcements


@dataclasses.dataclass(slots=True)
class Context:
    """One operation's view of the platform: made for each request, or each event of a stream."""

    platform: Platform
    carrier: Carrier
    actor: Actor = ANONYMOUS
    session_id: UUID | None = None
    address: str = ""
    language: Language = "zh"
    request_id: str = ""
    may_introspect: bool = False
    response_headers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    _loaders: dict[Callable[..., Any], DataLoader[Any, Any]] = dataclasses.field(
        default_factory=dict
    )

    def renewed(self) -> "Context":
        """The same asker without what the loaders remember: for the next event of a stream."""
        return dataclasses.replace(self, _loaders={})

    @property
    def today(self) -> dt.date:
        """The date in Shanghai."""
        return business_date(self.platform.database.clock.now())

    def read(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for questions; use it for one batch and let it go."""
        return self.platform.database.read()

    def loader(
        self, question: Callable[[Connection, Sequence[Key]], Awaitable[Mapping[Key, Value]]]
    ) -> DataLoader[Key, Value | None]:
        """The loader of a question that answers many keys at once; one for each operation."""

        async def load(keys: list[Key]) -> list[Value | None]:
            async with self.read() as connection:
                answers = await question(connection, keys)
            return [answers.get(key) for key in keys]

        if question not in self._loaders:
            self._loaders[question] = DataLoader(load)
        return self._loaders[question]

    async def write(
        self,
        operation: str,
        asked: Asked,
        command: Callable[[Transaction, UUID], Awaitable[object]],
        *,
        answer_id: UUID | None = None,
        unrecorded: Collection[str] = (),
    ) -> UUID:
        """Carry out a mutation in one transaction, once, and give the id of its answer.

        `command` is given the id of the noun it makes, or `answer_id` where the noun exists. A
        request that was answered before gets its first answer and runs nothing; with another
        content it is refused. Input fields named in `unrecorded` are passwords: not even a digest
        of them is kept. The command may be run again from its start, so it touches only the
        transaction; it must not be awaited anywhere else.
        """
        access.ACCESS[operation].admit(self.actor)
        content = _content(asked, unrecorded)

        async def work(transaction: Transaction) -> UUID:
            chosen = answer_id or new_id()
            first = await requests.claim(
                transaction,
                request_id=asked.request_id,
                operation=operation,
                actor_id=self.actor.person_id,
                content=content,
                answer_id=chosen,
            )
            if first is not None:
                return first
            await command(transaction, chosen)
            return chosen

        answer = await self.platform.database.transact(work)
        self.forget()
        return answer

    def become(self, actor: Actor, session_id: UUID | None) -> None:
        """From here on somebody else asks: who has just signed in, or nobody."""
        self.actor, self.session_id = actor, session_id
        self.forget()

    def forget(self) -> None:
        """What was loaded may have changed: ask again from here on."""
        self._loaders.clear()


Info = strawberry.Info[Context, None]


def _content(asked: Any, unrecorded: Collection[str]) -> dict[str, object]:
    fields = {
        field.name: getattr(asked, field.name)
        for field in dataclasses.fields(asked)
        if field.name not in {"request_id", *unrecorded}
    }
    return {
        to_camel_case(name): value
        for name, value in fields.items()
        if value is not strawberry.UNSET
    }
