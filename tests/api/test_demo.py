"""The demo world as data: its sums are those of the sources, its places are real."""

from collections import Counter

import pytest
from graphql import parse, validate

from api.demo import giving, market, relief, tongchuan
from api.demo.operations import documents
from api.demo.relief import Failing, Granting, GrantingAgain, Meeting, Paying
from models.donations.gifts import MOST_ONLINE_FEN, DonorKind, NewDonation, check
from models.households import is_card_number
from models.kernel.calendar import add_working_days, is_working_day
from models.kernel.ids import new_id
from models.kernel.money import WHOLE
from models.reference import files
from resolvers.schema import schema


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """The reference data: names by code."""
    return dict(files.divisions(["511702", "3607"]))


def test_the_gifts_are_those_of_the_source() -> None:
    given = giving.gifts()

    assert sum(gift.amount_fen for gift in given) == giving.DONATED_FEN == 92_000_000
    assert {gift.kind for gift in given} == set(DonorKind)
    assert 60 <= len(given) <= 120
    assert any(gift.is_anonymous for gift in given)
    assert sum(len(batch) for _, batch in giving.batches()) == len(given)


def test_each_gift_can_be_given_online() -> None:
    for gift in giving.gifts():
        check(
            NewDonation(
                fund_id=new_id(),
                amount_fen=gift.amount_fen,
                method=gift.method,
                donor_kind=gift.kind,
                donor_name=gift.name,
                is_anonymous=gift.is_anonymous,
                message="",
                campaign=None,
            )
        )
        assert gift.amount_fen <= MOST_ONLINE_FEN


def test_the_gift_whose_way_is_shown_is_in_the_first_batch_and_named() -> None:
    _, first = giving.batches()[0]

    shown = [gift for gift in first if gift.name == tongchuan.SHOWN_GIFT]

    assert [gift.is_anonymous for gift in shown] == [False]


def test_the_first_call_is_what_the_gifts_leave_missing() -> None:
    assert tongchuan.FLOOR_FEN - giving.DONATED_FEN == tongchuan.FIRST_CALL_FEN == 8_000_000
    assert tongchuan.FIRST_INSTALMENT_FEN < tongchuan.FIRST_CALL_FEN


def test_the_households_are_those_of_the_source_in_real_villages(names: dict[str, str]) -> None:
    helped = relief.households()

    assert len({household.village_code for household in helped}) == len(helped) == 31
    assert sum(household.amount_fen for household in helped) == relief.PAID_OUT_FEN == 6_300_000
    for household in helped:
        assert household.village_code.startswith("511702")
        assert names[household.village_code] == household.village
        assert names[household.village_code[:9]] == household.township
        assert 0 < household.amount_fen < 1_000_000
        assert household.income_fen < relief.LINE_FEN


def test_the_line_is_the_one_of_the_reference_data() -> None:
    lines = [row for row in files.rows("poverty_lines.csv") if row["year"] == "2017"]

    assert [int(row["line_fen"]) for row in lines] == [relief.LINE_FEN]


def test_every_household_has_cards_of_its_own() -> None:
    cards = [
        household.card_number(issued=issued)
        for household in relief.households()
        for issued in (1, 2)
    ]

    assert len(set(cards)) == len(cards)
    assert all(is_card_number(card) for card in cards)


def test_the_winter_helps_everybody_once_on_working_days() -> None:
    granted = sum(step.households for step in relief.STEPS if isinstance(step, Granting))
    kinds = Counter(type(step) for step in relief.STEPS)

    assert granted == relief.HOUSEHOLD_COUNT
    assert [step.day for step in relief.STEPS] == sorted(step.day for step in relief.STEPS)
    assert all(is_working_day(relief.date_of(step)) for step in relief.STEPS)
    assert kinds[Failing] == kinds[GrantingAgain] == 1
    assert max(step.day for step in relief.STEPS) < "2018-03-07"


def test_finance_meets_every_call_in_time() -> None:
    opened_on = None
    for step in relief.STEPS:
        if isinstance(step, Granting):
            opened_on = opened_on or relief.date_of(step)
        if isinstance(step, Meeting) and step.amount_fen is None:
            assert opened_on is not None
            assert relief.date_of(step) <= add_working_days(opened_on, tongchuan.WORKING_DAYS).on
            opened_on = None

    assert opened_on is None


def test_what_fails_waited_for_the_bank_after_its_call_was_met() -> None:
    """So that approving it again opens no second call for the same money."""
    steps = list(relief.STEPS)
    failing = next(at for at, step in enumerate(steps) if isinstance(step, Failing))
    paying = next(step for step in reversed(steps[:failing]) if isinstance(step, Paying))

    assert paying.waiting == 1
    assert steps[failing - 1] == Meeting(steps[failing - 1].day)
    assert isinstance(steps[failing + 1], GrantingAgain)


def test_products_grow_in_real_villages_of_designated_counties(names: dict[str, str]) -> None:
    designated = {row["code"] for row in files.designated_counties()}
    offered = market.products()

    assert {product.supplier for product in offered} == {one.key for one in market.SUPPLIERS}
    assert {code for code in designated if code.startswith("3607")} == {
        product.supplier for product in offered
    }
    for product in offered:
        assert sum(share.basis_points for share in product.villages) == WHOLE
        for share in product.villages:
            assert share.village_code.startswith(product.supplier)
            assert names[share.village_code] == share.village
            assert names[share.village_code[:9]] == share.township


def test_orders_can_be_placed_and_add_up_to_what_is_stated() -> None:
    products = {product.key: product for product in market.products()}
    units = {unit.key: unit for unit in market.UNITS}
    placed = market.orders()
    wanted: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for order in placed:
        assert len({products[key].supplier for key in order.quantities}) == 1
        assert order.part.keys() <= order.quantities.keys()
        for key, quantity in order.quantities.items():
            wanted[key] += quantity
            held[order.unit] += quantity * products[key].unit_price_fen

    assert len(placed) == 40
    assert {order.fate for order in placed} == set(market.Fate)
    assert all(quantity <= products[key].stock_quantity for key, quantity in wanted.items())
    assert all(amount <= units[key].granted_fen for key, amount in held.items())
    totals = market.totals()
    assert (totals.accepted_fen, totals.returned_fen, totals.paid_fen) == (
        6_370_452,
        25_600,
        4_570_682,
    )


def test_all_documents_fit_the_schema() -> None:
    found = {
        name: validate(schema._schema, parse(document)) for name, document in documents().items()
    }

    assert {name: errors for name, errors in found.items() if errors} == {}
