"""Orders and their quotes, each list fetched whole: parties, lines, villages and history."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.kernel.database import Connection as Reader
from models.kernel.money import Fen
from models.procurement import order_book
from models.procurement.orders import OrderMove, OrderState, PaymentState, payment_state
from resolvers.context import Context, Info
from resolvers.enumerations import described
from resolvers.identities import NODES, Node, global_id, uuid_of
from resolvers.paging import After, Before, Connection, First, Last, Listing
from resolvers.parties import Organisation, Person
from resolvers.places import Division
from resolvers.products import Product, known_divisions, party, products_by_id
from resolvers.selections import EVERYTHING, below, selected

ORDERS = Listing("orders", (UUID,))

OrderStates = described(
    OrderState,
    "订单的状态（货物）。Where the goods of an order are.",
    {
        OrderState.PLACED: "已下单，已占用指标。Placed; it holds the appropriation.",
        OrderState.CONFIRMED: "供应商已确认。Confirmed by the supplier.",
        OrderState.SHIPPED: "已发货。Shipped.",
        OrderState.PARTLY_ACCEPTED: "部分验收。Some of it was accepted.",
        OrderState.ACCEPTED: "已验收。Accepted.",
        OrderState.CANCELLED: "单位已取消。Cancelled by the unit.",
        OrderState.REJECTED: "供应商拒单或单位拒收。Declined, or refused at delivery.",
        OrderState.RETURNED: "已全部退货。All of it was returned.",
    },
)
PaymentStates = described(
    PaymentState,
    "订单的付款状态。How much of an order has been paid.",
    {
        PaymentState.UNPAID: "未付款。Nothing was paid.",
        PaymentState.PART_PAID: "部分付款，或还有货物未验收。Something is owed or awaited.",
        PaymentState.PAID: "已付清。Nothing is owed and no goods are awaited.",
    },
)
OrderMoves = described(
    OrderMove,
    "对订单的操作。What is done to an order.",
    {
        OrderMove.PLACE: "下单。Placed by the unit.",
        OrderMove.CONFIRM: "确认。Taken on by the supplier.",
        OrderMove.SHIP: "发货。Sent by the supplier.",
        OrderMove.REJECT: "拒单或拒收。Declined or refused.",
        OrderMove.CANCEL: "取消，或放弃未验收的部分。Cancelled, whole or the rest.",
        OrderMove.ACCEPT: "验收。Accepted by the unit.",
        OrderMove.RETURN: "退货。Returned by the unit.",
        OrderMove.PAY: "付款。Paid by the unit.",
    },
)


@strawberry.type(description="一个村的受益金额。What a village gains.")
class VillageShare:
    """An amount for a village."""

    village: Division = strawberry.field(description="产地村。The village.")
    amount_fen: Fen = strawberry.field(description="金额，分。The amount, in fen.")


@strawberry.type(description="订单行。A line of an order.")
class OrderLine:
    """A line; its lot is the one that was newest when it was placed."""

    id: strawberry.ID = strawberry.field(description="编号。Its id.")
    product: Product = strawberry.field(description="商品（现在的信息）。The product as it is now.")
    lot_number: str = strawberry.field(description="批次号。The lot it is drawn from.")
    quantity: int = strawberry.field(description="数量，销售单位。How many sales units.")
    unit_price_fen: Fen = strawberry.field(
        description="下单时的单价，分。The price of one when it was placed, in fen."
    )
    amount_fen: Fen = strawberry.field(description="金额，分。The amount, in fen.")
    accepted_quantity: int = strawberry.field(description="已验收数量。How many were accepted.")
    accepted_fen: Fen = strawberry.field(description="已验收金额，分。What was accepted, in fen.")
    returned_quantity: int = strawberry.field(description="已退货数量。How many were returned.")
    returned_fen: Fen = strawberry.field(description="已退货金额，分。What was returned, in fen.")
    benefits: list[VillageShare] = strawberry.field(
        description="各村受益，相加为已验收减已退货。What villages gain of it, to the fen.",
        metadata={"at_most": 5},
    )


@strawberry.type(description="订单历史的一步。A step in the history of an order.")
class OrderEvent:
    """A step."""

    occurred_at: dt.datetime = strawberry.field(description="时间。When.")
    move: OrderMove = strawberry.field(description="做了什么。What was done.")
    state: OrderState = strawberry.field(description="此后的状态。The state after it.")
    amount_fen: Fen = strawberry.field(description="涉及金额，分。The amount it was about, in fen.")
    note: str = strawberry.field(description="备注、原因或流水号。A note, reason or reference.")
    actor: Person = strawberry.field(description="操作人。Who did it.")


@strawberry.type(description="订单：一个单位向一家供应商。An order of a unit with a supplier.")
class Order(Node):
    """An order."""

    number: str = strawberry.field(description="订单号。Its number, for people.")
    state: OrderState = strawberry.field(description="货物状态。Where its goods are.")
    payment_state: PaymentState = strawberry.field(description="付款状态。How much is paid.")
    total_fen: Fen = strawberry.field(description="总金额，分。Its total, in fen.")
    held_fen: Fen = strawberry.field(
        description="仍占用的指标，分。What it still holds of the appropriation, in fen."
    )
    accepted_fen: Fen = strawberry.field(description="已验收，分。What was accepted, in fen.")
    returned_fen: Fen = strawberry.field(description="已退货，分。What was returned, in fen.")
    payable_fen: Fen = strawberry.field(description="应付，分。What is owed, in fen.")
    paid_fen: Fen = strawberry.field(
        description="已付，分，扣除付款后退货。What was paid and not returned since, in fen."
    )
    transfer_code: str = strawberry.field(
        description="转账附言码。The code for the memo of the bank transfer."
    )
    note: str = strawberry.field(description="备注。The unit's note.")
    placed_at: dt.datetime = strawberry.field(description="下单时间。When it was placed.")
    due_on: dt.date | None = strawberry.field(
        description="付款期限；未验收或当时无规定为 null。The last day to pay, by the rule then."
    )
    unit: Organisation = strawberry.field(description="采购单位。The unit that buys.")
    supplier: Organisation = strawberry.field(description="供应商。Who sells.")
    placed_by: Person = strawberry.field(description="下单人。Who placed it.")
    lines: list[OrderLine] = strawberry.field(
        description="订单行。Its lines.", metadata={"at_most": 10}
    )
    benefits: list[VillageShare] = strawberry.field(
        description="各村受益。What villages gain of it.", metadata={"at_most": 10}
    )
    history: list[OrderEvent] = strawberry.field(
        description="历史，先后有序。Its history, in order.", metadata={"at_most": 20}
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What was read of some orders beside their own rows."""

    lines: Mapping[UUID, Sequence[Any]]
    benefits: Mapping[UUID, Sequence[Any]]
    history: Mapping[UUID, Sequence[Any]]
    products: Mapping[UUID, Product]
    divisions: Mapping[str, Division]

    def order_lines(self, order_id: UUID) -> list[OrderLine]:
        gained: defaultdict[UUID, list[VillageShare]] = defaultdict(list)
        for part in self.benefits.get(order_id, ()):
            gained[part.line_id].append(
                VillageShare(village=self.divisions[part.village_code], amount_fen=part.amount_fen)
            )
        return [
            OrderLine(
                id=global_id("OrderLine", line.id),
                product=self.products[line.product_id],
                lot_number=line.lot_number,
                quantity=line.quantity,
                unit_price_fen=line.unit_price_fen,
                amount_fen=line.amount_fen,
                accepted_quantity=line.accepted_quantity,
                accepted_fen=Fen(line.accepted_quantity * line.unit_price_fen),
                returned_quantity=line.returned_quantity,
                returned_fen=Fen(line.returned_quantity * line.unit_price_fen),
                benefits=gained[line.id],
            )
            for line in self.lines.get(order_id, ())
        ]

    def order_benefits(self, order_id: UUID) -> list[VillageShare]:
        totals: defaultdict[str, int] = defaultdict(int)
        for part in self.benefits.get(order_id, ()):
            totals[part.village_code] += part.amount_fen
        return shares_of(totals, self.divisions)

    def order_history(self, order_id: UUID) -> list[OrderEvent]:
        return [
            OrderEvent(
                occurred_at=event.at,
                move=event.move,
                state=event.state,
                amount_fen=event.amount_fen,
                note=event.note,
                actor=Person(uuid=event.actor_id, name=event.actor_name),
            )
            for event in self.history.get(order_id, ())
        ]


