"""The relief of the winter of 2017–18: 31 households, 63,000.00 yuan, up to 7 March 2018.

The source says 共接收申请31份,救助31户,救助金额6.3万元. The villages are real ones of 通川区; which
households were helped is not public, and these are made up. A household gets what lifts it to
the line of the year (补差): (line − income a head) × members.
"""

import datetime as dt
from dataclasses import dataclass

from stdnum import luhn

from api.demo.giving import rows
from models.kernel.money import Fen

PAID_OUT_FEN = Fen(6_300_000)
HOUSEHOLD_COUNT = 31
# 2017 年国家扶贫标准：models/reference/poverty_lines.csv, marked there as not verified.
LINE_FEN = Fen(295_200)


@dataclass(frozen=True, slots=True)
class Household:
    """A household; its card number is one that no bank issues (999999…)."""

    number: int
    village_code: str
    township: str
    village: str
    members: int
    income_fen: Fen
    cause: str

    @property
    def amount_fen(self) -> Fen:
        """The top-up, in fen."""
        return Fen((LINE_FEN - self.income_fen) * self.members)

    def card_number(self, *, issued: int = 1) -> str:
        """The household's card; a second one is issued after the first was closed."""
        digits = f"99999917{issued:02}{self.number:05}"
        return digits + str(luhn.calc_check_digit(digits))


@dataclass(frozen=True, slots=True)
class Granting:
    """The district's reviewer approves so many households, the next ones in the list."""

    day: str
    households: int


@dataclass(frozen=True, slots=True)
class Paying:
    """The cashier pays everything approved, but for the last `waiting` of them."""

    day: str
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Failing:
    """The bank returns what still waits: the card was closed."""

    day: str


@dataclass(frozen=True, slots=True)
class GrantingAgain:
    """What had failed is approved anew, to the household's new card."""

    day: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """District finance pays a part of what the fund lacks, or all of it."""

    day: str
    amount_fen: Fen | None = None


Step = Granting | Paying | Failing | GrantingAgain | Meeting

# Each call is met within its ten working days; the last on the eve of the bulletin.
STEPS: tuple[Step, ...] = (
    Granting("2017-11-09", 6),
    Paying("2017-11-10"),
    Meeting("2017-11-16", Fen(500_000)),
    Meeting("2017-11-22"),
    Granting("2017-12-08", 7),
    Paying("2017-12-11"),
    Meeting("2017-12-19"),
    Granting("2018-01-09", 6),
    Paying("2018-01-10"),
    Granting("2018-01-19", 6),
    Paying("2018-01-22", waiting=1),
    Meeting("2018-01-23"),
    Failing("2018-01-31"),
    GrantingAgain("2018-02-02"),
    Paying("2018-02-05"),
    Granting("2018-02-26", 6),
    Paying("2018-02-27"),
    Meeting("2018-03-02", Fen(400_000)),
    Meeting("2018-03-06"),
)


def households() -> list[Household]:
    """All of them, in the order in which they were helped."""
    return [
        Household(
            number=number,
            village_code=row["village_code"],
            township=row["township"],
            village=row["village"],
            members=int(row["members"]),
            income_fen=Fen(int(row["income_fen"])),
            cause=row["cause"],
        )
        for number, row in enumerate(rows("households.csv"), start=1)
    ]


def date_of(step: Step) -> dt.date:
    """The day of a step as a date."""
    return dt.date.fromisoformat(step.day)
