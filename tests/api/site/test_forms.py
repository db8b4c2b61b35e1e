from graphql import GraphQLInputType, build_schema

from api.site import forms

SCHEMA = build_schema("""
  scalar Fen scalar UUID scalar Date
  enum Method { CARD ALIPAY }
  input Line { productId: ID! quantity: Int! note: String }
  input Payer { name: String! code: String }
  type Query { a(lines: [Line!]!, fen: Fen!, some: Fen, method: Method!, on: Date, id: UUID,
                 hidden: Boolean, payer: Payer, count: Int, text: String): Int }
""")
assert SCHEMA.query_type is not None
KINDS: dict[str, GraphQLInputType] = {
    name: argument.type for name, argument in SCHEMA.query_type.fields["a"].args.items()
}


def decode(*names: str, **fields: str | list[str]) -> tuple[dict[str, object], dict[str, str]]:
    sent = {
        name.replace("__", "."): [value] if isinstance(value, str) else value
        for name, value in fields.items()
    }
    return forms.decode(sent, {name: KINDS[name] for name in names})


def test_rows_come_in_the_order_of_their_numbers_and_unfinished_ones_are_dropped() -> None:
    values, problems = decode(
        "lines",
        lines__10__productId="c", lines__10__quantity="3",
        lines__2__productId="b", lines__2__quantity=" ",
        lines__0__productId="a", lines__0__quantity="１２",
        lines__x__productId="never",
    )  # fmt: skip

    assert values == {
        "lines": [{"productId": "a", "quantity": 12}, {"productId": "c", "quantity": 3}]
    }
    assert problems == {}


def test_a_list_without_a_finished_row_is_blank() -> None:
    assert decode("lines", lines__0__productId="a", lines__0__quantity="")[1] == {"lines": "blank"}


def test_a_row_that_cannot_be_read_is_a_problem_of_its_field() -> None:
    _, problems = decode("lines", lines__3__productId="a", lines__3__quantity="两箱")

    assert problems == {"lines.3.quantity": "integer"}


def test_amounts_are_read_as_people_write_them() -> None:
    for text in ("1,234.50", "１，２３４．５０元", " ¥1234.5 "):
        assert decode("fen", fen=text) == ({"fen": "123450"}, {})
    for text in ("12.345", "-1", "1e3", "一百"):
        assert decode("fen", fen=text) == ({}, {"fen": "amount"})


def test_of_fields_with_one_name_the_last_filled_counts() -> None:
    assert decode("fen", fen=["100", ""])[0] == {"fen": "10000"}
    assert decode("fen", fen=["100", "88.5"])[0] == {"fen": "8850"}


def test_what_must_be_given_and_is_not_is_blank_and_what_may_be_is_left_out() -> None:
    values, problems = decode("fen", "some", "method", "text")

    assert values == {}
    assert problems == {"fen": "blank", "method": "blank"}


def test_other_values_are_read_or_named() -> None:
    names = ("method", "on", "id", "hidden", "count")
    values, problems = decode(
        *names, method="CARD", on="2026/12/1", id="0" * 32, hidden="true", count="-7"
    )
    assert problems == {}
    assert values == {
        "method": "CARD",
        "on": "2026-12-01",
        "id": "00000000-0000-0000-0000-000000000000",
        "hidden": True,
        "count": -7,
    }
    _, problems = decode(
        *names, "text", method="CASH", on="2026-02-30", id="7", hidden="yes",
        count="9" * 30, text="a\0",
    )  # fmt: skip
    assert problems == {
        "method": "choice",
        "on": "date",
        "id": "choice",
        "hidden": "choice",
        "count": "integer",
        "text": "text",
    }


def test_an_object_is_made_of_its_parts_and_left_out_when_it_has_none() -> None:
    assert decode("payer", payer__name="王", payer__code="9")[0] == {
        "payer": {"name": "王", "code": "9"}
    }
    assert decode("payer", payer__code="9")[1] == {"payer.name": "blank"}
    assert decode("payer") == ({}, {})
