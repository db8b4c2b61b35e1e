"""What the parties of an order do to it, from placing to the payment."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import strawberry

from models.kernel.database import Transaction
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.procurement import acceptance, fulfilment, payments, placing
from models.procurement.acceptance import LineQuantity
from resolvers.context import REQUEST_ID, Asked, Info
from resolvers.identities import uuid_of
from resolvers.orders import Order, orders_by_id
from resolvers.quotes import OrderLineInput, unit_uuid, wanted_lines
from resolvers.refusals import Refused
from resolvers.selections import selected

ORDER_ID = "哪个订单。The order."


@strawberry.input(description="下单。Placing an order.")
class PlaceOrderInput:
    """What placing takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    unit_id: strawberry.ID = strawberry.field(description="采购单位。The unit that buys.")
    lines: list[OrderLineInput] = strawberry.field(
        description="1 至 100 行，同一供应商。From 1 to 100 lines of one supplier."
    )
    note: str | None = strawberry.field(default=None, description="备注，最多 400 字。A note.")


@strawberry.input(description="确认订单。Taking an order on.")
class ConfirmOrderInput:
    """What confirming takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    order_id: strawberry.ID = strawberry.field(description=ORDER_ID)


@strawberry.input(description="发货。Shipping an order.")
class ShipOrderInput(ConfirmOrderInput):
    """What shipping takes."""

    note: str | None = strawberry.field(
        default=None, description="承运人和运单号。The carrier and its number."
    )


@strawberry.input(description="拒单或拒收。Declining an order, or refusing its delivery.")
class RejectOrderInput(ConfirmOrderInput):
    """What rejecting takes."""

    reason: str = strawberry.field(description="原因，最多 400 字。The reason.")


@strawberry.input(description="取消订单或其剩余部分。Cancelling an order, or the rest of it.")
class CancelOrderInput(ConfirmOrderInput):
    """What cancelling takes."""

    reason: str = strawberry.field(description="原因，最多 400 字。The reason.")


@strawberry.input(description="订单行的数量。Some sales units of a line.")
class LineQuantityInput:
    """A quantity of a line."""

    line_id: strawberry.ID = strawberry.field(description="订单行。The line.")
    quantity: int = strawberry.field(description="数量，销售单位。How many sales units.")


@strawberry.input(description="验收。What is accepted.")
class AcceptOrderInput(ConfirmOrderInput):
    """What accepting takes."""

    lines: list[LineQuantityInput] | None = strawberry.field(
        default=None, description="各行数量；不填为剩余全部。How much of each; all if not given."
    )
    note: str | None = strawberry.field(default=None, description="备注。A note.")


@strawberry.input(description="退货。What is returned.")
class ReturnGoodsInput(ConfirmOrderInput):
    """What returning takes."""

    lines: list[LineQuantityInput] | None = strawberry.field(
        default=None, description="各行数量；不填为已验收全部。How much of each; all if not given."
    )
    reason: str | None = strawberry.field(default=None, description="原因。The reason.")


@strawberry.input(description="登记付款。Recording a payment.")
class RecordOrderPaymentInput:
    """What recording a payment takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    order_id: strawberry.ID = strawberry.field(description=ORDER_ID)
    amount_fen: Fen = strawberry.field(description="金额，分，不超过应付。At most what is owed.")
    bank_reference: str = strawberry.field(
        description="银行流水号，每单位只登记一次。The bank's reference, once for a unit."
    )
    paid_on: dt.date = strawberry.field(description="付款日。The day it was paid.")


@strawberry.type(description="订单及其现状。The order as it stands now.")
class OrderPayload:
    """The order after a command."""

    order: Order = strawberry.field(description="订单。The order.")


OrderResult = Annotated[
    OrderPayload | Refused,
    strawberry.union("OrderResult", description="对订单操作的结果。Done, or refused."),
]
Command = Callable[[Transaction, UUID], Awaitable[None]]


def _quantities(lines: list[LineQuantityInput] | None) -> list[LineQuantity] | None:
    if lines is None:
        return None
    return [
        LineQuantity(uuid_of(line.line_id, "OrderLine", path="lineId"), line.quantity)
        for line in lines
    ]


async def _done(
    info: Info, asked: Asked, command: Command, *, order_id: UUID | None = None
) -> OrderPayload:
    answer = await info.context.write(info.field_name, asked, command, answer_id=order_id)
    found = await orders_by_id(info.context, [answer], selected(info, "order"))
    return OrderPayload(order=found[answer])


