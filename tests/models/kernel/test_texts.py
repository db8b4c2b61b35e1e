"""Texts are trimmed, and refused when they are blank, too long or cannot be kept."""

import pytest

from models.kernel.refusals import InvalidValue
from models.kernel.texts import optional, required


def test_blanks_around_a_text_are_not_kept() -> None:
    assert required("  通财〔2017〕1号 \n", path="documentNumber", longest=20) == "通财〔2017〕1号"
    assert optional("   ", path="note", longest=5) == optional(None, path="note", longest=5) == ""


@pytest.mark.parametrize("text", ["", " \t", "六个汉字太长", "a\0b"])
def test_what_is_blank_too_long_or_holds_a_nul_is_refused_by_its_path(text: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        required(text, path="reason", longest=5)

    assert refusal.value.facts == {"path": "reason", "reason": "length"}