def shares_of(amounts: Mapping[str, int], divisions: Mapping[str, Division]) -> list[VillageShare]:
    """What villages gain, by code."""
    return [
        VillageShare(village=divisions[code], amount_fen=Fen(amounts[code]))
        for code in sorted(amounts)
    ]


async def orders_of(
    context: Context, connection: Reader, rows: Sequence[Any], wants: AbstractSet[str]
) -> dict[UUID, Order]:
    """Rows of orders with all that is wanted of them, in as many statements as for one."""
    parts = await _parts(context, connection, [row.id for row in rows], wants)
    return {row.id: _order(row, parts) for row in rows}


async def _parts(
    context: Context, connection: Reader, ids: Sequence[UUID], wants: AbstractSet[str]
) -> _Parts:
    lines: Mapping[UUID, Sequence[Any]] = {}
    benefits: Mapping[UUID, Sequence[Any]] = {}
    history: Mapping[UUID, Sequence[Any]] = {}
    products: Mapping[UUID, Product] = {}
    if ids and "lines" in wants:
        lines = await order_book.lines_of(connection, ids)
        product_ids = {line.product_id for found in lines.values() for line in found}
        products = await products_by_id(
            context, connection, product_ids, below(wants, "lines.product")
        )
    if ids and ("benefits" in wants or "lines.benefits" in wants):
        benefits = await order_book.benefits_of(connection, ids)
    if ids and "history" in wants:
        history = await order_book.history_of(connection, ids)
    names = {part.village_code: part.village_name for found in benefits.values() for part in found}
    wanted = {
        field
        for start in ("benefits.village", "lines.benefits.village")
        for field in ("path", "designated")
        if f"{start}.{field}" in wants
    }
    divisions = await known_divisions(context, connection, names, wanted)
    return _Parts(lines, benefits, history, products, divisions)


