"""Relief payouts: approved, held, and paid straight to the household's card."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.funds.draws import DrawState
from models.funds.fund import Source
from models.households import HouseholdKind, NewHousehold
from models.kernel.money import Fen
from models.relief import payouts
from models.relief.payouts import Cause
from models.reports import trace
from resolvers.context import REQUEST_ID, Context, Info
from resolvers.enumerations import described
from resolvers.funds import Fund, fund_named_by_row, fund_of
from resolvers.identities import NODES, Node, uuid_of
from resolvers.paging import After, Before, Connection, First, Last, Listing
from resolvers.places import Division, divisions_by_code
from resolvers.refusals import Refused

PAYOUTS = Listing("payouts", (UUID,))

Causes = described(
    Cause,
    "致困原因。Why a household needs relief.",
    {
        Cause.ILLNESS: "因病。Illness.",
        Cause.DISASTER: "因灾。A disaster.",
        Cause.ACCIDENT: "因突发事故。A sudden accident.",
    },
)
HouseholdKinds = described(
    HouseholdKind,
    "户类型。What a household is in the register.",
    {
        HouseholdKind.UNSTABLY_RELIEVED: "脱贫不稳定户。Left poverty, and may fall back.",
        HouseholdKind.BORDERLINE: "边缘易致贫户。Never poor, but near it.",
        HouseholdKind.SUDDEN_HARDSHIP: "突发严重困难户。Struck by sudden hardship.",
        HouseholdKind.STEADILY_RELIEVED: "稳定脱贫户。Left poverty for good.",
    },
)
PayoutStates = described(
    DrawState,
    "救助款的去向。Where the money of a payout is.",
    {
        DrawState.HELD: "已批准，占用待拨付。Approved: held in the fund.",
        DrawState.PAID: "已到户。Paid to the household's card.",
        DrawState.RELEASED: "拨付失败，已释放。Failed at the bank: set free again.",
    },
)


@strawberry.type(description="救助款出自哪笔收入。Money that a payout was paid out of.")
class PayoutOrigin:
    """A part of a payout."""

    source: Source = strawberry.field(description="资金来源。Where the money came from.")
    amount_fen: Fen = strawberry.field(description="金额，分。The part of it, in fen.")
    received_at: dt.datetime = strawberry.field(description="该收入到账时间。When it was received.")


@strawberry.type(description="救助款：打卡直发到户。A relief payout, straight to the household.")
class ReliefPayout(Node):
    """A payout, without anything that says whose it is."""

    number: str = strawberry.field(description="编号。Its number.")
    fund_id: strawberry.Private[UUID]
    village: Division = strawberry.field(description="户所在村。The household's village.")
    cause: Cause = strawberry.field(description="致困原因。Why.")
    amount_fen: Fen = strawberry.field(description="金额，分。The amount, in fen.")
    state: DrawState = strawberry.field(description="状态。Where the money is.")
    approved_at: dt.datetime = strawberry.field(description="批准时间。When it was approved.")
    settled_at: dt.datetime | None = strawberry.field(
        description="银行结果时间。When the bank answered."
    )
    failure_reason: str | None = strawberry.field(description="失败原因。Why the bank refused it.")

    @strawberry.field(
        description="由哪些收入支付，先进先出。The money it was paid out of, oldest first.",
        metadata={"at_most": 100},
    )
    async def sources(self, info: Info) -> list[PayoutOrigin]:
        origins = await info.context.loader(trace.origins).load(self.uuid)
        return [
            PayoutOrigin(
                source=origin.source,
                amount_fen=origin.amount_fen,
                received_at=origin.received_at,
            )
            for origin in origins or []
        ]

    @strawberry.field(description="从哪个基金。The fund it comes from.")
    async def fund(self, info: Info) -> Fund:
        return await fund_named_by_row(info, self.fund_id)


def payout_of(row: Any, villages: Mapping[str, Division]) -> ReliefPayout:
    """A payout from its row."""
    return ReliefPayout(
        uuid=row.id,
        number=row.number,
        fund_id=row.fund_id,
        village=villages[row.division_code],
        cause=row.cause,
        amount_fen=row.amount_fen,
        state=row.state,
        approved_at=row.held_at,
        settled_at=row.settled_at,
        failure_reason=row.failure_reason,
    )


@NODES.finder(ReliefPayout)
async def find_payouts(context: Context, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
    """Payouts that the asker may read."""
    async with context.read() as connection:
        rows = await payouts.by_ids(connection, context.actor, ids)
        villages = await divisions_by_code(
            connection, [row.division_code for row in rows.values()], day=context.today
        )
    return {uuid: payout_of(row, villages) for uuid, row in rows.items()}


async def payout_with_id(context: Context, payout_id: UUID) -> ReliefPayout:
    """A payout that the asker has just dealt with."""
    found = (await find_payouts(context, [payout_id]))[payout_id]
    assert isinstance(found, ReliefPayout)
    return found


@strawberry.input(description="受助户。The household that is helped.")
class HouseholdInput:
    """Who is helped; sealed at rest and never shown whole."""

    name: str = strawberry.field(description="户主姓名。The name of its head.")
    village_code: str = strawberry.field(description="所在村 12 位代码。Its village, by code.")
    card_number: str = strawberry.field(description="户主银行卡号。Its own bank card.")
    members: int = strawberry.field(description="人口。How many people live in it.")
    kind: HouseholdKind = strawberry.field(description="户类型。What kind of household it is.")


@strawberry.input(description="批准救助。Granting a payout.")
class GrantReliefPayoutInput:
    """What granting a payout takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    fund_id: strawberry.ID = strawberry.field(description="从哪个基金。The fund.")
    household: HouseholdInput = strawberry.field(description="受助户。Who is helped.")
    cause: Cause = strawberry.field(description="致困原因。Why.")
    amount_fen: Fen = strawberry.field(description="批准金额，分。The approved amount, in fen.")


