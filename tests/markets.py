"""A small market in 赣州: a unit with its superior and a sister, two suppliers, three products."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from sqlalchemy import insert, select

from models.kernel.clock import MovableClock
from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.money import BasisPoints, Fen
from models.parties import Actor, Grant, Organisation, OrganisationKind, Person, Role
from models.places import DesignatedCounty, Division, level_of, village_kind
from models.procurement import (
    acceptance,
    budgets,
    checks,
    fulfilment,
    lots,
    orders,
    placing,
    products,
    suppliers,
)
from models.procurement.acceptance import LineQuantity
from models.procurement.baskets import Wanted
from models.procurement.budgets import Figures
from tests.databases import PostgresqlServer, SqliteServer

Result = TypeVar("Result")

NINGDU = "360730000000"
ZHANGGONG = "360702000000"
VILLAGES = {"360730100201": "first", "360730100202": "second", "360730100203": "third"}
FIRST, SECOND, THIRD = VILLAGES
ORANGES_FEN = Fen(1_999)
HONEY_FEN = Fen(350)
GRANTED_FEN = Fen(100_000)


@dataclass
class Market:
    """Who is there, what is sold, and shortcuts for what is done again and again."""

    database: Database
    unit_id: UUID = field(default_factory=new_id)
    sister_id: UUID = field(default_factory=new_id)
    superior_id: UUID = field(default_factory=new_id)
    supplier_id: UUID = field(default_factory=new_id)
    rival_id: UUID = field(default_factory=new_id)
    oranges_id: UUID = field(default_factory=new_id)
    honey_id: UUID = field(default_factory=new_id)
    rice_id: UUID = field(default_factory=new_id)
    actors: dict[str, Actor] = field(default_factory=dict)
    shares: Mapping[str, BasisPoints] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Actor:
        return self.actors[name]

    async def do(self, command: Callable[[Transaction], Awaitable[Result]]) -> Result:
        return await self.database.transact(command)

    async def place(
        self, quantity: int = 3, *, product_id: UUID | None = None, by: str = "officer"
    ) -> UUID:
        order_id = new_id()
        wanted = [Wanted(product_id or self.oranges_id, quantity)]
        await self.do(
            lambda transaction: placing.place(
                transaction, self[by], order_id=order_id, unit_id=self.unit_id, wanted=wanted
            )
        )
        return order_id

    async def shipped(self, quantity: int = 3) -> UUID:
        order_id = await self.place(quantity)
        await self.do(lambda t: fulfilment.confirm(t, self["supplier"], order_id=order_id))
        await self.do(lambda t: fulfilment.ship(t, self["supplier"], order_id=order_id))
        return order_id

    async def accept(self, order_id: UUID, *quantities: int) -> None:
        asked = await self.asked(order_id, quantities)
        await self.do(
            lambda transaction: acceptance.accept(
                transaction, self["officer"], order_id=order_id, quantities=asked
            )
        )

    async def give_back(self, order_id: UUID, *quantities: int) -> None:
        asked = await self.asked(order_id, quantities)
        await self.do(
            lambda transaction: acceptance.return_goods(
                transaction,
                self["officer"],
                order_id=order_id,
                quantities=asked,
                reason="spoilt",
            )
        )

    async def asked(self, order_id: UUID, quantities: tuple[int, ...]) -> list[LineQuantity] | None:
        if not quantities:
            return None
        statement = (
            select(orders.OrderLine.id)
            .where(orders.OrderLine.order_id == order_id)
            .order_by(orders.OrderLine.position)
        )
        async with self.database.read() as connection:
            line_ids = (await connection.execute(statement)).scalars().all()
        return [
            LineQuantity(line_id, quantity)
            for line_id, quantity in zip(line_ids, quantities, strict=True)
            if quantity
        ]

    async def stock(self, product_id: UUID) -> int:
        statement = select(products.Product.stock_quantity).where(products.Product.id == product_id)
        async with self.database.read() as connection:
            return (await connection.execute(statement)).scalar_one()

    async def state(self, order_id: UUID) -> orders.OrderState:
        statement = select(orders.Order.state).where(orders.Order.id == order_id)
        async with self.database.read() as connection:
            return (await connection.execute(statement)).scalar_one()

    async def figures(self, year: int = 2017) -> Figures:
        async with self.database.read() as connection:
            return (await budgets.figures(connection, [self.unit_id], year=year))[self.unit_id]

    async def differences(self) -> list[str]:
        async with self.database.read() as connection:
            return [difference async for difference in checks.check(connection)]

    def add_actor(self, name: str, role: Role, organisation: Mapping[str, object]) -> None:
        person_id = new_id()
        grant = Grant(
            role=role,
            organisation_id=UUID(str(organisation["id"])),
            division_code=str(organisation["division_code"]),
            path=str(organisation["path"]),
        )
        self.actors[name] = Actor(person_id, (grant,))


def _organisation(
    organisation_id: UUID, kind: OrganisationKind, name: str, *, parent: str = ""
) -> dict[str, object]:
    return {
        "id": organisation_id,
        "kind": kind,
        "name": name,
        "credit_code": None,
        "division_code": ZHANGGONG if kind is OrganisationKind.BUDGET_UNIT else NINGDU,
        "parent_id": None,
        "path": f"{parent}{organisation_id}/",
        "created_at": dt.datetime(2017, 1, 1, tzinfo=dt.UTC),
    }


async def _populate(transaction: Transaction, market: Market) -> None:
    superior = _organisation(market.superior_id, OrganisationKind.BUDGET_UNIT, "区教育局")
    path = str(superior["path"])
    unit = _organisation(market.unit_id, OrganisationKind.BUDGET_UNIT, "第一中学", parent=path)
    sister = _organisation(market.sister_id, OrganisationKind.BUDGET_UNIT, "第二中学", parent=path)
    supplier = _organisation(market.supplier_id, OrganisationKind.SUPPLIER, "宁都果业合作社")
    rival = _organisation(market.rival_id, OrganisationKind.SUPPLIER, "宁都粮油公司")
    platform = _organisation(new_id(), OrganisationKind.SUPERVISOR, "平台运营")
    bureau = _organisation(new_id(), OrganisationKind.FINANCE_BUREAU, "章贡区财政局")
    bureau["division_code"] = ZHANGGONG
    office = _organisation(new_id(), OrganisationKind.SUPERVISOR, "章贡区审计局")
    office["division_code"] = ZHANGGONG
    everyone = [superior, unit, sister, supplier, rival, platform, bureau, office]
    await transaction.execute(insert(Organisation), everyone)
    for name, role, organisation in (
        ("officer", Role.OFFICER, unit),
        ("colleague", Role.OFFICER, unit),
        ("sister", Role.OFFICER, sister),
        ("superior", Role.SUPERIOR, superior),
        ("supplier", Role.SUPPLIER, supplier),
        ("rival", Role.SUPPLIER, rival),
        ("administrator", Role.ADMINISTRATOR, platform),
        ("finance", Role.FINANCE, bureau),
        ("auditor", Role.AUDITOR, office),
    ):
        market.add_actor(name, role, organisation)
    await transaction.execute(
        insert(Person),
        [
            {
                "id": actor.person_id,
                "sign_in_name": name,
                "name": name,
                "password_hash": None,
                "created_at": transaction.now,
            }
            for name, actor in market.actors.items()
        ],
    )
    await _settle(transaction)


async def _settle(transaction: Transaction) -> None:
    await transaction.execute(
        insert(Division),
        [
            {
                "code": code,
                "name": name,
                "level": level_of(code),
                "parent_code": None,
                "kind": village_kind(code) if level_of(code) == "village" else None,
            }
            for code, name in ({NINGDU: "宁都县", ZHANGGONG: "章贡区"} | VILLAGES).items()
        ],
    )
    await transaction.execute(
        insert(DesignatedCounty).values(
            county_code=NINGDU,
            listed_name="宁都县",
            designated_since=dt.date(2012, 3, 19),
            delisted_year=2019,
            region="",
            note="",
        )
    )


async def _stock_up(transaction: Transaction, market: Market) -> None:
    for organisation_id in (market.supplier_id, market.rival_id):
        await suppliers.admit(
            transaction,
            market["administrator"],
            organisation_id=organisation_id,
            document_number="宁农推〔2017〕1号",
            admitted_on=dt.date(2017, 1, 1),
        )
    for product_id, seller, name, price_fen in (
        (market.oranges_id, "supplier", "脐橙", ORANGES_FEN),
        (market.honey_id, "supplier", "蜂蜜", HONEY_FEN),
        (market.rice_id, "rival", "大米", Fen(500)),
    ):
        await products.offer(
            transaction,
            market[seller],
            product_id=product_id,
            supplier_id=market[seller].grants[0].organisation_id,
            terms=products.Terms(name, "农产品", "箱", price_fen, 50, NINGDU),
        )
        await lots.add(
            transaction,
            market[seller],
            lot_id=new_id(),
            product_id=product_id,
            number="2017-1",
            valid_from=dt.date(2017, 1, 1),
            villages=market.shares,
        )
    await grant(transaction, market, GRANTED_FEN, "章财预〔2017〕1号")


async def grant(
    transaction: Transaction, market: Market, amount_fen: int, document_number: str
) -> None:
    """Change the appropriation of the market's unit for 2017."""
    await budgets.grant(
        transaction,
        market["finance"],
        change_id=new_id(),
        unit_id=market.unit_id,
        year=2017,
        amount_fen=Fen(amount_fen),
        document_number=document_number,
        decided_on=dt.date(2017, 1, 5),
    )


async def open_market(database: Database, *shares: int) -> Market:
    """The market in an empty database, its lots shared by the villages in this way."""
    market = Market(
        database,
        shares={
            code: BasisPoints(share)
            for code, share in zip(VILLAGES, shares or (5_000, 3_000, 2_000), strict=False)
        },
    )
    await database.transact(lambda transaction: _populate(transaction, market))
    await database.transact(lambda transaction: _stock_up(transaction, market))
    return market


@asynccontextmanager
async def a_market(server: SqliteServer | PostgresqlServer, *shares: int) -> AsyncIterator[Market]:
    """A market in a database of its own, for tests that need one for each example."""
    clock = MovableClock(dt.datetime(2017, 10, 16, 1, 0, tzinfo=dt.UTC))
    async with server.database(clock) as database:
        yield await open_market(database, *shares)
