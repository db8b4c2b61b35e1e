"""What is set up before anything can be ordered: suppliers, products, prices, stock and lots."""

import datetime as dt
from collections import Counter
from typing import Annotated
from uuid import UUID

import strawberry

from models.kernel.ids import new_id
from models.kernel.money import BasisPoints, Fen
from models.kernel.refusals import InvalidValue
from models.procurement import lots, products, suppliers
from resolvers.context import REQUEST_ID, Asked, Info
from resolvers.identities import uuid_of
from resolvers.order_desk import Command
from resolvers.parties import Organisation, organisation_of
from resolvers.products import Product, products_by_id
from resolvers.refusals import Refused
from resolvers.selections import selected

PRODUCT_ID = "哪个商品。The product."


@strawberry.input(description="准入供应商。Admitting a supplier.")
class AdmitSupplierInput:
    """What admitting takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    organisation_id: strawberry.ID = strawberry.field(description="供应商。The supplier.")
    document_number: str = strawberry.field(description="推荐文号。The recommending document.")
    admitted_on: dt.date = strawberry.field(description="准入日期。The day of admission.")


@strawberry.input(description="停用供应商。Suspending a supplier.")
class SuspendSupplierInput:
    """What suspending takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    organisation_id: strawberry.ID = strawberry.field(description="供应商。The supplier.")
    reason: str = strawberry.field(description="原因。The reason.")


@strawberry.input(description="上架商品。Offering a product.")
class OfferProductInput:
    """What offering takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    supplier_id: strawberry.ID = strawberry.field(description="供应商。The supplier.")
    name: str = strawberry.field(description="名称，最多 120 字。Its name.")
    category: str = strawberry.field(description="类别，最多 60 字。Its category.")
    unit_name: str = strawberry.field(description="销售单位，最多 20 字。The sales unit.")
    unit_price_fen: Fen = strawberry.field(
        description="每销售单位的价格，分。The price of a sales unit, in fen."
    )
    stock_quantity: int = strawberry.field(description="库存。How many are in stock.")
    county_code: str = strawberry.field(description="产地县代码。The county, by its code.")


@strawberry.input(description="改价。Changing a price.")
class ChangePriceInput:
    """What changing a price takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    product_id: strawberry.ID = strawberry.field(description=PRODUCT_ID)
    unit_price_fen: Fen = strawberry.field(
        description="新价格，分，只对此后的订单。The price for orders from now on, in fen."
    )


@strawberry.input(description="调整库存。Changing a stock.")
class ChangeStockInput:
    """What changing a stock takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    product_id: strawberry.ID = strawberry.field(description=PRODUCT_ID)
    change_quantity: int = strawberry.field(
        description="增加的数量，负数为减少。What is added; below zero takes away."
    )
    reason: str = strawberry.field(description="原因。The reason.")


@strawberry.input(description="产地村的份额。The share of an origin village.")
class OriginShareInput:
    """A share."""

    village_code: str = strawberry.field(description="村代码，12 位。The village, by its code.")
    basis_points: BasisPoints = strawberry.field(
        description="份额，万分之一。Its share, in ten-thousandths."
    )


@strawberry.input(description="登记批次。Adding a lot.")
class AddLotInput:
    """What adding a lot takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    product_id: strawberry.ID = strawberry.field(description=PRODUCT_ID)
    number: str = strawberry.field(description="批次号，每商品不重复。Its number, once a product.")
    valid_from: dt.date = strawberry.field(description="从哪天起。The first day it is sold.")
    villages: list[OriginShareInput] = strawberry.field(
        description="产地村，份额相加为 10000。Its villages, whose shares make 10000."
    )


@strawberry.type(description="供应商。The supplier.")
class SupplierPayload:
    """The supplier after a command."""

    supplier: Organisation = strawberry.field(description="供应商。The supplier.")


@strawberry.type(description="商品及其现状。The product as it stands now.")
class ProductPayload:
    """The product after a command."""

    product: Product = strawberry.field(description="商品。The product.")


SupplierResult = Annotated[
    SupplierPayload | Refused,
    strawberry.union("SupplierResult", description="对供应商操作的结果。Done, or refused."),
]
ProductResult = Annotated[
    ProductPayload | Refused,
    strawberry.union("ProductResult", description="对商品操作的结果。Done, or refused."),
]


async def _done(
    info: Info, asked: Asked, command: Command, *, product_id: UUID | None = None
) -> ProductPayload:
    context = info.context
    answer = await context.write(info.field_name, asked, command, answer_id=product_id)
    async with context.read() as connection:
        found = await products_by_id(context, connection, [answer], selected(info, "product"))
    return ProductPayload(product=found[answer])


