"""The committed facts are whole, attributed and what their sources say."""

from collections import Counter
from importlib import resources

import pytest

from models.kernel import divisions
from models.reference import files

ALL_DIVISIONS = dict(files.divisions())


def test_every_file_has_its_source_and_is_the_one_described() -> None:
    data = {
        entry.name
        for entry in resources.files("models.reference").iterdir()
        if entry.name.endswith((".csv", ".xz"))
    }

    assert set(files.sources()) == data
    for name, source in files.sources().items():
        assert source["sha256"] == files.sha256(name), name
        assert all(source[key] for key in ("title", "source", "document", "licence", "made_by"))
        assert source["retrieved"].year >= 2026


def test_the_list_has_832_counties_that_left_it_in_five_years() -> None:
    counties = files.designated_counties()

    assert len(counties) == 832
    assert len({(county["code"], county["listed_name"]) for county in counties}) == 832
    assert Counter(county["delisted_year"] for county in counties) == {
        "2016": 28,
        "2017": 125,
        "2018": 283,
        "2019": 344,
        "2020": 52,
    }


def test_every_designated_county_is_a_division_of_that_name() -> None:
    for county in files.designated_counties():
        assert ALL_DIVISIONS[county["code"]] == county["name"]
        assert ALL_DIVISIONS[county["code"][:2]] == county["province"]


def test_every_designated_county_has_a_village_or_a_reason() -> None:
    with_villages = {code[:6] for code in ALL_DIVISIONS if len(code) == 12}
    excused = set(files.sources()["divisions.csv.xz"]["counties_without_villages"])

    without = {county["code"] for county in files.designated_counties()} - with_villages
    assert without == excused


def test_every_division_has_its_parent_and_codes_stay_apart_at_twelve_digits() -> None:
    lengths = divisions.LEVEL_LENGTHS
    padded = {code.ljust(divisions.CODE_LENGTH, "0") for code in ALL_DIVISIONS}

    assert len(padded) == len(ALL_DIVISIONS)
    for code in ALL_DIVISIONS:
        assert len(code) in lengths
        if len(code) > 2:
            parent = code[: lengths[lengths.index(len(code)) - 1]]
            assert parent.ljust(divisions.CODE_LENGTH, "0") in padded, code


def test_the_whole_country_is_there_down_to_the_county() -> None:
    assert Counter(len(code) for code in ALL_DIVISIONS if len(code) <= 6) == {
        2: 31,
        4: 342,
        6: 2975,
    }


def test_tongchuan_has_18_townships_and_209_villages_and_communities() -> None:
    in_tongchuan = {code: name for code, name in ALL_DIVISIONS.items() if code.startswith("511702")}

    assert Counter(len(code) for code in in_tongchuan) == {6: 1, 9: 18, 12: 209}
    assert in_tongchuan["511702"] == "通川区"
    assert in_tongchuan["511702001"] == "东城街道"
    assert in_tongchuan["511702001001"] == "二马路社区居民委员会"
    assert in_tongchuan["511702001002"] == "凉水井社区居民委员会"


@pytest.mark.parametrize("prefix", ["511702", "510823", "371311", "3607", "1403", "3209"])
def test_the_first_districts_are_there_down_to_the_village(prefix: str) -> None:
    counties = {c for c in ALL_DIVISIONS if len(c) == 6 and c.startswith(prefix)}
    with_villages = {c[:6] for c in ALL_DIVISIONS if len(c) == 12 and c.startswith(prefix)}

    assert counties
    assert counties == with_villages


def test_a_part_of_the_country_keeps_every_county_and_only_its_own_villages() -> None:
    part = dict(files.divisions(("511702", "3607")))

    assert {code for code in part if len(code) <= 6} == {
        code for code in ALL_DIVISIONS if len(code) <= 6
    }
    assert {code for code in part if len(code) > 6} == {
        code for code in ALL_DIVISIONS if len(code) > 6 and code.startswith(("511702", "3607"))
    }
