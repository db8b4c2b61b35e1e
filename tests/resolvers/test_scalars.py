import datetime as dt
from uuid import UUID

import pytest
from graphql import GraphQLError

from resolvers import scalars


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("0", 0),
        ("168708000000", 168_708_000_000),
        ("-5", -5),
        ("1000000000000000", 10**15),
        (7, 7),
        (-7, -7),
    ],
)
def test_fen_is_read_from_digits_and_from_exact_integers(value: object, amount: int) -> None:
    assert scalars.parse_fen(value) == amount


@pytest.mark.parametrize(
    "value",
    [
        1.0, 1e3, True, False, None, "", "+1", "01", "-", "1.0", "1e3", " 1", "1 ", "1,000", "１",
        "٣", "0x10", "1_000", "9" * 10_000, 2**53, -(2**53), 10**15 + 1, "1000000000000001", [],
        {}, [1],
    ],
)  # fmt: skip
def test_fen_is_read_from_nothing_else(value: object) -> None:
    with pytest.raises(GraphQLError, match="Fen is"):
        scalars.parse_fen(value)


def test_fen_is_written_as_digits() -> None:
    assert scalars.write_fen(168_708_000_000) == "168708000000"
    for value in [1.5, True, "1", None]:
        with pytest.raises(TypeError):
            scalars.write_fen(value)


def test_a_share_is_from_nothing_to_the_whole() -> None:
    assert scalars.parse_basis_points(10_000) == 10_000
    for value in [-1, 10_001, 0.5, True, "5000"]:
        with pytest.raises(GraphQLError):
            scalars.parse_basis_points(value)


@pytest.mark.parametrize(
    "text",
    ["2017-10-17T01:00:00Z", "2017-10-17T09:00:00+08:00", "2017-10-17t01:00:00.000000z"],
)
def test_an_instant_is_read_with_its_offset_and_written_in_utc(text: str) -> None:
    instant = scalars.parse_instant(text)

    assert instant == dt.datetime(2017, 10, 17, 1, tzinfo=dt.UTC)
    assert scalars.write_instant(instant) == "2017-10-17T01:00:00Z"


@pytest.mark.parametrize(
    "value",
    [
        "2017-10-17T01:00:00", "2017-10-17", "2017-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
        "2017-10-17T25:00:00Z", "2017-10-17T01:00:00+99:00", "20171017T010000Z", "", 0, None,
        "2017-10-17T01:00:00Z" * 100,
    ],
)  # fmt: skip
def test_an_instant_without_an_offset_or_sense_is_refused(value: object) -> None:
    with pytest.raises(GraphQLError, match="DateTime is"):
        scalars.parse_instant(value)


def test_a_date_is_iso_and_no_instant() -> None:
    assert scalars.write_date(scalars.parse_date("2017-10-17")) == "2017-10-17"
    for value in ["2017-02-30", "20171017", "2017-W42-2", "2017-10-17T00:00:00Z", 20171017, None]:
        with pytest.raises(GraphQLError, match="Date is"):
            scalars.parse_date(value)
    with pytest.raises(TypeError):
        scalars.write_date(dt.datetime(2017, 10, 17, tzinfo=dt.UTC))
    with pytest.raises(TypeError):
        scalars.write_instant(dt.datetime(2017, 10, 17))  # noqa: DTZ001 - that it is naive is the case


def test_a_uuid_has_one_form() -> None:
    value = UUID("01890a5d-ac96-774b-bcce-b302099a8057")

    assert scalars.parse_uuid(str(value)) == scalars.parse_uuid(str(value).upper()) == value
    for other in [value.hex, f"{{{value}}}", f"urn:uuid:{value}", "", str(value) + "\n", 1, None]:
        with pytest.raises(GraphQLError, match="UUID is"):
            scalars.parse_uuid(other)
