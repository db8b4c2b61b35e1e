"""Purchases in the spring of 2020 by public bodies of 赣州, from its eleven designated counties.

The source counts 3,471 buyer accounts and 1,687.08 万元 of trade; this is a modest set of the same
kind, whose totals follow from it. Suppliers, prices and orders are made up, the produce and the
villages are real.
"""

import enum
from dataclasses import dataclass

from api.demo.giving import rows
from models.kernel.money import Fen

YEAR = 2020
CITY = "360700000000"
# The day after the last orders were placed: what was shipped by then is accepted and paid.
LAST_DAY = "2020-06-10"


@dataclass(frozen=True, slots=True)
class Superior:
    """A body that opens the accounts of the units below it, and the person who does so."""

    key: str
    name: str
    sign_in_name: str
    person: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A budget unit, with what it was granted for the year."""

    key: str
    superior: str
    name: str
    division_code: str
    granted_fen: Fen


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier registered in a county; its key is the county's code."""

    key: str
    name: str
    agent: str


SUPERIORS = (
    Superior("education", "赣州市教育局", "gz.education", "教育主管（演示）"),
    Superior("health", "赣州市卫生健康委员会", "gz.health", "卫健主管（演示）"),
    Superior("offices", "赣州市机关事务管理局", "gz.offices", "机关主管（演示）"),
)
# Who orders for the units of a superior.
OFFICERS = {
    "education": ("gz.school", "学校采购员（演示）"),
    "health": ("gz.hospital", "医院采购员（演示）"),
    "offices": ("gz.canteen", "食堂采购员（演示）"),
}
UNITS = (
    Unit("zhongxue", "education", "赣州某中学（演示）", "360702000000", Fen(2_000_000)),
    Unit("xiaoxue", "education", "赣州某小学（演示）", "360702000000", Fen(1_500_000)),
    Unit("youeryuan", "education", "赣州某幼儿园（演示）", "360702000000", Fen(1_800_000)),
    Unit("yudu_zhongxue", "education", "于都某中学（演示）", "360731000000", Fen(1_600_000)),
    Unit("yiyuan", "health", "赣州某医院（演示）", "360702000000", Fen(2_500_000)),
    Unit("fubaoyuan", "health", "赣州某妇幼保健院（演示）", "360702000000", Fen(1_700_000)),
    Unit("shizheng_canteen", "offices", "市直机关某食堂（演示）", CITY, Fen(2_200_000)),
    Unit("zhanggong_canteen", "offices", "章贡某机关食堂（演示）", "360702000000", Fen(1_400_000)),
)
AGENTS = {
    "gz.west": "赣西南片供货员（演示）",
    "gz.east": "赣东北片供货员（演示）",
}
SUPPLIERS = (
    Supplier("360703", "南康某甜柚专业合作社（演示）", "gz.west"),
    Supplier("360704", "赣县某油茶专业合作社（演示）", "gz.west"),
    Supplier("360724", "上犹某茶叶专业合作社（演示）", "gz.west"),
    Supplier("360726", "安远某果业合作社（演示）", "gz.west"),
    Supplier("360730", "宁都某种养专业合作社（演示）", "gz.east"),
    Supplier("360731", "于都某富硒蔬菜合作社（演示）", "gz.east"),
    Supplier("360732", "兴国某农业发展公司（演示）", "gz.east"),
    Supplier("360733", "会昌某米粉加工厂（演示）", "gz.west"),
    Supplier("360734", "寻乌某家庭农场（演示）", "gz.west"),
    Supplier("360735", "石城某白莲专业合作社（演示）", "gz.east"),
    Supplier("360781", "瑞金某果蔬专业合作社（演示）", "gz.east"),
)


@dataclass(frozen=True, slots=True)
class Share:
    """A village and its share of a lot, in basis points."""

    village_code: str
    township: str
    village: str
    basis_points: int