def _order(row: Any, parts: _Parts) -> Order:
    return Order(
        uuid=row.id,
        number=row.number,
        state=row.state,
        payment_state=payment_state(
            held_fen=row.held_fen, payable_fen=row.payable_fen, paid_fen=row.paid_fen
        ),
        total_fen=row.total_fen,
        held_fen=row.held_fen,
        accepted_fen=row.accepted_fen,
        returned_fen=row.returned_fen,
        payable_fen=row.payable_fen,
        paid_fen=row.paid_fen,
        transfer_code=row.transfer_code,
        note=row.note,
        placed_at=row.placed_at,
        due_on=row.due_on,
        unit=party(row, "unit"),
        supplier=party(row, "supplier"),
        placed_by=Person(uuid=row.placed_by, name=row.placed_by_name),
        lines=parts.order_lines(row.id),
        benefits=parts.order_benefits(row.id),
        history=parts.order_history(row.id),
    )


async def orders_by_id(
    context: Context, ids: Iterable[UUID], wants: AbstractSet[str]
) -> dict[UUID, Order]:
    """The orders with these ids that the asker may read."""
    async with context.read() as connection:
        rows = await order_book.orders_by_id(connection, context.actor, set(ids))
        return await orders_of(context, connection, list(rows.values()), wants)


@NODES.finder(Order)
async def find_orders(context: Context, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
    """Orders that the asker may read."""
    return await orders_by_id(context, ids, EVERYTHING)


@strawberry.type(description="订单。Orders.")
class OrderQuery:
    """The part of Query about orders; Query derives from it."""

    @strawberry.field(description="可见的订单，新的在前。The orders one may read, newest first.")
    async def orders(
        self,
        info: Info,
        *,
        state: Annotated[
            OrderState | None, strawberry.argument(description="只看这个状态。Only in this state.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Order]:
        context = info.context
        keyset = ORDERS.keyset(first=first, after=after, last=last, before=before)
        wants = selected(info, "nodes", "edges.node")
        async with context.read() as connection:
            page = await order_book.orders(connection, context.actor, keyset, state=state)
            found = await orders_of(context, connection, page.rows, wants)

        async def count() -> int:
            async with context.read() as connection:
                return await order_book.count_orders(connection, context.actor, state=state)

        return ORDERS.connection(
            page, keyset, node=lambda row: found[row.id], key=lambda row: (row.id,), count=count
        )

    @strawberry.field(description="一个订单。The order with this id, if one may read it.")
    async def order(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 - Relay's name
            strawberry.ID, strawberry.argument(description="订单编号。Its global id.")
        ],
    ) -> Order | None:
        uuid = uuid_of(id, "Order")
        return (await orders_by_id(info.context, [uuid], selected(info))).get(uuid)
