import ast
import dataclasses
import datetime as dt
import importlib
import pkgutil
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import models
from models.kernel.money import BasisPoints, Fen
from models.kernel.refusals import Refusal, WrongState
from models.parties.memberships import Role
from models.parties.rights import NotPermitted
from resolvers import refusals
from resolvers.sentences import SENTENCES, WORDS, Language

for module in pkgutil.walk_packages(models.__path__, "models."):
    if ".migrations." not in module.name:
        importlib.import_module(module.name)

MODELS = Path(models.__path__[0])
OURS = [kind for kind in Refusal.known.values() if kind.__module__.startswith("models.")]


def all_languages() -> list[Language]:
    return ["zh", "en"]


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.code)
def test_every_refusal_has_a_sentence_in_each_language_of_its_own_facts(
    kind: type[Refusal],
) -> None:
    facts = {field.name for field in dataclasses.fields(kind)}

    assert kind in SENTENCES, f"resolvers/sentences.py says nothing about {kind.__name__}"
    for language in all_languages():
        text = SENTENCES[kind][language]
        used = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        assert used <= facts
        assert text.endswith("。" if language == "zh" else ".")
        assert any("一" <= letter <= "鿿" for letter in text) == (language == "zh")


def spoken_constants() -> Iterator[tuple[str, str]]:
    """The nouns, states and reasons that the model hands to refusals as constants."""
    for path in sorted(MODELS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in {"InvalidValue", "NotFound", "WrongState"}:
                for keyword in node.keywords:
                    if isinstance(keyword.value, ast.Constant) and keyword.arg != "path":
                        place = f"{path.relative_to(MODELS)}:{node.lineno}"
                        yield place, str(keyword.value.value)


def test_every_word_that_the_model_puts_into_a_refusal_is_known_in_both_languages() -> None:
    unknown = [f"{place} {word}" for place, word in spoken_constants() if word not in WORDS]

    assert unknown == [], "resolvers/sentences.py does not know these words"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Refusal:
    @dataclasses.dataclass(eq=False)
    class ShortOfFloor(Refusal):
        available_fen: Fen
        needed_fen: Fen | None
        share: BasisPoints
        due_on: dt.date
        seen_at: dt.datetime

    texts = "{available_fen} {needed_fen} {share} {due_on} {seen_at}"
    monkeypatch.setattr(refusals, "SENTENCES", {ShortOfFloor: {"zh": texts, "en": texts}})
    return ShortOfFloor(
        available_fen=Fen(123_450),
        needed_fen=Fen(-5),
        share=BasisPoints(1_250),
        due_on=dt.date(2017, 10, 17),
        seen_at=dt.datetime(2017, 10, 16, 23, 30, tzinfo=dt.UTC),
    )


def test_facts_are_spoken_as_people_write_them(short: Refusal) -> None:
    spoken = refusals.sentence(short, "zh")

    assert spoken == "¥1,234.50 −¥0.05 12.5% 2017-10-17 2017-10-17 07:30"


def test_facts_are_given_to_programs_in_plain_form(short: Refusal) -> None:
    told = refusals.refused(short, "en")

    assert told.code == "SHORT_OF_FLOOR"
    assert {fact.name: fact.value for fact in told.facts} == {
        "availableFen": "123450",
        "neededFen": "-5",
        "share": "1250",
        "dueOn": "2017-10-17",
        "seenAt": "2017-10-16T23:30:00Z",
    }


def test_known_words_are_said_in_the_language_of_the_asker() -> None:
    refusal = WrongState(noun="order", state="unheard of")

    assert refusals.sentence(refusal, "zh") == "订单目前是“unheard of”，不能这样做。"
    assert refusals.sentence(refusal, "en") == "The order is unheard of, so this cannot be done."


def test_several_facts_of_a_kind_are_listed() -> None:
    refusal = NotPermitted(who_can=(Role.FINANCE, Role.FUND_MANAGER))

    assert refusals.sentence(refusal, "zh") == "您无权这样做；有权的是：财政部门、基金管理人。"
    assert (
        refusals.sentence(refusal, "en") == "You may not do this; who may: finance, fund manager."
    )
    assert refusals.refused(refusal, "en").facts[0].value == "finance, fund_manager"