@dataclass(frozen=True, slots=True)
class Product:
    """What a supplier sells, grown in its county, with the villages of its lot."""

    key: str
    supplier: str
    name: str
    category: str
    unit_name: str
    unit_price_fen: Fen
    stock_quantity: int
    villages: tuple[Share, ...]


class Fate(enum.StrEnum):
    """What becomes of an order."""

    PLACED = "placed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    PARTLY_ACCEPTED = "partly_accepted"
    RETURNED = "returned"
    PART_PAID = "part_paid"
    PAID = "paid"


_WITHOUT_GOODS = frozenset({Fate.PLACED, Fate.SHIPPED, Fate.CANCELLED, Fate.REJECTED})


@dataclass(frozen=True, slots=True)
class Order:
    """An order: how many of which products, and what becomes of it.

    `part` are the only quantities that are accepted, or those that are returned.
    """

    key: str
    placed_on: str
    unit: str
    quantities: dict[str, int]
    fate: Fate
    part: dict[str, int]

    @property
    def is_delivered(self) -> bool:
        """Whether any of it is accepted."""
        return self.fate not in _WITHOUT_GOODS

    def accepted(self) -> dict[str, int]:
        """What is accepted, by product."""
        if not self.is_delivered:
            return {}
        return self.part if self.fate is Fate.PARTLY_ACCEPTED else self.quantities

    def returned(self) -> dict[str, int]:
        """What is returned, by product."""
        return self.part if self.fate is Fate.RETURNED else {}


@dataclass(frozen=True, slots=True)
class Totals:
    """What the orders come to, in fen."""

    accepted_fen: Fen
    returned_fen: Fen
    paid_fen: Fen
    granted_fen: Fen

    @property
    def kept_fen(self) -> Fen:
        """What was accepted and not returned: the benefit of the villages."""
        return Fen(self.accepted_fen - self.returned_fen)


def products() -> list[Product]:
    """All products with their villages."""
    villages: dict[str, list[Share]] = {}
    for row in rows("lots.csv"):
        share = Share(
            row["village_code"], row["township"], row["village"], int(row["basis_points"])
        )
        villages.setdefault(row["product"], []).append(share)
    return [
        Product(
            key=row["key"],
            supplier=row["county_code"],
            name=row["name"],
            category=row["category"],
            unit_name=row["unit_name"],
            unit_price_fen=Fen(int(row["unit_price_fen"])),
            stock_quantity=int(row["stock_quantity"]),
            villages=tuple(villages[row["key"]]),
        )
        for row in rows("products.csv")
    ]


def orders() -> list[Order]:
    """All orders, in the order in which they are placed."""
    return [
        Order(
            key=row["key"],
            placed_on=row["placed_on"],
            unit=row["unit"],
            quantities=_quantities(row["lines"]),
            fate=Fate(row["fate"]),
            part=_quantities(row["part"]),
        )
        for row in rows("orders.csv")
    ]


def _quantities(text: str) -> dict[str, int]:
    pairs = (item.partition(":") for item in text.split())
    return {key: int(quantity) for key, _, quantity in pairs}


def payment_fen(order: Order, payable_fen: Fen) -> Fen:
    """What is paid at once of what is owed."""
    if order.fate is Fate.PAID:
        return payable_fen
    return Fen(payable_fen // 2) if order.fate is Fate.PART_PAID else Fen(0)


def totals() -> Totals:
    """What all orders come to."""
    prices = {product.key: product.unit_price_fen for product in products()}

    def worth(quantities: dict[str, int]) -> Fen:
        return Fen(sum(prices[key] * quantity for key, quantity in quantities.items()))

    placed = orders()
    return Totals(
        accepted_fen=Fen(sum(worth(order.accepted()) for order in placed)),
        returned_fen=Fen(sum(worth(order.returned()) for order in placed)),
        paid_fen=Fen(sum(payment_fen(order, worth(order.accepted())) for order in placed)),
        granted_fen=Fen(sum(unit.granted_fen for unit in UNITS)),
    )
