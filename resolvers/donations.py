"""Gifts: what a donor asks for, pays, and later sees of every fen of it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.donations import gifts
from models.donations.gifts import AWAITED, DonationState, DonorKind
from models.funds.fund import DonationMethod
from models.kernel.money import Fen, capitals
from models.relief.payouts import Cause
from models.reports import trace
from models.reports.trace import TraceKind
from resolvers.context import Context, Info
from resolvers.enumerations import described
from resolvers.funds import Fund, fund_named_by_row
from resolvers.identities import NODES, Node
from resolvers.places import Division, divisions_by_code
from resolvers.relief import Causes  # noqa: F401 - describes Cause, before it is used here

KIND_DONOR = {"zh": "爱心人士", "en": "a kind donor"}

DonorKinds = described(
    DonorKind,
    "捐赠者类别。Who gives.",
    {
        DonorKind.PERSON: "个人。A person.",
        DonorKind.SOLE_TRADER: "个体工商户。A sole trader.",
        DonorKind.ENTERPRISE: "企业。An enterprise.",
        DonorKind.PUBLIC_INSTITUTION: "机关事业单位。A public institution.",
        DonorKind.SOCIAL_GROUP: "社会团体。A social group.",
        DonorKind.TRADE_ASSOCIATION: "行业协会、商会。A trade association.",
    },
)
DonationStates = described(
    DonationState,
    "捐赠的状态。Where a gift is.",
    {
        DonationState.STARTED: "已发起，付款页未打开。Asked for; its payment page is not open yet.",
        DonationState.PENDING: "等待付款或到账。Its page is open, or its money on the way.",
        DonationState.RECEIVED: "已到账。The money has arrived.",
        DonationState.FAILED: "付款失败，未收款。The payment failed; nothing was received.",
        DonationState.EXPIRED: "付款页已过期，未收款。Nobody paid in time; nothing was received.",
    },
)
TraceKinds = described(
    TraceKind,
    "善款的去处。Where a part of a gift is.",
    {
        TraceKind.IN_FUND: "仍在基金中。Still in the fund.",
        TraceKind.PAID_OUT: "已拨付到户。Paid out to a household.",
    },
)


@strawberry.type(
    description="善款的一处去处；不指向任何一户。Where a part of a gift is; never who."
)
class TraceEntry:
    """A part of a gift."""

    kind: TraceKind = strawberry.field(description="去处。Where it is.")
    amount_fen: Fen = strawberry.field(description="金额，分。The part, in fen.")
    paid_on: str | None = strawberry.field(
        description="拨付月份，如 2017-11。The month in which it was paid, such as 2017-11."
    )
    village: Division | None = strawberry.field(description="拨付到的村。The village it went to.")
    cause: Cause | None = strawberry.field(description="致困原因。What it was paid for.")


@strawberry.type(description="一笔捐赠。A gift to a fund.")
class Donation(Node):
    """A gift."""

    row: strawberry.Private[Any]

    amount_fen: Fen = strawberry.field(description="捐赠金额，分。The gift, in fen.")
    donor_kind: DonorKind = strawberry.field(description="捐赠者类别。What kind of donor.")
    anonymous: bool = strawberry.field(description="匿名捐赠。Whether the donor is not named.")
    message: str = strawberry.field(description="留言，可为空。The donor's words, maybe none.")
    campaign: str | None = strawberry.field(
        description="响应的募捐活动，如“扶贫一日捐”。The drive it answers, if any."
    )
    state: DonationState = strawberry.field(description="状态。Where it is.")
    method: DonationMethod = strawberry.field(description="付款方式。How it is paid.")
    started_at: dt.datetime = strawberry.field(description="发起时间。When it was asked for.")
    received_at: dt.datetime | None = strawberry.field(
        description="到账时间；未到账为 null。When it was received."
    )
    receipt_code: str | None = strawberry.field(
        description="收据编号，凭它可查去向；未到账为 null。The receipt code, once received."
    )

    @strawberry.field(description="捐给哪个基金。The fund it is given to.")
    async def fund(self, info: Info) -> Fund:
        return await fund_named_by_row(info, self.row.fund_id)

    @strawberry.field(
        description="捐赠人，按其意愿；匿名为“爱心人士”。The donor as they chose to be named."
    )
    def donor_name(self, info: Info) -> str:
        named: str | None = None if self.anonymous else self.row.donor_name
        return named or KIND_DONOR[info.context.language]

    @strawberry.field(description="大写金额。The amount in Chinese capitals, as on a receipt.")
    def amount_in_capitals(self) -> str:
        return capitals(self.amount_fen)

    @strawberry.field(
        description="付款页地址；不需付款时为 null。Where to pay, while that can be done."
    )
    def checkout_url(self, info: Info) -> str | None:
        until = self.row.checkout_expires_at
        now = info.context.platform.database.clock.now()
        is_payable = self.state in AWAITED and until is not None and until > now
        return self.row.checkout_url if is_payable else None

    @strawberry.field(
        description="每一分的去处，合计等于捐赠金额；未到账为空。Where every fen of it is.",
        metadata={"at_most": 100},
    )
    async def trace(self, info: Info) -> list[TraceEntry]:
        found = await info.context.loader(trace.traces).load(self.uuid)
        entries = found.entries if found else ()
        codes = [entry.village_code for entry in entries if entry.village_code]
        async with info.context.read() as connection:
            villages = await divisions_by_code(connection, codes, day=info.context.today)
        return [
            TraceEntry(
                kind=entry.kind,
                amount_fen=entry.amount_fen,
                paid_on=entry.paid_in,
                village=villages[entry.village_code] if entry.village_code else None,
                cause=entry.cause,
            )
            for entry in entries
        ]

    @strawberry.field(description="尚未用出的金额，分。What of it is still in the fund, in fen.")
    async def remaining_fen(self, info: Info) -> Fen:
        found = await info.context.loader(trace.traces).load(self.uuid)
        return found.remaining_fen if found else Fen(0)


def donation_of(row: Any) -> Donation:
    """A gift from its row."""
    return Donation(
        uuid=row.id,
        row=row,
        amount_fen=row.amount_fen,
        donor_kind=row.donor_kind,
        anonymous=row.is_anonymous,
        message=row.message,
        campaign=row.campaign,
        state=row.state,
        method=row.method,
        started_at=row.started_at,
        received_at=row.received_at,
        receipt_code=row.receipt_code,
    )


async def donation_with_id(context: Context, donation_id: UUID) -> tuple[Donation, str]:
    """A gift that the asker has shown to be theirs, and its token."""
    async with context.read() as connection:
        row = (await gifts.by_ids(connection, [donation_id]))[donation_id]
    return donation_of(row), row.token


@NODES.finder(Donation)
async def find_donations(context: Context, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
    """Gifts for those who serve the fund and for the signed-in donor; others hold a code."""
    async with context.read() as connection:
        rows = await gifts.by_ids(connection, ids)
    return {uuid: donation_of(row) for uuid, row in rows.items() if gifts.sees(context.actor, row)}


@strawberry.type(description="捐赠查询。Gifts.")
class DonationsQuery:
    """The part of Query about gifts; Query derives from it."""

    @strawberry.field(
        description="凭收据编号查找捐赠，不需登录。The gift with this receipt code; no sign-in."
    )
    async def donation(
        self,
        info: Info,
        receipt_code: Annotated[
            str,
            strawberry.argument(
                description="收据编号，大小写和分隔不拘。The receipt code, however it is typed."
            ),
        ],
    ) -> Donation | None:
        async with info.context.read() as connection:
            row = await gifts.by_receipt_code(connection, receipt_code)
        return donation_of(row) if row else None

    @strawberry.field(
        description="凭发起捐赠时得到的凭证查找。The gift whose token one got when starting it."
    )
    async def donation_by_token(
        self,
        info: Info,
        token: Annotated[str, strawberry.argument(description="凭证。The token.")],
    ) -> Donation | None:
        async with info.context.read() as connection:
            row = await gifts.by_token(connection, token)
        return donation_of(row) if row else None
