"""The differences that movements of a line make to its villages, as plain values."""

from models.kernel.money import BasisPoints, Fen
from models.procurement.attribution import differences

HALVES = {"b": BasisPoints(5_000), "a": BasisPoints(5_000)}
THIRDS = {"a": BasisPoints(3_334), "b": BasisPoints(3_333), "c": BasisPoints(3_333)}


def test_the_odd_fen_goes_to_the_lower_code() -> None:
    assert differences(Fen(0), Fen(3), HALVES) == {"a": 2, "b": 1}


def test_fen_by_fen_comes_to_the_same_as_at_once() -> None:
    total: dict[str, int] = {}
    for before in range(100):
        for code, change in differences(Fen(before), Fen(before + 1), THIRDS).items():
            total[code] = total.get(code, 0) + change

    assert total == differences(Fen(0), Fen(100), THIRDS)


def test_a_return_in_full_leaves_every_village_at_zero() -> None:
    given = differences(Fen(0), Fen(1_001), THIRDS)
    taken = differences(Fen(1_001), Fen(0), THIRDS)

    assert {code: given[code] + taken[code] for code in given} == {"a": 0, "b": 0, "c": 0}


def test_a_village_that_neither_gains_nor_loses_has_no_row() -> None:
    assert differences(Fen(0), Fen(1), THIRDS) == {"a": 1}
