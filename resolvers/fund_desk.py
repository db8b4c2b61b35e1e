"""What the fund desk does: opens a fund, records money that came in, watches it live."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import strawberry

from models.funds import fund, receipts, settlements
from models.funds.fund import DonationMethod, NewRule, Source
from models.kernel.money import Fen
from resolvers.context import REQUEST_ID, Info
from resolvers.funds import Fund, fund_of
from resolvers.identities import uuid_of
from resolvers.refusals import Refused


@strawberry.input(description="设立基金。Opening a fund.")
class OpenFundInput:
    """What opening a fund takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    name: str = strawberry.field(description="名称。Its name.")
    division_code: str = strawberry.field(description="所属区划代码。Its division, by code.")
    office_organisation_id: strawberry.ID = strawberry.field(
        description="基金管理单位。The organisation that manages it."
    )
    floor_fen: Fen = strawberry.field(description="底线，分。The floor, in fen.")
    replenish_working_days: int = strawberry.field(
        description="限时补充的工作日数。Working days in which finance replenishes it."
    )
    notice_days: int = strawberry.field(description="公示天数，至少 5。Days of public notice.")
    document_number: str = strawberry.field(description="管理办法文号。The document of the rule.")
    valid_from: dt.date = strawberry.field(
        description="办法生效日，从当日起监测底线。The first day on which the floor is watched."
    )
    donation_methods: list[DonationMethod] = strawberry.field(
        description="可用的捐赠方式。How donors can give to it."
    )


@strawberry.input(description="登记补充资金。Recording money other than a donation.")
class RecordReplenishmentInput:
    """What recording a replenishment takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    fund_id: strawberry.ID = strawberry.field(description="哪个基金。The fund.")
    amount_fen: Fen = strawberry.field(description="金额，分。The amount, in fen.")
    source: Source = strawberry.field(description="来源，不能是捐赠。The source, not a donation.")
    document_number: str = strawberry.field(
        description="拨款文号，同一来源只用一次。The document; once for each source."
    )
    received_on: dt.date = strawberry.field(description="到账日。The day it arrived.")


@strawberry.input(description="登记支付机构结算。Recording that the provider paid to the bank.")
class RecordSettlementInput:
    """What recording a settlement takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    fund_id: strawberry.ID = strawberry.field(description="哪个基金。The fund.")
    amount_fen: Fen = strawberry.field(description="金额，分。The amount, in fen.")
    reference: str = strawberry.field(description="银行流水号。The bank's reference.")


@strawberry.type(description="基金及其现状。The fund as it stands now.")
class FundPayload:
    """The fund after a command."""

    fund: Fund = strawberry.field(description="基金。The fund.")


OpenFundResult = Annotated[
    FundPayload | Refused,
    strawberry.union("OpenFundResult", description="设立的结果。Opened, or refused."),
]
RecordReplenishmentResult = Annotated[
    FundPayload | Refused,
    strawberry.union("RecordReplenishmentResult", description="登记的结果。Recorded, or refused."),
]
RecordSettlementResult = Annotated[
    FundPayload | Refused,
    strawberry.union("RecordSettlementResult", description="登记的结果。Recorded, or refused."),
]


@strawberry.type(description="基金管理。The fund desk.")
class FundDeskMutation:
    """The part of Mutation that concerns funds; Mutation derives from it."""

    @strawberry.mutation(description="设立基金（平台管理员）。Open a fund.")
    async def open_fund(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            OpenFundInput, strawberry.argument(description="设立什么。What is opened.")
        ],
    ) -> OpenFundResult:
        context = info.context
        office_id = uuid_of(
            input.office_organisation_id, "Organisation", path="officeOrganisationId"
        )
        fund_id = await context.write(
            info.field_name,
            input,
            lambda transaction, fund_id: fund.open_fund(
                transaction,
                context.actor,
                fund_id=fund_id,
                name=input.name,
                division_code=input.division_code,
                office_id=office_id,
                donation_methods=input.donation_methods,
                rule=NewRule(
                    floor_fen=input.floor_fen,
                    replenish_working_days=input.replenish_working_days,
                    notice_days=input.notice_days,
                    document_number=input.document_number,
                    valid_from=input.valid_from,
                ),
            ),
        )
        return FundPayload(fund=await fund_of(context, fund_id))

    @strawberry.mutation(
        description="登记财政等资金到账（财政部门、基金管理人）。Record money that is no gift."
    )
    async def record_replenishment(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            RecordReplenishmentInput, strawberry.argument(description="到账。What arrived.")
        ],
    ) -> RecordReplenishmentResult:
        context = info.context
        fund_id = uuid_of(input.fund_id, "Fund", path="fundId")
        await context.write(
            info.field_name,
            input,
            lambda transaction, receipt_id: receipts.record_replenishment(
                transaction,
                context.actor,
                receipt_id=receipt_id,
                fund_id=fund_id,
                amount_fen=input.amount_fen,
                source=input.source,
                document_number=input.document_number,
                received_on=input.received_on,
            ),
        )
        return FundPayload(fund=await fund_of(context, fund_id))

    @strawberry.mutation(
        description="支付机构已结算到银行（基金管理人）。The provider paid to the bank."
    )
    async def record_settlement(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            RecordSettlementInput, strawberry.argument(description="结算。What was settled.")
        ],
    ) -> RecordSettlementResult:
        context = info.context
        fund_id = uuid_of(input.fund_id, "Fund", path="fundId")
        await context.write(
            info.field_name,
            input,
            lambda transaction, settlement_id: settlements.record(
                transaction,
                context.actor,
                settlement_id=settlement_id,
                fund_id=fund_id,
                amount_fen=input.amount_fen,
                reference=input.reference,
            ),
        )
        return FundPayload(fund=await fund_of(context, fund_id))


@strawberry.type(description="基金变动。Changes of funds.")
class FundsSubscription:
    """The part of Subscription about funds; Subscription derives from it."""

    @strawberry.subscription(
        description="基金现状：先给当前，此后每有变动再给。The fund now, and after each change."
    )
    async def fund_changed(
        self,
        info: Info,
        fund_id: Annotated[strawberry.ID, strawberry.argument(description="哪个基金。The fund.")],
    ) -> AsyncIterator[Fund]:
        context = info.context
        uuid = uuid_of(fund_id, "Fund", path="fundId")
        async with context.platform.announcements.watch("fund", uuid) as ticks:
            yield await fund_of(context, uuid)
            async for _ in ticks:
                yield await fund_of(context, uuid)
