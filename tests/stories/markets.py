"""A small market as its people open it and order in it, by HTTP."""

from dataclasses import dataclass
from typing import Any

from models.parties import OrganisationKind, Role
from tests.running import ADMINISTRATOR, Running

ZHANGGONG, NINGDU = "360702000000", "360730000000"
FIRST, SECOND, THIRD = "360730100200", "360730100201", "360730100202"
ORANGES_FEN, HONEY_FEN = 1_999, 350

STANDING = """
id state paymentState totalFen heldFen acceptedFen returnedFen payableFen paidFen dueOn
benefits { amountFen village { code } }
lines { id quantity acceptedFen returnedFen benefits { amountFen village { code } } }
"""


@dataclass
class Market:
    """A school, its sister and a growers' co-operative, each with one person."""

    platform: Running
    year: int
    granted_fen: int
    unit: str
    sister: str
    oranges: str
    honey: str

    def wanted(self, *, oranges: int = 0, honey: int = 0) -> dict[str, Any]:
        """What an order of the school takes."""
        basket = {self.oranges: oranges, self.honey: honey}
        lines = [{"productId": key, "quantity": value} for key, value in basket.items() if value]
        return {"unitId": self.unit, "lines": lines}

    async def moved(self, mutation: str, by: str, **given: object) -> dict[str, Any]:
        """The order after a move; its villages gain what is accepted, to the fen."""
        payload = await self.platform.do(mutation, by, f"order {{ {STANDING} }}", **given)
        order: dict[str, Any] = payload["order"]
        kept = int(order["acceptedFen"]) - int(order["returnedFen"])
        assert sum(gains(order).values()) == kept
        for line in order["lines"]:
            assert sum(gains(line).values()) == int(line["acceptedFen"]) - int(line["returnedFen"])
        assert await self.gained() == gains(order), "the public list says what the order says"
        assert await self.platform.differences() == []
        return order

    async def gained(self) -> dict[str, int]:
        """What anybody may read: the villages of the county by what the year gave to them."""
        answer = await self.platform.ask(
            "query Q($county: String!, $year: Int) "
            "{ villageBenefits(divisionCode: $county, year: $year) "
            "{ nodes { amountFen village { code } } } }",
            county=NINGDU,
            year=self.year,
        )
        return gains({"benefits": answer["villageBenefits"]["nodes"]})

    async def money(self) -> tuple[int, int, int, int]:
        """Of the unit's appropriation: available, held, payable and paid, in fen."""
        answer = await self.platform.ask(
            "query Q($year: Int) { myBudgetUnits { year(year: $year) "
            "{ totalFen availableFen heldFen payableFen paidFen } } }",
            "officer",
            year=self.year,
        )
        (unit,) = answer["myBudgetUnits"]
        year = {name: int(value) for name, value in unit["year"].items()}
        assert year.pop("totalFen") == sum(year.values()) == self.granted_fen
        return year["availableFen"], year["heldFen"], year["payableFen"], year["paidFen"]


def gains(told: dict[str, Any]) -> dict[str, int]:
    """What each village gains, in fen."""
    return {row["village"]["code"]: int(row["amountFen"]) for row in told["benefits"]}


async def open_market(
    platform: Running, *, year: int = 2017, granted_fen: int = 20_000, orange_quantity: int = 50
) -> Market:
    """What the administrator opens for a year, and what the co-operative offers."""
    unit = await platform.opened(OrganisationKind.BUDGET_UNIT, "章贡区第一中学", ZHANGGONG)
    sister = await platform.opened(OrganisationKind.BUDGET_UNIT, "章贡区第二中学", ZHANGGONG)
    seller = await platform.opened(OrganisationKind.SUPPLIER, "宁都果业合作社", NINGDU)
    await platform.enrolled("officer", Role.OFFICER, unit)
    await platform.enrolled("sister", Role.OFFICER, sister)
    await platform.enrolled("seller", Role.SUPPLIER, seller)
    await platform.do(
        "admitSupplier",
        ADMINISTRATOR,
        organisationId=seller,
        documentNumber="宁农推〔2017〕1号",
        admittedOn="2017-01-01",
    )
    shares = {FIRST: 3_333, SECOND: 3_334, THIRD: 3_333}
    market = Market(
        platform,
        year=year,
        granted_fen=granted_fen,
        unit=unit,
        sister=sister,
        oranges=await offered(platform, seller, ("脐橙", ORANGES_FEN, orange_quantity), shares),
        honey=await offered(platform, seller, ("蜂蜜", HONEY_FEN, 5), {FIRST: 10_000}),
    )
    for granted in (unit, sister):
        await platform.do(
            "grantAppropriation",
            ADMINISTRATOR,
            unitId=granted,
            year=year,
            amountFen=str(granted_fen),
            documentNumber="章财预〔2017〕1号",
            decidedOn="2017-01-05",
        )
    return market


async def offered(
    platform: Running, seller: str, terms: tuple[str, int, int], shares: dict[str, int]
) -> str:
    """The id of a product, offered with one lot."""
    name, price_fen, stock_quantity = terms
    payload = await platform.do(
        "offerProduct",
        "seller",
        "product { id }",
        supplierId=seller,
        name=name,
        category="农产品",
        unitName="箱",
        unitPriceFen=str(price_fen),
        stockQuantity=stock_quantity,
        countyCode=NINGDU,
    )
    product_id: str = payload["product"]["id"]
    await platform.do(
        "addLot",
        "seller",
        productId=product_id,
        number="2017-1",
        validFrom="2017-01-01",
        villages=[{"villageCode": code, "basisPoints": share} for code, share in shares.items()],
    )
    return product_id
