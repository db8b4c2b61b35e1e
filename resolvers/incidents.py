"""The work list of payment events that no rule accepts."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.donations import incidents
from resolvers.context import REQUEST_ID, Context, Info
from resolvers.identities import NODES, Node, uuid_of
from resolvers.paging import After, Before, Connection, First, Last, Listing
from resolvers.places import Division, division_of
from resolvers.refusals import Refused

INCIDENTS = Listing("incidents", (UUID,))


@strawberry.type(
    description="无规则可循、待人处理的付款事件。A payment event that a person must look at."
)
class Incident(Node):
    """A parked event."""

    division_code: strawberry.Private[str | None]
    source: str = strawberry.field(description="来自何处，如 stripe。Who told us.")
    external_id: str = strawberry.field(
        description="事件在对方的编号，凭它在对方后台查看。Its id at the source."
    )
    kind: str = strawberry.field(description="事件类型，对方用语。What the source calls it.")
    reason: str = strawberry.field(
        description="搁置原因代码，如 wrong_amount、refunded。Why it was parked, as a code."
    )
    received_at: dt.datetime = strawberry.field(description="收到时间。When it came.")
    parked_at: dt.datetime = strawberry.field(description="搁置时间。When it was parked.")
    resolved_at: dt.datetime | None = strawberry.field(
        description="处理时间；未处理为 null。When it was resolved."
    )
    note: str | None = strawberry.field(description="处理说明。What was done about it.")

    @strawberry.field(description="所涉区划；不涉任何捐赠为 null。The division it concerns.")
    async def division(self, info: Info) -> Division | None:
        return await division_of(info, self.division_code) if self.division_code else None


def incident_of(row: Any) -> Incident:
    """An incident from its row."""
    return Incident(
        uuid=row.id,
        division_code=row.division_code,
        source=row.source,
        external_id=row.external_id,
        kind=row.kind,
        reason=row.reason or "",
        received_at=row.received_at,
        parked_at=row.parked_at,
        resolved_at=row.resolved_at,
        note=row.note,
    )


@NODES.finder(Incident)
async def find_incidents(context: Context, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
    """Incidents that the asker may read."""
    async with context.read() as connection:
        rows = await incidents.by_ids(connection, context.actor, ids)
    return {uuid: incident_of(row) for uuid, row in rows.items()}


@strawberry.input(description="处理事件。Resolving an incident.")
class ResolveIncidentInput:
    """What resolving an incident takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    incident_id: strawberry.ID = strawberry.field(description="哪个事件。The incident.")
    note: str = strawberry.field(description="处理说明，必填。What was done about it.")


@strawberry.type(description="已处理。The incident was resolved.")
class ResolveIncidentPayload:
    """The incident after it."""

    incident: Incident = strawberry.field(description="事件。The incident.")


ResolveIncidentResult = Annotated[
    ResolveIncidentPayload | Refused,
    strawberry.union("ResolveIncidentResult", description="处理的结果。Resolved, or refused."),
]


@strawberry.type(description="待处理事件。Incidents.")
class IncidentsQuery:
    """The part of Query about incidents; Query derives from it."""

    @strawberry.field(description="待处理的付款事件，新的在前。Incidents, the newest first.")
    async def incidents(
        self,
        info: Info,
        *,
        open: Annotated[  # noqa: A002 - the name that clients know
            bool | None,
            strawberry.argument(description="只看未处理或已处理。Only open ones, or only closed."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Incident]:
        context = info.context
        keyset = INCIDENTS.keyset(first=first, after=after, last=last, before=before)
        async with context.read() as connection:
            page = await incidents.work_list(connection, context.actor, keyset, is_open=open)
        return INCIDENTS.connection(page, keyset, node=incident_of, key=lambda row: (row.id,))


@strawberry.type(description="事件处理。Dealing with incidents.")
class IncidentsMutation:
    """The part of Mutation about incidents; Mutation derives from it."""

    @strawberry.mutation(
        description="处理付款事件（该区划的基金管理人、管理员）。Close an incident, saying how."
    )
    async def resolve_incident(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            ResolveIncidentInput, strawberry.argument(description="如何处理。What was done.")
        ],
    ) -> ResolveIncidentResult:
        context = info.context
        incident_id = uuid_of(input.incident_id, "Incident", path="incidentId")
        await context.write(
            info.field_name,
            input,
            lambda transaction, _: incidents.resolve(
                transaction, context.actor, incident_id=incident_id, note=input.note
            ),
            answer_id=incident_id,
        )
        found = (await find_incidents(context, [incident_id]))[incident_id]
        assert isinstance(found, Incident)
        return ResolveIncidentPayload(incident=found)
