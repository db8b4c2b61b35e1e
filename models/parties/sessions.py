"""A session: somebody has signed in, until they sign out or it expires.

What a client carries only names the session. Who they are and what they may do is looked up with
every request, so that signing out and a change of roles count at once.
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Uuid, and_, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import audit
from models.kernel.database import Base, Connection, Instant, Transaction
from models.kernel.refusals import NotFound
from models.parties.memberships import Actor, Grant, Membership
from models.parties.organisations import Organisation

LIFETIME = dt.timedelta(hours=12)  # a day's work


class SignedInSession(Base):
    """One sign-in of a person."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "person_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    begun_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is carried: its id, whose it is, and between which instants it holds."""

    id: UUID
    person_id: UUID
    begun_at: dt.datetime
    expires_at: dt.datetime


_ROW = (
    SignedInSession.id,
    SignedInSession.person_id,
    SignedInSession.begun_at,
    SignedInSession.expires_at,
)


async def begin_session(transaction: Transaction, *, session_id: UUID, person_id: UUID) -> None:
    """Begin a session of a person whose password was right."""
    await transaction.execute(
        insert(SignedInSession).values(
            id=session_id,
            person_id=person_id,
            begun_at=transaction.now,
            expires_at=transaction.now + LIFETIME,
        )
    )
    await audit.record(
        transaction, person_id, act="signed_in", subject="session", subject_id=session_id
    )


async def end_session(transaction: Transaction, actor: Actor, *, session_id: UUID) -> None:
    """End a session of the actor's own. Ending it twice changes nothing; refuses with NotFound."""
    found = await session(transaction.connection, session_id)
    if found is None or found.person_id != actor.person_id:
        raise NotFound(noun="session")
    await replace_session(transaction, session_id=session_id)


async def replace_session(transaction: Transaction, *, session_id: UUID) -> None:
    """End a session that its own browser showed, whoever signs in there next."""
    ended = await transaction.execute(
        update(SignedInSession)
        .where(SignedInSession.id == session_id, SignedInSession.ended_at.is_(None))
        .values(ended_at=transaction.now)
        .returning(SignedInSession.person_id)
    )
    person_id = ended.scalar_one_or_none()
    if person_id is not None:
        await audit.record(
            transaction, person_id, act="signed_out", subject="session", subject_id=session_id
        )


async def session(connection: Connection, session_id: UUID) -> Session | None:
    """The session, whether it still holds or not."""
    statement = select(*_ROW).where(SignedInSession.id == session_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Session(*row)


# Made once: every request of somebody who has signed in asks it.
_ACTING = (
    select(
        SignedInSession.person_id,
        Membership.role,
        Membership.organisation_id,
        Organisation.division_code,
        Organisation.path,
    )
    .outerjoin(
        Membership,
        and_(Membership.person_id == SignedInSession.person_id, Membership.ended_at.is_(None)),
    )
    .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
    .where(
        SignedInSession.id == bindparam("session_id", type_=Uuid()),
        SignedInSession.ended_at.is_(None),
        SignedInSession.expires_at > bindparam("now", type_=Instant()),
    )
    .order_by(Membership.id)
)


async def actor_of_session(
    connection: Connection, session_id: UUID, *, now: dt.datetime
) -> Actor | None:
    """Who acts in this session, with the roles they hold now; None if it does not hold."""
    given = {"session_id": session_id, "now": now}
    rows = (await connection.execute(_ACTING, given)).all()
    if not rows:
        return None
    grants = (
        Grant(row.role, row.organisation_id, row.division_code, row.path)
        for row in rows
        if row.role is not None  # a person without roles is one row of none
    )
    return Actor(rows[0].person_id, tuple(grants))
