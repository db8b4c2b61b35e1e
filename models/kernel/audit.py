"""Who did what, when and from where: one append-only row for each act (law 11, domain §5).

Facts never hold an id number, a telephone, a card or health: only ids, codes, states and amounts.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, insert
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base, Transaction
from models.kernel.ids import new_id


class AuditEntry(Base):
    """One act of a person, or of the platform itself where there is no actor."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "subject_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    actor_id: Mapped[UUID | None]
    act: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID]
    facts: Mapped[dict[str, Any]]


async def record(
    transaction: Transaction,
    actor_id: UUID | None,
    *,
    act: str,
    subject: str,
    subject_id: UUID,
    facts: Mapping[str, object] | None = None,
) -> None:
    """Write the audit row of an act, in the transaction of its effect."""
    await transaction.execute(
        insert(AuditEntry).values(
            id=new_id(),
            at=transaction.now,
            actor_id=actor_id,
            act=act,
            subject=subject,
            subject_id=subject_id,
            facts={name: _plain(value) for name, value in (facts or {}).items()},
        )
    )


def _plain(value: object) -> object:
    return value if isinstance(value, int | str | None) else str(value)