@strawberry.type(description="订单操作。What is done to orders.")
class OrderDeskMutation:
    """The part of Mutation that concerns orders; Mutation derives from it."""

    @strawberry.mutation(description="下单，占用指标（经办人）。Place an order.")
    async def place_order(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            PlaceOrderInput, strawberry.argument(description="订什么。What is ordered.")
        ],
    ) -> OrderResult:
        unit_id, wanted, actor = (
            unit_uuid(input.unit_id),
            wanted_lines(input.lines),
            info.context.actor,
        )
        return await _done(
            info,
            input,
            lambda transaction, order_id: placing.place(
                transaction,
                actor,
                order_id=order_id,
                unit_id=unit_id,
                wanted=wanted,
                note=input.note or "",
            ),
        )

    @strawberry.mutation(description="确认订单（供应商）。Take an order on.")
    async def confirm_order(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            ConfirmOrderInput, strawberry.argument(description="确认什么。What is confirmed.")
        ],
    ) -> OrderResult:
        actor, order_id = info.context.actor, uuid_of(input.order_id, "Order", path="orderId")
        return await _done(
            info,
            input,
            lambda transaction, _: fulfilment.confirm(transaction, actor, order_id=order_id),
            order_id=order_id,
        )

    @strawberry.mutation(description="发货（供应商）。Send the goods.")
    async def ship_order(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            ShipOrderInput, strawberry.argument(description="发什么。What is sent.")
        ],
    ) -> OrderResult:
        actor, order_id = info.context.actor, uuid_of(input.order_id, "Order", path="orderId")
        return await _done(
            info,
            input,
            lambda transaction, _: fulfilment.ship(
                transaction, actor, order_id=order_id, note=input.note or ""
            ),
            order_id=order_id,
        )

    @strawberry.mutation(
        description="发货前拒单（供应商）或拒收（经办人）。Decline, or refuse delivery."
    )
    async def reject_order(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            RejectOrderInput, strawberry.argument(description="拒绝什么。What is rejected.")
        ],
    ) -> OrderResult:
        actor, order_id = info.context.actor, uuid_of(input.order_id, "Order", path="orderId")
        return await _done(
            info,
            input,
            lambda transaction, _: fulfilment.reject(
                transaction, actor, order_id=order_id, reason=input.reason
            ),
            order_id=order_id,
        )

    @strawberry.mutation(
        description="取消订单，或放弃未验收的部分（经办人）。Cancel an order, or the rest of it."
    )
    async def cancel_order(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            CancelOrderInput, strawberry.argument(description="取消什么。What is cancelled.")
        ],
    ) -> OrderResult:
        actor, order_id = info.context.actor, uuid_of(input.order_id, "Order", path="orderId")
        return await _done(
            info,
            input,
            lambda transaction, _: fulfilment.cancel(
                transaction, actor, order_id=order_id, reason=input.reason
            ),
            order_id=order_id,
        )

    @strawberry.mutation(description="验收，全部或部分（经办人）。Accept goods, whole or in part.")
    async def accept_order(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            AcceptOrderInput, strawberry.argument(description="验收什么。What is accepted.")
        ],
    ) -> OrderResult:
        actor, order_id = info.context.actor, uuid_of(input.order_id, "Order", path="orderId")
        quantities = _quantities(input.lines)
        return await _done(
            info,
            input,
            lambda transaction, _: acceptance.accept(
                transaction,
                actor,
                order_id=order_id,
                quantities=quantities,
                note=input.note or "",
            ),
            order_id=order_id,
        )

    @strawberry.mutation(description="退货，全部或部分（经办人）。Return goods, whole or in part.")
    async def return_goods(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            ReturnGoodsInput, strawberry.argument(description="退什么。What is returned.")
        ],
    ) -> OrderResult:
        actor, order_id = info.context.actor, uuid_of(input.order_id, "Order", path="orderId")
        quantities = _quantities(input.lines)
        return await _done(
            info,
            input,
            lambda transaction, _: acceptance.return_goods(
                transaction,
                actor,
                order_id=order_id,
                quantities=quantities,
                reason=input.reason or "",
            ),
            order_id=order_id,
        )

    @strawberry.mutation(description="登记付款（经办人）。Record a payment by bank transfer.")
    async def record_order_payment(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            RecordOrderPaymentInput, strawberry.argument(description="付了什么。What was paid.")
        ],
    ) -> OrderResult:
        actor, order_id = info.context.actor, uuid_of(input.order_id, "Order", path="orderId")
        return await _done(
            info,
            input,
            lambda transaction, _: payments.record(
                transaction,
                actor,
                payment_id=new_id(),
                order_id=order_id,
                amount_fen=input.amount_fen,
                bank_reference=input.bank_reference,
                paid_on=input.paid_on,
            ),
            order_id=order_id,
        )
