"""What an order would come to, before it is placed."""

from typing import Annotated
from uuid import UUID

import strawberry

from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue
from models.procurement import quotes
from models.procurement.baskets import Wanted
from resolvers.context import Info
from resolvers.identities import opened, uuid_of
from resolvers.orders import VillageShare, shares_of
from resolvers.places import divisions_by_code
from resolvers.products import Product, products_by_id
from resolvers.refusals import Refused
from resolvers.selections import below, selected


@strawberry.input(description="要买的商品和数量。A product and how much of it.")
class OrderLineInput:
    """A wanted line."""

    product_id: strawberry.ID = strawberry.field(description="商品。The product.")
    quantity: int = strawberry.field(description="数量，销售单位。How many sales units.")


@strawberry.input(description="询价。What is quoted.")
class OrderQuoteInput:
    """What a quote takes."""

    unit_id: strawberry.ID = strawberry.field(description="采购单位。The unit that buys.")
    lines: list[OrderLineInput] = strawberry.field(
        description="1 至 100 行，同一供应商。From 1 to 100 lines of one supplier."
    )


@strawberry.type(description="询价的一行。A line of a quote.")
class QuoteLine:
    """A priced line."""

    product: Product = strawberry.field(description="商品。The product.")
    quantity: int = strawberry.field(description="数量，销售单位。How many sales units.")
    amount_fen: Fen = strawberry.field(description="金额，分。The amount, in fen.")


@strawberry.type(description="询价结果，不占用指标。What an order would come to; it holds nothing.")
class OrderQuote:
    """A quote."""

    total_fen: Fen = strawberry.field(description="总金额，分。The total, in fen.")
    available_fen: Fen = strawberry.field(
        description="下单前可用指标，分。What the appropriation has left before it, in fen."
    )
    lines: list[QuoteLine] = strawberry.field(
        description="各行。Its lines.", metadata={"at_most": 10}
    )
    benefits: list[VillageShare] = strawberry.field(
        description="各村将受益的金额。What villages would gain.", metadata={"at_most": 10}
    )


OrderQuoteResult = Annotated[
    OrderQuote | Refused,
    strawberry.union("OrderQuoteResult", description="询价的结果。Quoted, or refused."),
]


def unit_uuid(text: str) -> UUID:
    """The budget unit that a client means, by its id as a unit or as an organisation."""
    found = opened(text)
    if found is None or found[0] not in {"BudgetUnit", "Organisation"}:
        raise InvalidValue(path="unitId", reason="not_an_id")
    return found[1]


def wanted_lines(lines: list[OrderLineInput]) -> list[Wanted]:
    return [
        Wanted(uuid_of(line.product_id, "Product", path="productId"), line.quantity)
        for line in lines
    ]


@strawberry.type(description="询价。Quotes.")
class OrderQuoteQuery:
    """The part of Query about quotes; Query derives from it."""

    @strawberry.field(description="下单前询价（经办人）。What an order would come to.")
    async def order_quote(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            OrderQuoteInput, strawberry.argument(description="询什么。What is quoted.")
        ],
    ) -> OrderQuoteResult:
        context, wants = info.context, selected(info)
        async with context.read() as connection:
            quote = await quotes.quote(
                connection,
                context.actor,
                unit_id=unit_uuid(input.unit_id),
                wanted=wanted_lines(input.lines),
                day=context.today,
            )
            lines = quote.basket.lines
            products = await products_by_id(
                context,
                connection,
                {line.product_id for line in lines},
                below(wants, "lines.product"),
            )
            shares = quote.village_shares
            divisions = await divisions_by_code(connection, shares, day=context.today)
        return OrderQuote(
            total_fen=quote.total_fen,
            available_fen=quote.available_fen,
            lines=[
                QuoteLine(
                    product=products[line.product_id],
                    quantity=line.quantity,
                    amount_fen=line.amount_fen,
                )
                for line in lines
            ],
            benefits=shares_of(shares, divisions),
        )
