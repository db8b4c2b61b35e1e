"""Which workers are alive: each says so every few seconds, in the table all processes see."""

import datetime as dt
from uuid import UUID

from sqlalchemy import String, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base, Transaction

_FORGOTTEN_AFTER = dt.timedelta(days=1)


class Worker(Base):
    """One running worker and when it was last heard of."""

    __tablename__ = "workers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    started_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]


async def say_alive(transaction: Transaction, worker_id: UUID, *, name: str) -> None:
    """Note that a worker is alive now; those not heard of for a day are forgotten."""
    dialect = postgresql if transaction.dialect == "postgresql" else sqlite
    now = transaction.now
    statement = dialect.insert(Worker).values(id=worker_id, name=name, started_at=now, seen_at=now)
    await transaction.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"seen_at": now})
    )
    await transaction.execute(delete(Worker).where(Worker.seen_at < now - _FORGOTTEN_AFTER))


async def say_goodbye(transaction: Transaction, worker_id: UUID) -> None:
    """A worker has stopped in good order."""
    await transaction.execute(delete(Worker).where(Worker.id == worker_id))


async def last_seen(connection: AsyncConnection) -> dt.datetime | None:
    """When any worker was last heard of."""
    return (await connection.execute(select(func.max(Worker.seen_at)))).scalar_one()
