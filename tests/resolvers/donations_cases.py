"""The mutations of gifts and incidents, ready to be tried."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from models.kernel import inbox
from models.kernel.database import Database, Transaction
from models.kernel.inbox import Event, EventState, Parked, ReceivedEvent
from resolvers.identities import global_id
from tests.clients import Case, Clients, Ready
from tests.desks import make_desk
from tests.parties import TONGCHUAN


async def make_incident(
    database: Database, *, division_code: str | None = TONGCHUAN, external_id: str = "evt_1"
) -> UUID:
    """An event that was parked, in the work list of a division or of nobody."""

    async def park(
        _transaction: Transaction, events: Sequence[ReceivedEvent]
    ) -> dict[UUID, Parked]:
        return {event.id: Parked("wrong_amount", division_code) for event in events}

    await database.transact(
        lambda transaction: inbox.receive(
            transaction, source="stripe", external_id=external_id, kind="charge.succeeded", body={}
        )
    )
    await inbox.apply_events(database, "stripe", park, limit=1)
    async with database.read() as connection:
        statement = select(Event.id).where(
            Event.external_id == external_id, Event.state == EventState.PARKED
        )
        return (await connection.execute(statement)).scalar_one()


async def resolve_incident(database: Database, clients: Clients) -> Ready:
    desk = await make_desk(database, clients.administrator)
    incident_id = await make_incident(database)
    given = {"incidentId": global_id("Incident", incident_id), "note": "已与支付机构核对并退款。"}
    return Ready(desk.manager, given)


CASES = (Case("resolveIncident", resolve_incident),)
# Anybody may try it; what it refuses has tests of its own.
PUBLIC = frozenset({"startDonation"})
