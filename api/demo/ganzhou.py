"""赣州市, spring of 2020: budget units buy from the eleven designated counties of the city.

Source: 赣州市财政局《强保障,严监管,赣州财政积极助力高质量打赢脱贫攻坚战》 (2020):
鼓励和引导预算单位在同等条件下优先采购贫困地区农副产品.
"""

import datetime as dt
from collections import defaultdict
from typing import Any

from api.demo import market, parties
from api.demo.market import Fate, Order, Product
from api.demo.parties import ADMINISTRATOR, CITY_AUDITOR, CITY_FINANCE, Office
from api.demo.stage import Stage
from models.kernel.money import Fen, yuan
from models.parties import OrganisationKind, Role


class Desk:
    """The open orders of the replay, with what the platform said of them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.products: dict[str, Product] = {product.key: product for product in market.products()}
        self.officers = {unit.key: market.OFFICERS[unit.superior][0] for unit in market.UNITS}
        self.agents = {supplier.key: supplier.agent for supplier in market.SUPPLIERS}
        self.placed: dict[str, dict[str, Any]] = {}

    def agent_of(self, order: Order) -> str:
        """Who delivers an order: all its products are of one supplier."""
        return self.agents[self.products[next(iter(order.quantities))].supplier]

    def lines(self, order: Order, quantities: dict[str, int]) -> list[dict[str, object]]:
        """Quantities by product as quantities by line."""
        line_ids = {line["product"]["id"]: line["id"] for line in self.placed[order.key]["lines"]}
        return [
            {"lineId": line_ids[self.stage.ids[key]], "quantity": quantity}
            for key, quantity in quantities.items()
        ]

    def order_id(self, order: Order) -> str:
        """The order on the platform."""
        found: str = self.placed[order.key]["id"]
        return found


async def open_market(stage: Stage) -> None:
    """January and February: accounts, appropriations, suppliers, products and their villages."""
    stage.move("2020-01-06 09:00")
    await parties.open_offices(stage, parties.CITY_OFFICES)
    await parties.fill_posts(stage, parties.CITY_POSTS)
    for superior in market.SUPERIORS:
        await _open_units(stage, superior)
    stage.move("2020-01-15 10:00")
    await appropriate(stage, dt.date(market.YEAR, 1, 15))
    stage.terminal.step(
        "2020-01-15",
        f"{len(market.UNITS)} 个预算单位，指标 {yuan(market.totals().granted_fen)} 元",
        "budget units with their appropriations",
    )
    stage.move("2020-02-20 09:00")
    await _admit_suppliers(stage)
    await _offer_products(stage)


async def appropriate(stage: Stage, day: dt.date) -> None:
    """Finance grants to each unit what it may spend in the year of that day, if it has not yet."""
    for number, unit in enumerate(market.UNITS, start=1):
        answer = await stage.ask("UnitYear", CITY_AUDITOR, id=stage.ids[unit.key], year=day.year)
        if int(answer["budgetUnit"]["year"]["totalFen"]):
            continue
        await stage.do(
            "GrantAppropriation",
            CITY_FINANCE,
            unitId=stage.ids[unit.key],
            year=day.year,
            amountFen=unit.granted_fen,
            documentNumber=f"赣市财预〔{day.year}〕{number}号",
            decidedOn=day.isoformat(),
        )


async def _open_units(stage: Stage, superior: market.Superior) -> None:
    office = Office(superior.key, OrganisationKind.BUDGET_UNIT, superior.name, market.CITY)
    await parties.open_organisation(stage, ADMINISTRATOR, office)
    await parties.enrol(stage, ADMINISTRATOR, superior.sign_in_name, superior.person)
    await parties.give_role(
        stage, ADMINISTRATOR, superior.sign_in_name, superior.key, Role.SUPERIOR
    )
    officer, person = market.OFFICERS[superior.key]
    await parties.enrol(stage, superior.sign_in_name, officer, person)
    for unit in market.UNITS:
        if unit.superior == superior.key:
            below = Office(unit.key, OrganisationKind.BUDGET_UNIT, unit.name, unit.division_code)
            await parties.open_organisation(
                stage, superior.sign_in_name, below, parent=superior.key
            )
            await parties.give_role(stage, superior.sign_in_name, officer, unit.key, Role.OFFICER)


async def _admit_suppliers(stage: Stage) -> None:
    for agent, person in market.AGENTS.items():
        await parties.enrol(stage, ADMINISTRATOR, agent, person)
    for number, supplier in enumerate(market.SUPPLIERS, start=1):
        county = f"{supplier.key}000000"
        office = Office(supplier.key, OrganisationKind.SUPPLIER, supplier.name, county)
        await parties.open_organisation(stage, ADMINISTRATOR, office)
        await parties.give_role(stage, ADMINISTRATOR, supplier.agent, supplier.key, Role.SUPPLIER)
        await stage.do(
            "AdmitSupplier",
            ADMINISTRATOR,
            organisationId=stage.ids[supplier.key],
            documentNumber=f"赣消扶荐〔2020〕{number}号",
            admittedOn="2020-02-20",
        )


async def _offer_products(stage: Stage) -> None:
    agents = {supplier.key: supplier.agent for supplier in market.SUPPLIERS}
    offered = market.products()
    for number, product in enumerate(offered, start=1):
        agent = agents[product.supplier]
        payload = await stage.do(
            "OfferProduct",
            agent,
            supplierId=stage.ids[product.supplier],
            name=product.name,
            category=product.category,
            unitName=product.unit_name,
            unitPriceFen=product.unit_price_fen,
            stockQuantity=product.stock_quantity,
            countyCode=f"{product.supplier}000000",
        )
        stage.ids[product.key] = payload["product"]["id"]
        await stage.do(
            "AddLot",
            agent,
            productId=stage.ids[product.key],
            number="2020-1",
            validFrom="2020-02-20",
            villages=[
                {"villageCode": share.village_code, "basisPoints": share.basis_points}
                for share in product.villages
            ],
        )
        stage.terminal.progress("商品 products", number, len(offered))
    villages = {share.village_code for product in offered for share in product.villages}
    stage.terminal.step(
        "2020-02-20",
        f"{len(market.SUPPLIERS)} 家供应商，{len(offered)} 种商品，产自 {len(villages)} 个村",
        "suppliers, products and their villages",
    )


async def trade(stage: Stage) -> None:
    """March to June: every month what came is accepted and paid, and more is ordered."""
    desk = Desk(stage)
    by_day: defaultdict[str, list[Order]] = defaultdict(list)
    for order in market.orders():
        by_day[order.placed_on].append(order)
    on_the_way: list[Order] = []
    for day in [*by_day, market.LAST_DAY]:
        await _receive(desk, day, on_the_way)
        delivered = sum(order.is_delivered for order in on_the_way)
        on_the_way = by_day.get(day, [])
        await _buy(desk, day, on_the_way)
        stage.terminal.step(
            day,
            f"验收 {delivered} 笔，新下单 {len(on_the_way)} 笔",
            "what came is accepted and paid, more is ordered",
        )


async def _buy(desk: Desk, day: str, orders: list[Order]) -> None:
    stage = desk.stage
    stage.move(f"{day} 10:30")
    for order in orders:
        payload = await stage.do(
            "PlaceOrder",
            desk.officers[order.unit],
            unitId=stage.ids[order.unit],
            lines=[
                {"productId": stage.ids[key], "quantity": quantity}
                for key, quantity in order.quantities.items()
            ],
        )
        desk.placed[order.key] = payload["order"]
        stage.ids[f"order {order.key}"] = payload["order"]["id"]
    stage.move(f"{day} 14:00")
    for order in orders:
        await _deliver(desk, order)


async def _deliver(desk: Desk, order: Order) -> None:
    stage, order_id, agent = desk.stage, desk.order_id(order), desk.agent_of(order)
    match order.fate:
        case Fate.PLACED:
            pass
        case Fate.CANCELLED:
            officer = desk.officers[order.unit]
            await stage.do("CancelOrder", officer, orderId=order_id, reason="食堂停业，改期采购")
        case Fate.REJECTED:
            await stage.do("RejectOrder", agent, orderId=order_id, reason="暂时无法发货")
        case _:
            await stage.do("ConfirmOrder", agent, orderId=order_id)
            await stage.do("ShipOrder", agent, orderId=order_id)


async def _receive(desk: Desk, day: str, orders: list[Order]) -> None:
    stage = desk.stage
    stage.move(f"{day} 09:00")
    for order in orders:
        if not order.is_delivered:
            continue
        officer, order_id = desk.officers[order.unit], desk.order_id(order)
        payload = await stage.do(
            "AcceptOrder", officer, orderId=order_id, lines=desk.lines(order, order.accepted())
        )
        if order.returned():
            await stage.do(
                "ReturnGoods",
                officer,
                orderId=order_id,
                lines=desk.lines(order, order.returned()),
                reason="运输途中破损",
            )
        amount = market.payment_fen(order, Fen(int(payload["order"]["payableFen"])))
        if amount:
            await stage.do(
                "RecordOrderPayment",
                officer,
                orderId=order_id,
                amountFen=amount,
                bankReference=f"GZ{day.replace('-', '')}{order.key}",
                paidOn=day,
            )
