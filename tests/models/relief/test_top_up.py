"""The top-up brings a household to the line, not a fen further, and caps only lower it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue
from models.relief.top_up import Caps, IncomeStatement, compute

AMOUNTS = st.integers(0, 10**9).map(Fen)
STATEMENTS = st.builds(
    IncomeStatement,
    members=st.integers(1, 12),
    wages_fen=AMOUNTS,
    business_fen=AMOUNTS,
    property_fen=AMOUNTS,
    transfers_fen=AMOUNTS,
    business_costs_fen=AMOUNTS,
    rigid_spending_fen=AMOUNTS,
)
LINES = st.integers(1, 10**7).map(Fen)
CAPS = st.builds(Caps, household_fen=st.none() | AMOUNTS, person_fen=st.none() | AMOUNTS)


def statement(members: int, wages: int, rigid_spending: int = 0) -> IncomeStatement:
    zero = Fen(0)
    return IncomeStatement(
        members=members,
        wages_fen=Fen(wages),
        business_fen=zero,
        property_fen=zero,
        transfers_fen=zero,
        business_costs_fen=zero,
        rigid_spending_fen=Fen(rigid_spending),
    )


@given(STATEMENTS, LINES)
def test_with_the_needed_amount_the_household_is_at_the_line_and_not_above(
    income: IncomeStatement, line: Fen
) -> None:
    top_up = compute(income, line, Caps())

    reached = Fraction(top_up.net_income_fen + top_up.needed_fen, income.members)
    assert reached == max(line, top_up.net_income_per_person)
    assert top_up.granted_fen == top_up.needed_fen


@given(STATEMENTS, LINES, CAPS)
def test_caps_only_lower_it_and_the_computation_can_be_done_again(
    income: IncomeStatement, line: Fen, caps: Caps
) -> None:
    top_up = compute(income, line, caps)

    assert 0 <= top_up.granted_fen <= top_up.needed_fen
    if caps.household_fen is not None:
        assert top_up.granted_fen <= caps.household_fen
    if caps.person_fen is not None:
        assert top_up.granted_fen <= caps.person_fen * income.members
    assert compute(top_up.statement, top_up.line_fen, top_up.caps) == top_up


def test_the_line_of_2017_for_three_people_who_earned_7000_yuan() -> None:
    top_up = compute(statement(3, 700_000), Fen(295_200), Caps())

    assert top_up.needed_fen == 3 * 295_200 - 700_000 == 185_600


def test_rigid_spending_is_deducted_and_income_may_be_below_zero() -> None:
    top_up = compute(statement(2, 100_000, rigid_spending=900_000), Fen(295_200), Caps())

    assert top_up.net_income_fen == -800_000
    assert top_up.needed_fen == 2 * 295_200 + 800_000


@pytest.mark.parametrize("bad", [statement(0, 1), statement(1, -1), statement(2, 1, -1)])
def test_a_statement_of_no_household_is_refused(bad: IncomeStatement) -> None:
    with pytest.raises(InvalidValue):
        compute(bad, Fen(295_200), Caps())
