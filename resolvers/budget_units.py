"""Budget units with their appropriations, and what villages gain of all of them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from models.kernel.database import Connection as Reader
from models.kernel.money import Fen
from models.parties import Role, organisations
from models.parties.organisations import OrganisationRow
from models.procurement import attribution, budgets
from models.procurement.attribution import VillageTotal
from models.procurement.budgets import Figures
from resolvers.context import REQUEST_ID, Context, Info
from resolvers.identities import NODES, Node
from resolvers.paging import After, Before, Connection, First, Last, Listing
from resolvers.parties import Organisation, organisation_of
from resolvers.places import Division, division_of, divisions_by_code
from resolvers.products import code_or_nation
from resolvers.quotes import unit_uuid
from resolvers.refusals import Refused

VILLAGES = Listing("villageBenefits", (int, str))
STAFF = frozenset({Role.OFFICER, Role.APPROVER, Role.SUPERIOR})


@strawberry.type(description="一年的指标：总额为其余四项之和。A year's appropriation.")
class Appropriation:
    """The figures of a unit's year, from the ledger."""

    year: int = strawberry.field(description="年度。The year.")
    total_fen: Fen = strawberry.field(description="核定总额，分。What was granted, in fen.")
    available_fen: Fen = strawberry.field(description="可用，分。What is left, in fen.")
    held_fen: Fen = strawberry.field(description="订单占用，分。What orders hold, in fen.")
    payable_fen: Fen = strawberry.field(description="已验收应付，分。What is owed, in fen.")
    paid_fen: Fen = strawberry.field(description="已付，分。What was paid, in fen.")

    @classmethod
    def of(cls, figures: Figures) -> "Appropriation":
        return cls(
            year=figures.year,
            total_fen=figures.total_fen,
            available_fen=figures.available_fen,
            held_fen=figures.held_fen,
            payable_fen=figures.payable_fen,
            paid_fen=figures.paid_fen,
        )


@strawberry.type(
    description="预算单位，只有本单位和上级可见。A budget unit, as its own people see it."
)
class BudgetUnit(Node):
    """A unit that the asker may see with its figures."""

    name: str = strawberry.field(description="名称。Its name.")
    credit_code: str | None = strawberry.field(
        description="统一社会信用代码。Its unified credit code."
    )
    division_code: str = strawberry.field(description="所在区划代码。Its division, by code.")
    parent_id: strawberry.Private[UUID | None]

    @strawberry.field(description="所在区划。Its division.")
    async def division(self, info: Info) -> Division:
        return await division_of(info, self.division_code)

    @strawberry.field(description="主管单位。The organisation above it.")
    async def parent(self, info: Info) -> Organisation | None:
        return None if self.parent_id is None else await organisation_of(info, self.parent_id)

    @strawberry.field(description="一年的指标，默认本年。Its appropriation of a year, or this one.")
    async def year(
        self,
        info: Info,
        year: Annotated[int | None, strawberry.argument(description="年度。The year.")] = None,
    ) -> Appropriation:
        context = info.context
        wanted = context.today.year if year is None else year
        loader = context.loader(budgets.figures_by_year)
        figures = await loader.load((self.uuid, wanted))
        return Appropriation.of(figures or Figures(self.uuid, wanted))

    @classmethod
    def of(cls, row: OrganisationRow) -> "BudgetUnit":
        return cls(
            uuid=row.id,
            name=row.name,
            credit_code=row.credit_code,
            division_code=row.division_code,
            parent_id=row.parent_id,
        )


@strawberry.type(description="一个村一年的受益。What a year's purchases gave to a village.")
class VillageBenefit:
    """A village's year."""

    village: Division = strawberry.field(description="产地村。The village.")
    year: int = strawberry.field(description="年度。The year.")
    amount_fen: Fen = strawberry.field(
        description="受益金额，分：已验收减已退货。What it gained, in fen."
    )
    order_count: int = strawberry.field(description="受益的订单数。How many orders gave to it.")


