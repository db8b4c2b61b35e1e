"""The platform for tests: what resolvers need from outside the model refuses to be used."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from models.kernel.database import Database
from models.parties import ANONYMOUS, Actor
from models.parties.sessions import Session
from resolvers.context import Context, Platform
from tests.parties import cheap_passwords


class NoCheckout:
    async def open(self, donation_id: UUID) -> str:
        raise AssertionError(donation_id)


class NoAnnouncements:
    def watch(
        self, topic: str, subject_id: UUID
    ) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        raise AssertionError(topic, subject_id)


class NoCarrier:
    replaced_session_id: UUID | None = None

    def keep(self, session: Session) -> str:
        raise AssertionError(session)

    def drop(self) -> None:
        raise AssertionError


def platform_of(database: Database) -> Platform:
    """A platform over a database, with nothing outside it."""
    return Platform(
        database,
        passwords=cheap_passwords(),
        checkout=NoCheckout(),
        announcements=NoAnnouncements(),
    )


def context_of(database: Database, actor: Actor = ANONYMOUS) -> Context:
    """A context in which somebody asks, in English."""
    return Context(platform_of(database), NoCarrier(), actor=actor, language="en")
