"""The scalars of the schema: money, time and ids, read strictly and written one way.

GraphQL's Int has 32 bits and a JavaScript number 53, so an amount is written as a text of digits;
it is read from such a text or from an integer that a JavaScript number can hold exactly.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from models.kernel.money import BasisPoints, Fen

EXACT_INTEGER: Final = 2**53 - 1
FEN_AT_MOST: Final = 10**15  # 10^13 yuan: beyond it a sum could leave 64 bits
TEXT_AT_MOST: Final = 64
_DIGITS: Final = re.compile(r"-?(0|[1-9][0-9]{0,15})")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _bad(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


def parse_fen(value: object) -> Fen:
    """An amount in fen from digits, or from an integer that is exact in every client."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        amount = int(value)
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) <= EXACT_INTEGER:
        amount = value
    else:
        raise _bad("Fen is an integer of fen: a text of digits, or an integer up to 2^53 - 1.")
    if abs(amount) > FEN_AT_MOST:
        raise _bad(f"Fen is at most {FEN_AT_MOST}.")
    return Fen(amount)


def write_fen(value: object) -> str:
    """The digits of an amount; anything but an integer is our own mistake."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("Fen is an integer")
    return str(value)


def parse_basis_points(value: object) -> BasisPoints:
    """A share from 0 to 10,000."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10_000:  # noqa: PLR2004 - the whole
        return BasisPoints(value)
    raise _bad("BasisPoints is an integer from 0 to 10000.")


def parse_instant(value: object) -> dt.datetime:
    """An aware instant in UTC from ISO 8601 with its offset."""
    if isinstance(value, str) and len(value) <= TEXT_AT_MOST and _INSTANT.fullmatch(value):
        try:
            return dt.datetime.fromisoformat(value.upper()).astimezone(dt.UTC)
        except (ValueError, OverflowError):
            pass
    raise _bad("DateTime is ISO 8601 with its offset, such as 2017-10-17T01:00:00Z.")


def write_instant(value: object) -> str:
    """ISO 8601 in UTC, with Z."""
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        raise TypeError("an instant is an aware datetime")
    return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def parse_date(value: object) -> dt.date:
    """A date from its ISO form."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise _bad("Date is ISO 8601, such as 2017-10-17.")


def write_date(value: object) -> str:
    """The ISO form of a date."""
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise TypeError("a date is not an instant")
    return value.isoformat()


def parse_uuid(value: object) -> UUID:
    """A UUID from its one canonical form, in either case."""
    if isinstance(value, str) and _UUID.fullmatch(value):
        return UUID(value)
    raise _bad("UUID is 32 hexadecimal digits in five groups.")


SCALARS: Final[Mapping[object, ScalarDefinition]] = {
    Fen: strawberry.scalar(
        name="Fen",
        description=(
            '金额，单位为分，写作数字文本，如 "92000000"（920,000.00 元）；'
            "也可用不超过 2^53-1 的整数。"
            "An amount in fen, written as a text of digits; an integer up to 2^53 - 1 is read too."
        ),
        serialize=write_fen,
        parse_value=parse_fen,
    ),
    BasisPoints: strawberry.scalar(
        name="BasisPoints",
        description=(
            "份额，万分之一为单位，0 至 10000。A share in ten-thousandths, from 0 to 10000."
        ),
        serialize=int,
        parse_value=parse_basis_points,
    ),
    dt.datetime: strawberry.scalar(
        name="DateTime",
        description=("时刻，ISO 8601，UTC，如 2017-10-17T01:00:00Z。An instant, ISO 8601 in UTC."),
        serialize=write_instant,
        parse_value=parse_instant,
    ),
    dt.date: strawberry.scalar(
        name="Date",
        description="日期（上海时间），ISO 8601，如 2017-10-17。A date in Shanghai, ISO 8601.",
        serialize=write_date,
        parse_value=parse_date,
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description="通用唯一识别码，8-4-4-4-12 个十六进制数字。A universally unique id.",
        serialize=str,
        parse_value=parse_uuid,
    ),
}
