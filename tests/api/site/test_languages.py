import re
from pathlib import Path

from graphql import GraphQLEnumType
from jinja2 import Environment, nodes

from api.site import languages
from tests.api.site.canned import ENTRANCE

FOLDER = Path(languages.FOLDER)
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
NAMES = re.compile(r"\{\w+\}")


def sentences() -> set[str]:
    """Every sentence of the templates, and those that the charts and forms say."""
    found = {"万", "底线", "其余 {count} 处"}
    for file in FOLDER.glob("*.html"):
        for call in (
            Environment(autoescape=True).parse(file.read_text("utf-8")).find_all(nodes.Call)
        ):
            if isinstance(call.node, nodes.Name) and call.node.name == "_":
                key = call.args[0]
                assert isinstance(key, nodes.Const), f"{file.name}: a sentence that is put together"
                found.add(key.value)
    return found


def test_every_sentence_has_its_english_and_no_english_is_left_over() -> None:
    assert sentences() == set(languages.ENGLISH)


def test_the_english_is_not_chinese_and_fills_in_the_same_names() -> None:
    for chinese, english in languages.ENGLISH.items():
        assert english.strip()
        assert not CHINESE.search(english), chinese
        assert sorted(NAMES.findall(chinese)) == sorted(NAMES.findall(english)), chinese


def test_no_chinese_stands_in_a_template_outside_a_sentence() -> None:
    allowed = {"中文"}
    for file in FOLDER.glob("*.html"):
        for data in (
            Environment(autoescape=True).parse(file.read_text("utf-8")).find_all(nodes.TemplateData)
        ):
            assert set(CHINESE.findall(data.data)) <= set("".join(allowed)), f"{file.name}: {data}"


def test_every_word_has_both_languages() -> None:
    for enum, words in languages.WORDS.items():
        for value, both in words.items():
            chinese, _, english = both.partition(" | ")
            assert CHINESE.search(chinese), f"{enum}.{value}"
            assert english.strip(), f"{enum}.{value}"
            assert not CHINESE.search(english), f"{enum}.{value}"


def test_a_word_is_given_in_the_language_that_is_asked() -> None:
    assert languages.word("zh", "DonationMethod", "ALIPAY") == "支付宝"
    assert languages.word("en", "DonationMethod", "ALIPAY") == "Alipay"
    assert languages.chosen("en") == "en"
    assert languages.chosen("fr") == languages.chosen(None) == "zh"


def test_every_enum_that_is_shown_has_a_word_for_each_of_its_values() -> None:
    shown = {
        call.args[0].value
        for file in FOLDER.glob("*.html")
        for call in Environment(autoescape=True).parse(file.read_text("utf-8")).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name)
        and call.node.name == "word"
        and isinstance(call.args[0], nodes.Const)
    }
    assert shown - set(languages.WORDS) == set()
    for name in shown - {"EntryReason"}:
        enum = ENTRANCE.schema.type_map[name]
        assert isinstance(enum, GraphQLEnumType)
        assert set(languages.WORDS[name]) == set(enum.values)
