"""The work list of payment events that no rule accepts: looked at and closed by a person.

Domain §3, "Donations": an unknown or mismatching event is parked as an incident, never dropped
and never retried for ever. An incident belongs to the manager of the fund whose gift it is about;
one that names no gift of ours belongs to those who serve the whole country.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models.kernel import inbox
from models.kernel.database import Transaction
from models.kernel.divisions import NATION
from models.kernel.inbox import Event, EventState
from models.kernel.paging import Keyset, Page
from models.kernel.refusals import NotFound
from models.parties.memberships import Actor, Role
from models.parties.rights import in_division

RESOLVING = in_division(Role.FUND_MANAGER, Role.ADMINISTRATOR)
READING = in_division(Role.FUND_MANAGER, Role.ADMINISTRATOR, Role.AUDITOR)


async def resolve(transaction: Transaction, actor: Actor, *, incident_id: UUID, note: str) -> UUID:
    """Close an incident with a note of what was done about it; the event itself stays parked.

    Refuses with NotFound, NotPermitted unless a fund manager of its division or an administrator
    asks, WrongState when it is resolved already, InvalidValue for a note that says nothing.
    """
    incident = (
        await transaction.execute(
            select(Event.division_code).where(
                Event.id == incident_id, Event.state == EventState.PARKED
            )
        )
    ).first()
    if incident is None:
        raise NotFound(noun="incident")
    RESOLVING.require(actor, division_code=incident.division_code or NATION)
    await inbox.resolve_incident(transaction, actor.person_id, incident_id=incident_id, note=note)
    return incident_id


async def work_list(
    connection: AsyncConnection, actor: Actor, keyset: Keyset, *, is_open: bool | None
) -> Page[Row[Any]]:
    """The incidents that the actor may read, the newest first; open ones, closed ones or both."""
    served = {grant.division_code for grant in actor.grants if grant.role in READING.roles}
    return await inbox.incidents(
        connection,
        keyset,
        division_codes=None if NATION in served else sorted(served),
        is_open=is_open,
    )


async def by_ids(
    connection: AsyncConnection, actor: Actor, ids: Collection[UUID]
) -> dict[UUID, Any]:
    """Incidents by id that the actor may read."""
    rows = await connection.execute(
        select(*inbox.INCIDENT).where(Event.id.in_(ids), Event.state == EventState.PARKED)
    )
    return {
        row.id: row
        for row in rows
        if READING.holds(actor, division_code=row.division_code or NATION)
    }
