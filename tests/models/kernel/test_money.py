import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.kernel.money import Fen, capitals, parse_yuan, split, yuan

WEIGHTS = st.dictionaries(st.text("0123456789", min_size=1, max_size=12), st.integers(0, 10_000))


@given(amount=st.integers(0, 10**15), weights=WEIGHTS.filter(lambda given: any(given.values())))
def test_the_parts_of_a_split_add_up_and_are_within_a_fen_of_their_share(
    amount: int, weights: dict[str, int]
) -> None:
    parts = split(Fen(amount), weights)

    assert sum(parts.values()) == amount
    assert parts.keys() == weights.keys()
    total = sum(weights.values())
    for key, part in parts.items():
        exact, rest = divmod(amount * weights[key], total)
        assert exact <= part <= exact + (rest > 0)


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, {"a": 1, "b": 1, "c": 1}, {"a": 34, "b": 33, "c": 33}),
        (101, {"b": 1, "a": 1}, {"a": 51, "b": 50}),
        (1, {"a": 4_999, "b": 5_001}, {"a": 0, "b": 1}),
        (0, {"a": 1, "b": 2}, {"a": 0, "b": 0}),
        (7, {"a": 0, "b": 3}, {"a": 0, "b": 7}),
    ],
)
def test_the_left_over_fen_go_to_the_largest_remainders_and_then_to_the_lower_key(
    amount: int, weights: dict[str, int], parts: dict[str, int]
) -> None:
    assert split(Fen(amount), weights) == parts


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": 2, "b": -1}])
def test_weights_that_share_nothing_are_our_own_mistake(weights: dict[str, int]) -> None:
    with pytest.raises(AssertionError):
        split(Fen(1), weights)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.00"),
        (1, "0.01"),
        (-5, "−0.05"),
        (123_456, "1,234.56"),
        (-100_000_000, "−1,000,000.00"),
    ],
)
def test_an_amount_is_written_as_people_read_it(amount: int, text: str) -> None:
    assert yuan(Fen(amount)) == text


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1", 100),
        ("0.01", 1),
        ("1,234.5", 123_450),
        ("¥920,000.00", 92_000_000),
        ("20 元", 2_000),
        ("１２．３４元", 1_234),
        ("9999999999999.99", 10**15 - 1),
    ],
)
def test_an_amount_is_read_as_people_type_it(text: str, amount: int) -> None:
    assert parse_yuan(text) == amount


@pytest.mark.parametrize(
    "text",
    ["", "元", ".", "1.234", "-1", "+1", "1e3", "1.2.3", "NaN", "十", "10000000000000", "9" * 400],
)
def test_what_is_no_amount_is_not_guessed(text: str) -> None:
    assert parse_yuan(text) is None


@given(st.integers(0, 10**15 - 1))
def test_what_is_written_is_read_back(amount: int) -> None:
    assert parse_yuan(yuan(Fen(amount))) == amount


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (92_000_000, "人民币玖拾贰万元整"),
        (1, "人民币壹分"),
        (50, "人民币伍角整"),
        (101, "人民币壹元零壹分"),
        (110, "人民币壹元壹角整"),
        (140_950, "人民币壹仟肆佰零玖元伍角整"),
        (600_714, "人民币陆仟零柒元壹角肆分"),
        (1_000_000_00, "人民币壹佰万元整"),
        (10_000_100_00, "人民币壹仟万零壹佰元整"),
        (100_000_000_00, "人民币壹亿元整"),
        (1_000_100_000_01, "人民币壹拾亿零壹拾万元零壹分"),
    ],
)
def test_an_amount_in_capitals_follows_the_rule_for_bills(amount: int, words: str) -> None:
    assert capitals(Fen(amount)) == words


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_is_not_written_in_capitals(amount: int) -> None:
    with pytest.raises(AssertionError):
        capitals(Fen(amount))
