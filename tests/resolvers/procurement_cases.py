"""The mutations of procurement, ready to be tried."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.money import BasisPoints, Fen
from models.parties import Actor, OrganisationKind, Role
from models.procurement import (
    acceptance,
    budgets,
    fulfilment,
    lots,
    order_book,
    placing,
    products,
    suppliers,
)
from models.procurement.baskets import Wanted
from resolvers.identities import global_id
from tests.clients import STRANGERS, Case, Clients, Ready
from tests.parties import TONGCHUAN, make_division, make_holder, make_organisation

VILLAGES = ("511702100201", "511702100202")
DAY = "2017-10-16"
OUTSIDE = {**STRANGERS, "other_officer": "NOT_FOUND"}


@dataclass
class Shop:
    """A supplier with one product, and an order of it by the clients' unit."""

    supplier_id: UUID
    seller: Actor
    product_id: UUID
    order_id: UUID

    @property
    def order(self) -> dict[str, object]:
        return {"orderId": global_id("Order", self.order_id)}

    @property
    def product(self) -> dict[str, object]:
        return {"productId": global_id("Product", self.product_id)}


async def make_supplier(database: Database, clients: Clients) -> UUID:
    return await make_organisation(database, clients.administrator, OrganisationKind.SUPPLIER)


async def make_shop(database: Database, clients: Clients, *steps: str) -> Shop:
    """A shop with an order that went as far as the last of `steps`."""
    for code in VILLAGES:
        await make_division(database, code)
    supplier_id = await make_supplier(database, clients)
    seller = await make_holder(database, clients.administrator, Role.SUPPLIER, supplier_id)
    shop = Shop(supplier_id, seller, new_id(), new_id())

    async def set_up(transaction: Transaction) -> None:
        await suppliers.admit(
            transaction,
            clients.administrator,
            organisation_id=supplier_id,
            document_number="1",
            admitted_on=dt.date(2017, 1, 1),
        )
        await products.offer(
            transaction,
            seller,
            product_id=shop.product_id,
            supplier_id=supplier_id,
            terms=products.Terms("脐橙", "水果", "箱", Fen(1_001), 100, TONGCHUAN),
        )
        await lots.add(
            transaction,
            seller,
            lot_id=new_id(),
            product_id=shop.product_id,
            number="1",
            valid_from=dt.date(2017, 1, 1),
            villages={VILLAGES[0]: BasisPoints(6_000), VILLAGES[1]: BasisPoints(4_000)},
        )
        await budgets.grant(
            transaction,
            clients.administrator,
            change_id=new_id(),
            unit_id=clients.unit_id,
            year=2017,
            amount_fen=Fen(100_000),
            document_number="1",
            decided_on=dt.date(2017, 1, 1),
        )
        await placing.place(
            transaction,
            clients.officer,
            order_id=shop.order_id,
            unit_id=clients.unit_id,
            wanted=[Wanted(shop.product_id, 3)],
        )

    await database.transact(set_up)
    commands = {
        "confirm": lambda t: fulfilment.confirm(t, seller, order_id=shop.order_id),
        "ship": lambda t: fulfilment.ship(t, seller, order_id=shop.order_id),
        "accept": lambda t: acceptance.accept(t, clients.officer, order_id=shop.order_id),
    }
    for step in steps:
        await database.transact(commands[step])
    return shop


async def line_of(database: Database, shop: Shop) -> str:
    async with database.read() as connection:
        lines = await order_book.lines_of(connection, [shop.order_id])
    return global_id("OrderLine", lines[shop.order_id][0].id)


async def admit_supplier(database: Database, clients: Clients) -> Ready:
    supplier_id = await make_supplier(database, clients)
    return Ready(
        clients.administrator,
        {
            "organisationId": global_id("Organisation", supplier_id),
            "documentNumber": "川农推〔2017〕1号",
            "admittedOn": DAY,
        },
    )


async def suspend_supplier(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients)
    given = {"organisationId": global_id("Organisation", shop.supplier_id), "reason": "整改"}
    return Ready(clients.administrator, given)


async def offer_product(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients)
    return Ready(
        shop.seller,
        {
            "supplierId": global_id("Organisation", shop.supplier_id),
            "name": "大米",
            "category": "粮油",
            "unitName": "袋",
            "unitPriceFen": "5000",
            "stockQuantity": 10,
            "countyCode": TONGCHUAN,
        },
    )


async def change_price(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients)
    return Ready(shop.seller, {**shop.product, "unitPriceFen": "900"})


async def change_stock(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients)
    return Ready(shop.seller, {**shop.product, "changeQuantity": -5, "reason": "盘点"})


async def add_lot(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients)
    villages = [{"villageCode": VILLAGES[1], "basisPoints": 10_000}]
    given = {**shop.product, "number": "2", "validFrom": DAY, "villages": villages}
    return Ready(shop.seller, given)


async def grant_appropriation(_database: Database, clients: Clients) -> Ready:
    return Ready(
        clients.administrator,
        {
            "unitId": global_id("Organisation", clients.unit_id),
            "year": 2017,
            "amountFen": "500000",
            "documentNumber": "通财预〔2017〕1号",
            "decidedOn": DAY,
        },
    )


async def place_order(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients)
    return Ready(
        clients.officer,
        {
            "unitId": global_id("BudgetUnit", clients.unit_id),
            "lines": [{**shop.product, "quantity": 2}],
        },
    )


async def confirm_order(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients)
    return Ready(shop.seller, shop.order)


async def ship_order(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients, "confirm")
    return Ready(shop.seller, {**shop.order, "note": "顺丰"})


async def reject_order(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients)
    return Ready(shop.seller, {**shop.order, "reason": "缺货"})


async def cancel_order(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients)
    return Ready(clients.officer, {**shop.order, "reason": "停课"})


async def accept_order(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients, "confirm", "ship")
    lines = [{"lineId": await line_of(database, shop), "quantity": 2}]
    return Ready(clients.officer, {**shop.order, "lines": lines})


async def return_goods(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients, "confirm", "ship", "accept")
    lines = [{"lineId": await line_of(database, shop), "quantity": 1}]
    return Ready(clients.officer, {**shop.order, "lines": lines, "reason": "变质"})


async def record_order_payment(database: Database, clients: Clients) -> Ready:
    shop = await make_shop(database, clients, "confirm", "ship", "accept")
    payment = {"amountFen": "3003", "bankReference": "B1", "paidOn": DAY}
    return Ready(clients.officer, {**shop.order, **payment})


CASES = (
    Case("admitSupplier", admit_supplier),
    Case("suspendSupplier", suspend_supplier),
    Case("offerProduct", offer_product),
    Case("changePrice", change_price),
    Case("changeStock", change_stock),
    Case("addLot", add_lot),
    Case("grantAppropriation", grant_appropriation),
    Case("placeOrder", place_order, {**STRANGERS, "other_officer": "NOT_YOUR_UNIT"}),
    Case("confirmOrder", confirm_order),
    Case("shipOrder", ship_order),
    Case("rejectOrder", reject_order, OUTSIDE),
    Case("cancelOrder", cancel_order, OUTSIDE),
    Case("acceptOrder", accept_order, OUTSIDE),
    Case("returnGoods", return_goods, OUTSIDE),
    Case("recordOrderPayment", record_order_payment, OUTSIDE),
)