@strawberry.input(description="登记银行结果。The bank's answer to a payout.")
class SettleReliefPayoutInput:
    """What settling a payout takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    payout_id: strawberry.ID = strawberry.field(description="哪笔救助款。The payout.")
    bank_reference: str = strawberry.field(
        description="银行流水号，一个基金内只用一次。The bank's reference, once in a fund."
    )
    failure_reason: str | None = strawberry.field(
        default=None,
        description="失败原因；不填表示已到户。Why it failed; absent when it was paid.",
    )


@strawberry.type(description="救助款现状。The payout as it stands now.")
class ReliefPayoutPayload:
    """The payout after a command."""

    payout: ReliefPayout = strawberry.field(description="救助款。The payout.")
    fund: Fund = strawberry.field(description="此后的基金。The fund after it.")


GrantReliefPayoutResult = Annotated[
    ReliefPayoutPayload | Refused,
    strawberry.union("GrantReliefPayoutResult", description="批准的结果。Granted, or refused."),
]
SettleReliefPayoutResult = Annotated[
    ReliefPayoutPayload | Refused,
    strawberry.union("SettleReliefPayoutResult", description="登记的结果。Settled, or refused."),
]


@strawberry.type(description="救助。Relief.")
class ReliefQuery:
    """The part of Query about relief; Query derives from it."""

    @strawberry.field(
        description="本人可看的救助款，新的在前。The payouts that the asker may read, newest first."
    )
    async def relief_payouts(  # noqa: PLR0917 - Relay's four, and the fund
        self,
        info: Info,
        fund_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="只看这个基金。Of this fund.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ReliefPayout]:
        context = info.context
        keyset = PAYOUTS.keyset(first=first, after=after, last=last, before=before)
        fund = None if fund_id is None else uuid_of(fund_id, "Fund", path="fundId")
        async with context.read() as connection:
            page = await payouts.page(connection, context.actor, keyset, fund_id=fund)
            villages = await divisions_by_code(
                connection, [row.division_code for row in page.rows], day=context.today
            )
        return PAYOUTS.connection(
            page, keyset, node=lambda row: payout_of(row, villages), key=lambda row: (row.id,)
        )


@strawberry.type(description="救助。Relief.")
class ReliefMutation:
    """The part of Mutation that concerns relief; Mutation derives from it."""

    @strawberry.mutation(
        description="批准救助并占用基金（区级审批人）。Grant a payout and hold it in the fund."
    )
    async def grant_relief_payout(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            GrantReliefPayoutInput, strawberry.argument(description="批准什么。What is granted.")
        ],
    ) -> GrantReliefPayoutResult:
        context = info.context
        fund_id = uuid_of(input.fund_id, "Fund", path="fundId")
        household = NewHousehold(
            division_code=input.household.village_code,
            head_name=input.household.name,
            card_number=input.household.card_number,
            members=input.household.members,
            kind=input.household.kind,
        )
        payout_id = await context.write(
            info.field_name,
            input,
            lambda transaction, payout_id: payouts.grant(
                transaction,
                context.actor,
                payout_id=payout_id,
                fund_id=fund_id,
                household=household,
                cause=input.cause,
                amount_fen=input.amount_fen,
            ),
        )
        return await _answer(context, payout_id)

    @strawberry.mutation(
        description="登记银行结果：已到户或失败（基金出纳，不能是批准人）。Settle a payout."
    )
    async def settle_relief_payout(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            SettleReliefPayoutInput, strawberry.argument(description="结果。The bank's answer.")
        ],
    ) -> SettleReliefPayoutResult:
        context = info.context
        payout_id = await context.write(
            info.field_name,
            input,
            lambda transaction, payout_id: payouts.settle(
                transaction,
                context.actor,
                payout_id=payout_id,
                bank_reference=input.bank_reference,
                failure_reason=input.failure_reason,
            ),
            answer_id=uuid_of(input.payout_id, "ReliefPayout", path="payoutId"),
        )
        return await _answer(context, payout_id)


async def _answer(context: Context, payout_id: UUID) -> ReliefPayoutPayload:
    payout = await payout_with_id(context, payout_id)
    return ReliefPayoutPayload(payout=payout, fund=await fund_of(context, payout.fund_id))
