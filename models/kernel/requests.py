"""A request is answered once: the same id and content get the first answer (law 5).

The row that claims a request id is the first statement of its transaction and carries the answer,
an id chosen beforehand; a racing twin waits on it and then reads it. Of the content only digests
are kept, one for each input field, so that a refusal can name the field that differs.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base, Transaction
from models.kernel.refusals import Refusal


@dataclass(eq=False)
class RequestReused(Refusal):
    """The request id was used before, with another content."""

    field: str


class Request(Base):
    """A mutation that was carried out."""

    __tablename__ = "requests"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(String(60))
    actor_id: Mapped[UUID | None]
    digests: Mapped[dict[str, Any]]
    answer_id: Mapped[UUID]
    answered_at: Mapped[dt.datetime]


def digests(content: Mapping[str, object]) -> dict[str, str]:
    """A digest of each input field, from its canonical JSON."""
    return {
        name: hashlib.sha256(
            orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str)
        ).hexdigest()
        for name, value in sorted(content.items())
        if value is not None
    }


async def claim(
    transaction: Transaction,
    *,
    request_id: UUID,
    operation: str,
    actor_id: UUID | None,
    content: Mapping[str, object],
    answer_id: UUID,
) -> UUID | None:
    """Claim a request id for this transaction; the first answer if it was given before, else None.

    Refuses with RequestReused when operation, actor or a field of the content differs.
    """
    fields = digests(content)
    row = {
        "id": request_id,
        "operation": operation,
        "actor_id": actor_id,
        "digests": fields,
        "answer_id": answer_id,
        "answered_at": transaction.now,
    }
    dialect = postgresql if transaction.dialect == "postgresql" else sqlite
    claimed = await transaction.execute(
        dialect.insert(Request).values(row).on_conflict_do_nothing().returning(Request.id)
    )
    if claimed.first() is not None:
        return None
    first = (
        await transaction.execute(
            select(Request.operation, Request.actor_id, Request.digests, Request.answer_id).where(
                Request.id == request_id
            )
        )
    ).one()
    if (first.operation, first.actor_id) != (operation, actor_id):
        raise RequestReused(field="requestId")
    for name in sorted(first.digests.keys() | fields.keys()):
        if first.digests.get(name) != fields.get(name):
            raise RequestReused(field=name)
    answer: UUID = first.answer_id
    return answer
