"""Findings raised by rule, each open until what it tells of is over (domain §5).

At most one alert of a kind is open for a subject, which the database checks; raising it again
renews its facts. Facts hold ids, codes, states and amounts, never a person's data.
"""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Row, String, false, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import divisions, schedules
from models.kernel.database import Base, Transaction
from models.kernel.ids import new_id
from models.kernel.jobs import Job, JobState
from models.kernel.paging import Keyset, Page
from models.kernel.schedules import Schedule


class AlertKind(enum.StrEnum):
    """What an alert tells of."""

    FUND_UNDER_FLOOR = "fund_under_floor"
    REPLENISHMENT_OVERDUE = "replenishment_overdue"
    PAYMENT_OVERDUE = "payment_overdue"
    SCHEDULE_LATE = "schedule_late"
    JOB_GIVEN_UP = "job_given_up"


class Alert(Base):
    """A finding: what kind, about what, since when, and what the rule saw."""

    __tablename__ = "alerts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[AlertKind]
    subject: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[UUID]
    division_code: Mapped[str] = mapped_column(String(12))
    opened_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]
    facts: Mapped[dict[str, Any]]


_IS_OPEN = Alert.closed_at.is_(None)
Index(
    "alerts_open_key",
    Alert.kind,
    Alert.subject_id,
    unique=True,
    postgresql_where=_IS_OPEN,
    sqlite_where=_IS_OPEN,
)


async def raise_alert(
    transaction: Transaction,
    kind: AlertKind,
    *,
    subject: str,
    subject_id: UUID,
    division_code: str,
    facts: Mapping[str, int | str | None] | None = None,
) -> bool:
    """Open the alert; True when it was not open yet, else its facts are renewed."""
    dialect = postgresql if transaction.dialect == "postgresql" else sqlite
    row = {
        "id": new_id(),
        "kind": kind,
        "subject": subject,
        "subject_id": subject_id,
        "division_code": division_code,
        "opened_at": transaction.now,
        "facts": dict(facts or {}),
    }
    opened = (
        await transaction.execute(
            dialect.insert(Alert)
            .values(row)
            .on_conflict_do_update(
                index_elements=["kind", "subject_id"],
                index_where=_IS_OPEN,
                set_={"facts": row["facts"]},
            )
            .returning(Alert.id)
        )
    ).scalar_one()
    return bool(opened == row["id"])


async def close_alert(transaction: Transaction, kind: AlertKind, *, subject_id: UUID) -> bool:
    """Close the alert; False when none was open."""
    closed = await transaction.execute(
        update(Alert)
        .where(Alert.kind == kind, Alert.subject_id == subject_id, _IS_OPEN)
        .values(closed_at=transaction.now)
    )
    return closed.rowcount > 0


async def watch_platform(
    transaction: Transaction, watched: Sequence[Schedule]
) -> list[tuple[AlertKind, str]]:
    """The watchdog: alerts for schedules that did not run and for jobs given up.

    Those that have run or were retried since are closed. The answer names what was newly found.
    """
    late = await schedules.late(transaction.connection, watched, transaction.now)
    dead = await transaction.execute(
        select(Job.id, Job.kind, Job.attempts).where(Job.state == JobState.DEAD)
    )
    found: dict[tuple[AlertKind, UUID], tuple[str, dict[str, int | str | None]]] = {}
    for schedule in late:
        facts: dict[str, int | str | None] = {
            "name": schedule.name,
            "dueAt": schedule.due_at.isoformat(),
        }
        found[AlertKind.SCHEDULE_LATE, schedule.schedule_id] = ("schedule", facts)
    for job in dead:
        facts = {"name": job.kind, "attempts": job.attempts}
        found[AlertKind.JOB_GIVEN_UP, job.id] = ("job", facts)
    new: list[tuple[AlertKind, str]] = []
    for (kind, subject_id), (subject, facts) in found.items():
        if await raise_alert(
            transaction,
            kind,
            subject=subject,
            subject_id=subject_id,
            division_code=divisions.NATION,
            facts=facts,
        ):
            new.append((kind, str(facts["name"])))
    for alert in await _open_platform_alerts(transaction):
        if alert not in found:
            await close_alert(transaction, alert[0], subject_id=alert[1])
    return new


async def _open_platform_alerts(transaction: Transaction) -> list[tuple[AlertKind, UUID]]:
    rows = await transaction.execute(
        select(Alert.kind, Alert.subject_id).where(
            Alert.kind.in_((AlertKind.SCHEDULE_LATE, AlertKind.JOB_GIVEN_UP)), _IS_OPEN
        )
    )
    return [(row.kind, row.subject_id) for row in rows]


async def alerts(
    connection: AsyncConnection,
    keyset: Keyset,
    *,
    division_codes: Sequence[str] | None,
    is_open: bool | None = None,
) -> Page[Row[Any]]:
    """Alerts, the newest first: those of the divisions and of what lies in them, or all (None)."""
    statement = select(
        Alert.id,
        Alert.kind,
        Alert.subject,
        Alert.subject_id,
        Alert.division_code,
        Alert.opened_at,
        Alert.closed_at,
        Alert.facts,
    )
    if division_codes is not None:
        inside = [Alert.division_code.startswith(divisions.prefix(of)) for of in division_codes]
        statement = statement.where(or_(false(), *inside))
    if is_open is not None:
        statement = statement.where(_IS_OPEN if is_open else Alert.closed_at.is_not(None))
    return await keyset.rows(connection, statement, Alert.id, falling=True)
