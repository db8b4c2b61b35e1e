"""Division codes contain each other by their significant digits."""

from models.kernel import divisions


def test_a_county_that_ends_in_zero_does_not_contain_its_neighbour() -> None:
    assert divisions.prefix("130530000000") == "130530"
    assert not divisions.contains("130530000000", "130531100000")
    assert divisions.contains("130500000000", "130531100201")


def test_the_nation_contains_everything() -> None:
    assert divisions.contains(divisions.NATION, "511702001001")


def test_ancestors_come_nearest_first() -> None:
    assert divisions.ancestors("511702001001") == [
        "511702001001",
        "511702001000",
        "511702000000",
        "511700000000",
        "510000000000",
        "000000000000",
    ]
