"""How much relief brings a household to the line (补差), as a pure computation (domain §4).

Source: 《通川区防返贫基金管理办法(试行)》: 根据贫困家庭申请情况,核定当年收支情况,按照补差原则,使其
家庭人口年均纯收入在当年国家扶贫标准以上. Gifts received are not income; own-paid compliant medical
and similar rigid spending is deducted when judging sudden hardship.
"""

from dataclasses import dataclass
from fractions import Fraction

from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue

NOTHING = Fen(0)


@dataclass(frozen=True, slots=True)
class IncomeStatement:
    """A household's income and spending of the twelve months before its application, in fen.

    `rigid_spending_fen` is what it paid itself for treatment and the like; 0 where the household
    is not judged for sudden hardship.
    """

    members: int
    wages_fen: Fen
    business_fen: Fen
    property_fen: Fen
    transfers_fen: Fen
    business_costs_fen: Fen
    rigid_spending_fen: Fen = NOTHING


@dataclass(frozen=True, slots=True)
class Caps:
    """What a fund's rule pays at most, in fen; None where it sets no limit."""

    household_fen: Fen | None = None
    person_fen: Fen | None = None


@dataclass(frozen=True, slots=True)
class TopUp:
    """A computation with all that it rests on, so that anyone can do it again; amounts in fen.

    `needed_fen` reaches the line; `granted_fen` is what is left of it under the caps.
    """

    statement: IncomeStatement
    line_fen: Fen
    caps: Caps
    net_income_fen: Fen
    needed_fen: Fen
    granted_fen: Fen

    @property
    def net_income_per_person(self) -> Fraction:
        """Exact, in fen: never rounded before it is compared with the line."""
        return Fraction(self.net_income_fen, self.statement.members)


def check(statement: IncomeStatement) -> None:
    """Refuses with InvalidValue for a statement of no household."""
    if statement.members < 1:
        raise InvalidValue(path="members", reason="not_positive")
    for name in (
        "wages_fen",
        "business_fen",
        "property_fen",
        "transfers_fen",
        "business_costs_fen",
        "rigid_spending_fen",
    ):
        if getattr(statement, name) < 0:
            raise InvalidValue(path=name, reason="negative")


def net_income(statement: IncomeStatement) -> Fen:
    """Income less the costs of earning it and rigid spending, in fen; it may be below zero."""
    earned = (
        statement.wages_fen
        + statement.business_fen
        + statement.property_fen
        + statement.transfers_fen
    )
    return Fen(earned - statement.business_costs_fen - statement.rigid_spending_fen)


def compute(statement: IncomeStatement, line_fen: Fen, caps: Caps) -> TopUp:
    """What brings the household to the line, in fen: (line − net income a head) × members.

    Before: `line_fen` is the line in force for the household's division and year. After: with the
    needed amount the income a head is at the line exactly, and nothing is needed at or above it; in
    whole fen the line times members is exact, so that no rounding is left. The caps only lower it.
    Refuses with InvalidValue for a statement of no household.
    """
    check(statement)
    income = net_income(statement)
    needed = max(0, line_fen * statement.members - income)
    limits = [needed]
    if caps.household_fen is not None:
        limits.append(caps.household_fen)
    if caps.person_fen is not None:
        limits.append(caps.person_fen * statement.members)
    return TopUp(
        statement=statement,
        line_fen=line_fen,
        caps=caps,
        net_income_fen=income,
        needed_fen=Fen(needed),
        granted_fen=Fen(min(limits)),
    )