def _villages(shares: list[OriginShareInput]) -> dict[str, BasisPoints]:
    if any(times > 1 for times in Counter(share.village_code for share in shares).values()):
        raise InvalidValue(path="villages", reason="village_twice")
    return {share.village_code: share.basis_points for share in shares}


@strawberry.type(description="供应商和商品。Suppliers and products.")
class SupplierDeskMutation:
    """The part of Mutation that concerns what is sold; Mutation derives from it."""

    @strawberry.mutation(description="准入供应商（平台管理员）。Admit a supplier.")
    async def admit_supplier(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            AdmitSupplierInput, strawberry.argument(description="准入谁。Who is admitted.")
        ],
    ) -> SupplierResult:
        context = info.context
        supplier_id = uuid_of(input.organisation_id, "Organisation", path="organisationId")
        await context.write(
            info.field_name,
            input,
            lambda transaction, _: suppliers.admit(
                transaction,
                context.actor,
                organisation_id=supplier_id,
                document_number=input.document_number,
                admitted_on=input.admitted_on,
            ),
            answer_id=supplier_id,
        )
        return SupplierPayload(supplier=await organisation_of(info, supplier_id))

    @strawberry.mutation(description="停用供应商（平台管理员）。Suspend a supplier.")
    async def suspend_supplier(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            SuspendSupplierInput, strawberry.argument(description="停用谁。Who is suspended.")
        ],
    ) -> SupplierResult:
        context = info.context
        supplier_id = uuid_of(input.organisation_id, "Organisation", path="organisationId")
        await context.write(
            info.field_name,
            input,
            lambda transaction, _: suppliers.suspend(
                transaction, context.actor, organisation_id=supplier_id, reason=input.reason
            ),
            answer_id=supplier_id,
        )
        return SupplierPayload(supplier=await organisation_of(info, supplier_id))

    @strawberry.mutation(description="上架商品（供应商）。Put a product on offer.")
    async def offer_product(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            OfferProductInput, strawberry.argument(description="卖什么。What is offered.")
        ],
    ) -> ProductResult:
        actor = info.context.actor
        supplier_id = uuid_of(input.supplier_id, "Organisation", path="supplierId")
        terms = products.Terms(
            name=input.name,
            category=input.category,
            unit_name=input.unit_name,
            unit_price_fen=input.unit_price_fen,
            stock_quantity=input.stock_quantity,
            county_code=input.county_code,
        )
        return await _done(
            info,
            input,
            lambda transaction, product_id: products.offer(
                transaction, actor, product_id=product_id, supplier_id=supplier_id, terms=terms
            ),
        )

    @strawberry.mutation(description="改价（供应商）。Change a price.")
    async def change_price(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            ChangePriceInput, strawberry.argument(description="改成多少。What it becomes.")
        ],
    ) -> ProductResult:
        actor, product_id = (
            info.context.actor,
            uuid_of(input.product_id, "Product", path="productId"),
        )
        return await _done(
            info,
            input,
            lambda transaction, _: products.change_price(
                transaction, actor, product_id=product_id, unit_price_fen=input.unit_price_fen
            ),
            product_id=product_id,
        )

    @strawberry.mutation(description="调整库存（供应商）。Change a stock.")
    async def change_stock(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            ChangeStockInput, strawberry.argument(description="增减多少。What is added.")
        ],
    ) -> ProductResult:
        actor, product_id = (
            info.context.actor,
            uuid_of(input.product_id, "Product", path="productId"),
        )
        return await _done(
            info,
            input,
            lambda transaction, _: products.change_stock(
                transaction,
                actor,
                product_id=product_id,
                change_quantity=input.change_quantity,
                reason=input.reason,
            ),
            product_id=product_id,
        )

    @strawberry.mutation(description="登记批次及产地村（供应商）。Add a lot with its villages.")
    async def add_lot(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            AddLotInput, strawberry.argument(description="什么批次。Which lot.")
        ],
    ) -> ProductResult:
        actor, product_id = (
            info.context.actor,
            uuid_of(input.product_id, "Product", path="productId"),
        )
        villages = _villages(input.villages)
        return await _done(
            info,
            input,
            lambda transaction, _: lots.add(
                transaction,
                actor,
                lot_id=new_id(),
                product_id=product_id,
                number=input.number,
                valid_from=input.valid_from,
                villages=villages,
            ),
            product_id=product_id,
        )
