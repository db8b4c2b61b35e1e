from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.kernel.ids import canonical_code, derived_id, new_code, new_id


def test_ids_are_version_7_and_come_in_the_order_of_their_making() -> None:
    made = [new_id() for _ in range(1_000)]

    assert {one.version for one in made} == {7}
    assert len(set(made)) == len(made)
    assert made == sorted(made)


def test_a_derived_id_follows_from_its_parent_and_its_name_alone() -> None:
    parent, other = new_id(), new_id()

    assert derived_id(parent, "bank") == derived_id(UUID(str(parent)), "bank")
    assert len({derived_id(one, name) for one in (parent, other) for name in ("a", "b")}) == 4


def test_a_code_is_read_back_however_it_was_typed() -> None:
    code = new_code("JZ")
    bare = code.replace("-", "")

    assert canonical_code(code) == code
    assert canonical_code(code.lower()) == code
    assert canonical_code(f"  jz-{bare[2:]} ") == code
    assert canonical_code(f"jz {bare[2:]}") == canonical_code(bare) == code
    assert canonical_code(code[:3] + code[3:].replace("0", "O").replace("1", "l")) == code


@given(place=st.integers(0, 12), letter=st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_letter_heard_wrong_is_noticed(place: int, letter: str) -> None:
    code = new_code("R")
    prefix, letters = code[:2], code[2:].replace("-", "")
    if letters[place] == letter:
        return
    wrong = letters[:place] + letter + letters[place + 1 :]

    assert canonical_code(prefix + wrong) is None


@pytest.mark.parametrize("text", ["", "R", "R-", "R-1", "8-0000-0000-00000", "R-!!!!-????-00000"])
def test_what_cannot_be_a_code_is_none(text: str) -> None:
    assert canonical_code(text) is None
