"""What the sources say beside what the platform holds, asked of it as anybody could ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.demo import giving, market, relief, tongchuan
from api.demo.parties import AUDITOR, CITY_AUDITOR
from api.demo.stage import Stage
from models.kernel.money import Fen, yuan


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, what it has to be, and what it is."""

    name: str
    wanted: str
    found: str

    @property
    def is_equal(self) -> bool:
        """Whether it is what it has to be."""
        return self.wanted == self.found


async def of_tongchuan(stage: Stage) -> list[Figure]:
    """The fund: what came in, what was missing, what was paid to whom, what is left."""
    fund = (await stage.ask("FundFigures", fund=stage.ids["fund"]))["fund"]
    entries = await stage.pages("Entries", "fund.entries", fund=stage.ids["fund"])
    payouts = (await stage.ask("Payouts", AUDITOR, fund=stage.ids["fund"]))["reliefPayouts"]
    paid = [payout for payout in payouts["nodes"] if payout["state"] == "PAID"]
    income = {one["source"]: int(one["amountFen"]) for one in fund["incomeBySource"]}
    *later, first = fund["calls"]["nodes"]
    gift_count = sum(entry["reason"] == "donation_received" for entry in entries)
    return [
        Figure("10·17 捐款 donated on 10·17", "92 万元", _in_ten_thousands(income["DONATION"])),
        Figure("捐款笔数 gifts *", str(len(giving.gifts())), str(gift_count)),
        Figure("底线 floor", "100 万元", _in_ten_thousands(int(fund["floorFen"]))),
        money("首次限时补充 first call", tongchuan.FIRST_CALL_FEN, int(first["requiredFen"])),
        Figure("救助笔数 payouts", str(relief.HOUSEHOLD_COUNT), str(fund["payoutCount"])),
        Figure(
            "救助户数（每村一户）households, one a village",
            str(relief.HOUSEHOLD_COUNT),
            str(len({payout["village"]["code"] for payout in paid})),
        ),
        Figure("救助金额 relief paid", "6.3 万元", _in_ten_thousands(int(fund["paidOutFen"]))),
        money("此后各次限时补充合计 later calls", relief.PAID_OUT_FEN, _sum(later, "requiredFen")),
        money("区财政补充合计 met by finance", _finance_fen(), income["DISTRICT_FINANCE"]),
        Figure("未关闭或逾期的补充 calls open or overdue", "0", str(_calls_in_trouble(fund))),
        Figure("基金余额 balance", "100 万元", _in_ten_thousands(int(fund["balanceFen"]))),
        money("可用余额 available", tongchuan.FLOOR_FEN, int(fund["availableFen"])),
    ]


def _finance_fen() -> Fen:
    return Fen(tongchuan.FIRST_CALL_FEN + relief.PAID_OUT_FEN)


def _calls_in_trouble(fund: dict[str, Any]) -> int:
    return sum(
        call["closedAt"] is None or any(event["kind"] == "ESCALATED" for event in call["events"])
        for call in fund["calls"]["nodes"]
    )


async def of_ganzhou(stage: Stage) -> list[Figure]:
    """The purchases: what was accepted and paid, and that the villages have all of it."""
    orders = await stage.pages("Orders", "orders", CITY_AUDITOR)
    villages = await stage.pages("Benefits", "villageBenefits", place=market.CITY, year=market.YEAR)
    years = [
        (await stage.ask("UnitYear", CITY_AUDITOR, id=stage.ids[unit.key], year=market.YEAR))
        for unit in market.UNITS
    ]
    years = [answer["budgetUnit"]["year"] for answer in years]
    totals = market.totals()
    spent = sum(_sum(years, name) for name in ("availableFen", "heldFen", "payableFen", "paidFen"))
    return [
        Figure("订单 orders *", str(len(market.orders())), str(len(orders))),
        money("验收 accepted *", totals.accepted_fen, _sum(orders, "acceptedFen")),
        money("退货 returned *", totals.returned_fen, _sum(orders, "returnedFen")),
        money("已付 paid *", totals.paid_fen, _sum(orders, "paidFen")),
        money("村受益合计 = 验收 − 退货 benefits *", totals.kept_fen, _sum(villages, "amountFen")),
        money("指标合计 appropriations *", totals.granted_fen, spent),
    ]


def of_books(differences: Sequence[str]) -> list[Figure]:
    """That every part of the books agrees with every other."""
    return [Figure("核对账目的差异 differences in the books", "0", str(len(differences)))]


def money(name: str, wanted: Fen, found: int) -> Figure:
    """A figure in yuan."""
    return Figure(name, yuan(wanted), yuan(Fen(found)))


def _sum(nodes: Sequence[dict[str, Any]], name: str) -> int:
    return sum(int(node[name]) for node in nodes)


def _in_ten_thousands(amount_fen: int) -> str:
    """As the sources write: 92 万元, 6.3 万元; never rounded."""
    whole, rest = divmod(amount_fen, 1_000_000)
    return f"{whole}.{rest:06}".rstrip("0").rstrip(".") + " 万元"


def show(stage: Stage, figures: Sequence[Figure]) -> bool:
    """Print the table; the answer is whether every figure is what it has to be."""
    stage.terminal.table(
        ("", "来源 source", "平台 platform"),
        [(one.name, one.wanted, one.is_equal, one.found) for one in figures],
    )
    stage.terminal.line(
        "  * 来源未载明，为演示数据的合计 not in the source: the sum of the demo's data"
    )
    return all(one.is_equal for one in figures)


async def show_trace(stage: Stage) -> None:
    """Show where each fen of one gift is, as whoever holds its receipt code may see."""
    code = stage.ids["receipt_code"]
    gift = (await stage.ask("GiftByCode", code=code))["donation"]
    amount = yuan(Fen(int(gift["amountFen"])))
    terminal = stage.terminal
    terminal.title(f"一笔捐款的去向 · where one gift went   {tongchuan.SHOWN_GIFT} {amount} 元")
    for part in gift["trace"]:
        if part["kind"] == "PAID_OUT":
            place = f"{part['village']['path']} {CAUSES[part['cause']]}"
            terminal.line(f"  {part['paidOn']}  {yuan(Fen(int(part['amountFen']))):>10}  {place}")
    left = yuan(Fen(int(gift["remainingFen"])))
    terminal.line(f"  仍在基金 still in the fund  {left} 元   收据编码 receipt code {code}")


CAUSES = {"ILLNESS": "因病", "DISASTER": "因灾", "ACCIDENT": "因突发事故"}