@strawberry.input(description="核定或调整指标。Granting or changing an appropriation.")
class GrantAppropriationInput:
    """What granting takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    unit_id: strawberry.ID = strawberry.field(description="预算单位。The unit.")
    year: int = strawberry.field(description="年度。The year.")
    amount_fen: Fen = strawberry.field(
        description="增加的金额，分；负数为调减。What is added, in fen; below zero takes back."
    )
    document_number: str = strawberry.field(
        description="文号，每单位每年只用一次。The document; once for a unit's year."
    )
    decided_on: dt.date = strawberry.field(description="文件日期。The day of the document.")


@strawberry.type(description="单位及其年度指标。The unit and its appropriation now.")
class GrantAppropriationPayload:
    """The appropriation after the change; the unit itself may be beyond what the asker sees."""

    unit: Organisation = strawberry.field(description="单位。The unit.")
    appropriation: Appropriation = strawberry.field(description="指标。The appropriation.")


GrantAppropriationResult = Annotated[
    GrantAppropriationPayload | Refused,
    strawberry.union("GrantAppropriationResult", description="核定的结果。Granted, or refused."),
]


async def _units(
    context: Context, connection: Reader, ids: Sequence[UUID]
) -> dict[UUID, BudgetUnit]:
    readable = await budgets.readable_unit_ids(connection, context.actor, ids)
    rows = await organisations.organisations_by_id(connection, list(readable))
    return {row.id: BudgetUnit.of(row) for row in rows.values()}


@NODES.finder(BudgetUnit)
async def find_budget_units(context: Context, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
    """Units that the asker may see."""
    async with context.read() as connection:
        return await _units(context, connection, ids)


@strawberry.type(description="预算单位和受益村。Budget units, and the villages that gain.")
class BudgetUnitQuery:
    """The part of Query about units and villages; Query derives from it."""

    @strawberry.field(description="一个预算单位。The unit with this id, if one may see it.")
    async def budget_unit(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 - Relay's name
            strawberry.ID, strawberry.argument(description="单位编号。Its global id.")
        ],
    ) -> BudgetUnit | None:
        uuid = unit_uuid(id)
        async with info.context.read() as connection:
            return (await _units(info.context, connection, [uuid])).get(uuid)

    @strawberry.field(
        description="本人任职的预算单位。The units that one works for.", metadata={"at_most": 20}
    )
    async def my_budget_units(self, info: Info) -> list[BudgetUnit]:
        context = info.context
        own = [grant.organisation_id for grant in context.actor.grants if grant.role in STAFF]
        async with context.read() as connection:
            units = await _units(context, connection, own)
        return [units[unit_id] for unit_id in dict.fromkeys(own) if unit_id in units]

    @strawberry.field(
        description="受益村排名，公开。The villages of a place by what they gained; public."
    )
    async def village_benefits(
        self,
        info: Info,
        *,
        division_code: Annotated[
            str, strawberry.argument(description="区划代码。The place, by its code.")
        ],
        year: Annotated[
            int | None, strawberry.argument(description="年度，默认本年。The year, or this one.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[VillageBenefit]:
        context = info.context
        keyset = VILLAGES.keyset(first=first, after=after, last=last, before=before)
        place, wanted = code_or_nation(division_code), year or context.today.year
        async with context.read() as connection:
            page = await attribution.village_totals(
                connection, keyset, division_code=place, year=wanted
            )
            codes = [row.village_code for row in page.rows]
            villages = await divisions_by_code(connection, codes, day=context.today)

        def shown(row: VillageTotal) -> VillageBenefit:
            return VillageBenefit(
                village=villages[row.village_code],
                year=wanted,
                amount_fen=row.amount_fen,
                order_count=row.order_count,
            )

        async def count() -> int:
            async with context.read() as connection:
                return await attribution.count_villages(
                    connection, division_code=place, year=wanted
                )

        return VILLAGES.connection(
            page,
            keyset,
            node=shown,
            key=lambda row: (row.amount_fen, row.village_code),
            count=count,
        )


@strawberry.type(description="指标。Appropriations.")
class BudgetUnitMutation:
    """The part of Mutation that concerns appropriations; Mutation derives from it."""

    @strawberry.mutation(description="核定或调整指标（财政、平台管理员）。Grant an appropriation.")
    async def grant_appropriation(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            GrantAppropriationInput, strawberry.argument(description="核定什么。What is granted.")
        ],
    ) -> GrantAppropriationResult:
        context, unit_id = info.context, unit_uuid(input.unit_id)
        await context.write(
            info.field_name,
            input,
            lambda transaction, change_id: budgets.grant(
                transaction,
                context.actor,
                change_id=change_id,
                unit_id=unit_id,
                year=input.year,
                amount_fen=input.amount_fen,
                document_number=input.document_number,
                decided_on=input.decided_on,
            ),
        )
        async with context.read() as connection:
            figures = await budgets.figures(connection, [unit_id], year=input.year)
        return GrantAppropriationPayload(
            unit=await organisation_of(info, unit_id),
            appropriation=Appropriation.of(figures[unit_id]),
        )
