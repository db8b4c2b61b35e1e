"""The gifts of 17 October 2017 (10·17 扶贫日“扶贫一日捐”): 920,000.00 yuan into the fund.

The source names the sum and the kinds of donor: 企事业单位、个体工商户、社会团体、行业协会、
社会爱心人士…捐款92万元. Who gave how much it does not say: these donors are made up (某).
"""

import csv
from dataclasses import dataclass
from importlib import resources

from models.donations.gifts import DonorKind
from models.funds.fund import DonationMethod
from models.kernel.money import Fen

DONATED_FEN = Fen(92_000_000)
DAY = "2017-10-17"
FIRST_MINUTE = 8 * 60 + 30
MINUTES_APART = 35
GIFTS_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Gift:
    """One gift, in fen; who is anonymous gives no name."""

    kind: DonorKind
    name: str
    amount_fen: Fen
    method: DonationMethod
    is_anonymous: bool


def gifts() -> list[Gift]:
    """All of them, in the order in which they came."""
    return [
        Gift(
            kind=DonorKind[row["kind"]],
            name=row["name"],
            amount_fen=Fen(int(row["amount_fen"])),
            method=DonationMethod[row["method"]],
            is_anonymous=row["is_anonymous"] == "yes",
        )
        for row in rows("donors.csv")
    ]


def batches() -> list[tuple[str, list[Gift]]]:
    """The gifts as they came: some people at once, every half hour or so, and the moment."""
    given = gifts()
    found = []
    for number, start in enumerate(range(0, len(given), GIFTS_AT_ONCE)):
        hour, minute = divmod(FIRST_MINUTE + number * MINUTES_APART, 60)
        found.append((f"{DAY} {hour:02}:{minute:02}", given[start : start + GIFTS_AT_ONCE]))
    return found


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a file of this package."""
    text = resources.files("api.demo").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
