"""Funds against their floor: standing, statement and replenishment calls."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.funds import draws, floor, fund, receipts, statement
from models.funds.floor import CallEventKind
from models.funds.fund import DonationMethod, Source
from models.kernel.money import Fen
from resolvers.context import Context, Info
from resolvers.enumerations import described
from resolvers.identities import NODES, Node
from resolvers.paging import After, Before, Connection, First, Last, Listing
from resolvers.places import Division, division_of

FUNDS = Listing("funds", (UUID,))
CALLS = Listing("calls", (UUID,))
ENTRIES = Listing("entries", (int,))

Sources = described(
    Source,
    "资金来源，分开记账。Where the money of a fund comes from; kept apart.",
    {
        Source.DONATION: "社会捐赠。A donation.",
        Source.DISTRICT_FINANCE: "区财政。District finance.",
        Source.SUPERIOR_FINANCE: "上级财政。Finance of a superior level.",
        Source.PARTY_FUNDS: "党建或工作经费。Party or work funds.",
        Source.INTEREST: "利息。Interest.",
        Source.RETURNED_PAYOUT: "退回的救助款。A payout that came back.",
    },
)
DonationMethods = described(
    DonationMethod,
    "捐赠方式。How a donor can give.",
    {
        DonationMethod.CARD: "银行卡。A card.",
        DonationMethod.ALIPAY: "支付宝。Alipay.",
        DonationMethod.WECHAT_PAY: "微信支付。WeChat Pay.",
    },
)
CallEventKinds = described(
    CallEventKind,
    "补充通知的每一步。A step of a replenishment call.",
    {
        CallEventKind.OPENED: "启动：低于底线。Opened: the fund fell below its floor.",
        CallEventKind.RAISED: "增加：缺口扩大。Raised: the shortfall grew.",
        CallEventKind.PARTLY_MET: "部分补充。Partly met: money came in.",
        CallEventKind.EASED: "缓解：占用释放或底线下调。Eased: a hold was set free.",
        CallEventKind.MET: "补足并关闭。Met in full, and closed.",
        CallEventKind.ESCALATED: "逾期上报。Overdue: the supervisors were told.",
    },
)


@strawberry.type(description="补充通知的一步。A step of a replenishment call.")
class CallEvent:
    """One step."""

    occurred_at: dt.datetime = strawberry.field(description="时间。When.")
    kind: CallEventKind = strawberry.field(description="发生了什么。What happened.")
    amount_fen: Fen = strawberry.field(description="涉及金额，分。The amount it was about, in fen.")
    outstanding_fen: Fen = strawberry.field(
        description="此后尚缺，分。What was outstanding after it, in fen."
    )


@strawberry.type(
    description="限时补充通知：区财政在期限内补足底线。A replenishment call on district finance."
)
class ReplenishmentCall(Node):
    """A call."""

    number: str = strawberry.field(description="编号。Its number.")
    opened_at: dt.datetime = strawberry.field(description="启动时间。When it was opened.")
    required_fen: Fen = strawberry.field(
        description="应补金额，分：启动时的缺口加此后的增加。What it was raised to, in fen."
    )
    met_fen: Fen = strawberry.field(description="已补金额，分。Money that came in since, in fen.")
    outstanding_fen: Fen = strawberry.field(
        description="尚缺金额，分；关闭后为 0。What is missing now, in fen; 0 once closed."
    )
    working_days: int = strawberry.field(description="期限，工作日。The time allowed.")
    due_on: dt.date = strawberry.field(description="最后期限（当日结束）。The last day.")
    due_provisional: bool = strawberry.field(
        description="放假通知未发布，期限为暂定。Whether its year's holidays are foreseen."
    )
    closed_at: dt.datetime | None = strawberry.field(
        description="关闭时间；未关闭为 null。When it was closed."
    )
    overdue: bool = strawberry.field(description="已逾期。Whether it is open past its last day.")

    @strawberry.field(description="经过。Its steps, in their order.", metadata={"at_most": 100})
    async def events(self, info: Info) -> list[CallEvent]:
        rows = await info.context.loader(floor.events).load(self.uuid)
        return [
            CallEvent(
                occurred_at=row.occurred_at,
                kind=row.kind,
                amount_fen=row.amount_fen,
                outstanding_fen=row.outstanding_fen,
            )
            for row in rows or []
        ]

    @classmethod
    def of(cls, row: Any, today: dt.date) -> "ReplenishmentCall":
        return cls(
            uuid=row.id,
            number=row.number,
            opened_at=row.opened_at,
            required_fen=row.required_fen,
            met_fen=Fen(int(row.met_fen)),
            outstanding_fen=row.outstanding_fen or Fen(0),
            working_days=row.working_days,
            due_on=row.due_on,
            due_provisional=row.is_due_provisional,
            closed_at=row.closed_at,
            overdue=row.closed_at is None and today > row.due_on,
        )


@strawberry.type(description="基金收支明细的一行。A line of a fund's statement.")
class FundEntry:
    """One movement."""

    number: int = strawberry.field(description="序号，连续。Its number, without a gap.")
    occurred_at: dt.datetime = strawberry.field(description="时间。When.")
    reason: str = strawberry.field(
        description="事由代码，如 donation_received、payout_held。Why, as a code."
    )
    source: Source | None = strawberry.field(description="来源；支出为 null。The source of income.")
    memo: str = strawberry.field(description="摘要，如文号。What it says, such as a document.")
    amount_fen: Fen = strawberry.field(
        description="余额变动，分，支出为负。What it did to the balance, in fen."
    )
    available_change_fen: Fen = strawberry.field(
        description="可用余额变动，分；批准时占用，为负。What it did to what is available, in fen."
    )
    balance_fen: Fen = strawberry.field(description="此后余额，分。The balance after it, in fen.")
    available_fen: Fen = strawberry.field(
        description="此后可用余额，分。What was available after it, in fen."
    )


@strawberry.type(description="某日终了的余额。Where a fund stood at the end of a day.")
class BalancePoint:
    """A point of the chart."""

    date: dt.date = strawberry.field(description="日期。The day.")
    balance_fen: Fen = strawberry.field(description="余额，分。The balance, in fen.")
    available_fen: Fen = strawberry.field(description="可用余额，分。What is available, in fen.")


@strawberry.type(description="某一来源的合计。What came from a source.")
class SourceTotal:
    """A total."""

    source: Source = strawberry.field(description="来源。The source.")
    amount_fen: Fen = strawberry.field(description="合计，分。The total, in fen.")


@strawberry.type(description="防返贫基金。An anti-relapse fund.")
class Fund(Node):
    """A fund."""

    name: str = strawberry.field(description="名称。Its name.")
    division_code: str = strawberry.field(description="所属区划代码。Its division, by code.")
    document_number: str | None = strawberry.field(
        description="现行管理办法；未生效为 null。The document of the rule in force."
    )
    balance_fen: Fen = strawberry.field(
        description="余额，分：银行与支付机构账户中的资金。The posted money, in fen."
    )
    available_fen: Fen = strawberry.field(
        description="可用余额，分：余额减去已批准待拨付。What no approved payout holds, in fen."
    )
    floor_fen: Fen = strawberry.field(
        description="底线，分；办法生效前为 0。The floor that is watched, in fen."
    )
    shortfall_fen: Fen = strawberry.field(
        description="缺口，分；不低于底线为 0。What is missing to the floor, in fen."
    )
    donation_methods: list[DonationMethod] = strawberry.field(
        description="可用的捐赠方式。How donors can give to it.", metadata={"at_most": 4}
    )

    @strawberry.field(description="所属区划。Its division.")
    async def division(self, info: Info) -> Division:
        return await division_of(info, self.division_code)

    @strawberry.field(description="未关闭的补充通知。Its open call, if there is one.")
    async def open_call(self, info: Info) -> ReplenishmentCall | None:
        row = await info.context.loader(floor.open_calls).load(self.uuid)
        return None if row is None else ReplenishmentCall.of(row, info.context.today)

    @strawberry.field(description="补充通知，新的在前。Its calls, the newest first.")
    async def calls(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ReplenishmentCall]:
        keyset = CALLS.keyset(first=first, after=after, last=last, before=before)
        today = info.context.today
        async with info.context.read() as connection:
            page = await floor.calls(connection, keyset, fund_id=self.uuid)
        return CALLS.connection(
            page,
            keyset,
            node=lambda row: ReplenishmentCall.of(row, today),
            key=lambda row: (row.id,),
        )

    @strawberry.field(description="收支明细，新的在前。Its statement, the newest line first.")
    async def entries(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[FundEntry]:
        keyset = ENTRIES.keyset(first=first, after=after, last=last, before=before)
        async with info.context.read() as connection:
            page = await statement.page(connection, keyset, fund_id=self.uuid)
        return ENTRIES.connection(page, keyset, node=entry_of, key=lambda row: (row.number,))

    @strawberry.field(
        description="有变动各日的余额，最近 400 个。Its balance day by day.",
        metadata={"at_most": 100},
    )
    async def balance_history(
        self,
        info: Info,
        since: Annotated[
            dt.date | None, strawberry.argument(description="从哪天起。The first day.")
        ] = None,
        until: Annotated[
            dt.date | None, strawberry.argument(description="到哪天止，含。The last day.")
        ] = None,
    ) -> list[BalancePoint]:
        async with info.context.read() as connection:
            points = await statement.history(connection, self.uuid, since=since, until=until)
        return [
            BalancePoint(date=row.day, balance_fen=row.balance_fen, available_fen=row.available_fen)
            for row in points
        ]

    @strawberry.field(
        description="各来源合计。What came from each source.", metadata={"at_most": 6}
    )
    async def income_by_source(self, info: Info) -> list[SourceTotal]:
        totals = await info.context.loader(receipts.income_by_source).load(self.uuid)
        return [SourceTotal(source=source, amount_fen=total) for source, total in totals or []]

    @strawberry.field(description="已拨付救助合计，分。What was paid out, in fen.")
    async def paid_out_fen(self, info: Info) -> Fen:
        paid = await info.context.loader(draws.paid_out).load(self.uuid)
        return paid[0] if paid else Fen(0)

    @strawberry.field(description="已拨付救助笔数。In how many payouts.")
    async def payout_count(self, info: Info) -> int:
        paid = await info.context.loader(draws.paid_out).load(self.uuid)
        return paid[1] if paid else 0

    @classmethod
    def of(cls, row: Any) -> "Fund":
        return cls(
            uuid=row.id,
            name=row.name,
            division_code=row.division_code,
            document_number=row.document_number,
            balance_fen=row.balance_fen,
            available_fen=row.available_fen,
            floor_fen=row.floor_fen,
            shortfall_fen=row.shortfall_fen or Fen(0),
            donation_methods=[DonationMethod(word) for word in row.donation_methods.split()],
        )


def entry_of(row: Any) -> FundEntry:
    """A line of the statement from its row."""
    return FundEntry(
        number=row.number,
        occurred_at=row.occurred_at,
        reason=row.reason,
        source=row.source,
        memo=row.memo,
        amount_fen=row.balance_change_fen,
        available_change_fen=row.available_change_fen,
        balance_fen=row.balance_fen,
        available_fen=row.available_fen,
    )


@NODES.finder(Fund)
async def find_funds(context: Context, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
    """Funds are public facts."""
    async with context.read() as connection:
        rows = await fund.by_ids(connection, ids, today=context.today)
    return {uuid: Fund.of(row) for uuid, row in rows.items()}


@NODES.finder(ReplenishmentCall)
async def find_calls(context: Context, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
    """Calls are public facts."""
    async with context.read() as connection:
        rows = await floor.calls_by_ids(connection, ids)
    return {uuid: ReplenishmentCall.of(row, context.today) for uuid, row in rows.items()}


async def fund_of(context: Context, fund_id: UUID) -> Fund:
    """A fund that there is, as it stands at this moment."""
    async with context.read() as connection:
        rows = await fund.by_ids(connection, [fund_id], today=context.today)
    return Fund.of(rows[fund_id])


async def fund_named_by_row(info: Info, fund_id: UUID) -> Fund:
    """A fund that a row of a list names; those of the whole list are asked for at once."""
    row = await info.context.loader(_funds_on).load((fund_id, info.context.today))
    return Fund.of(row)


async def _funds_on(
    connection: Any, keys: Sequence[tuple[UUID, dt.date]]
) -> dict[tuple[UUID, dt.date], Any]:
    (today,) = {day for _, day in keys}
    rows = await fund.by_ids(connection, [fund_id for fund_id, _ in keys], today=today)
    return {(fund_id, today): row for fund_id, row in rows.items()}


@strawberry.type(description="基金。Funds.")
class FundsQuery:
    """The part of Query about funds; Query derives from it."""

    @strawberry.field(description="全部基金，新的在前。Every fund, the newest first.")
    async def funds(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Fund]:
        keyset = FUNDS.keyset(first=first, after=after, last=last, before=before)
        async with info.context.read() as connection:
            page = await fund.funds(connection, keyset, today=info.context.today)
        return FUNDS.connection(page, keyset, node=Fund.of, key=lambda row: (row.id,))

    @strawberry.field(description="按编号查找基金。The fund with this id, if there is one.")
    async def fund(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 - Relay's name
            strawberry.ID, strawberry.argument(description="基金编号。Its global id.")
        ],
    ) -> Fund | None:
        found = (await NODES.find(info.context, [id]))[0]
        return found if isinstance(found, Fund) else None
