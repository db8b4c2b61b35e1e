"""What the pages say is true: links lead somewhere, commands exist, and nothing is left out."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from resolvers.schema import schema
from tests.documented import PAGE, renewed
from tests.shape import ROOT, texts

BIN = Path(sys.executable).parent
PAGES = {path: text for path, text in texts().items() if path.endswith(".md")}
PROJECT: dict[str, Any] = tomllib.loads(texts()["pyproject.toml"])["project"]


def run(*arguments: str, given: str = "", **settings: str) -> str:
    """What a command of ours prints; its environment is only what is named here."""
    told = subprocess.run(  # noqa: S603 - our own command
        [BIN / "yuanliu", *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=True,
        env=settings,
        timeout=100,
    )
    return told.stdout


def anchors(page: str) -> set[str]:
    """The places of a page that a link may name, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
    return {*plain, *re.findall(r'<a id="([^"]+)">', page)}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_leads_somewhere(page: str) -> None:
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (ROOT / page).parent / path if path else ROOT / page
        there = place.exists() and (
            not anchor or anchor in anchors(place.read_text(encoding="utf-8"))
        )
        if not there:
            lost.append(target)

    assert lost == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_file_that_is_named_exists(page: str) -> None:
    named = re.findall(r"`((?:api|resolvers|models|webhooks|tests|docs)/[\w./-]*\w)`", PAGES[page])

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", texts()["Makefile"], re.MULTILINE))
    named = {
        target
        for text in PAGES.values()
        for target in re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)
    }

    assert named <= targets


def test_every_command_that_is_named_exists_and_each_has_its_row() -> None:
    told = run("--help")
    commands = set(re.findall(r"^    ([a-z-]+)(?= |$)", told, re.MULTILINE)) - {"COMMAND"}
    named = {
        command
        for text in PAGES.values()
        for command in re.findall(r"(?:`|/|&& )yuanliu ([a-z-]+)", text)
    }
    rows = set(re.findall(r"^\| `yuanliu ([a-z-]+)", PAGES["docs/operations.md"], re.MULTILINE))

    assert named <= commands
    assert commands == rows, "docs/operations.md has a row for each command"


def test_the_api_page_tells_of_every_field_and_every_refusal() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == renewed(page), "run `make schema`"


def test_the_api_page_tells_of_every_code_of_an_error() -> None:
    used = {
        code
        for path, text in texts().items()
        if re.fullmatch(r"(api|resolvers)/\w+\.py", path)
        for code in re.findall(
            r'(?:code": |not_begun\([^"]*|_refused\(|RefusedError\(\s*\d+, ?\s*)"([A-Z_]+)"', text
        )
    }

    assert used - set(re.findall(r"`([A-Z_]+)`", PAGES["docs/api.md"])) == set()


def test_the_operations_page_tells_of_every_metric() -> None:
    made = set(re.findall(r'"(yuanliu_\w+)"', texts()["api/telemetry.py"]))

    assert made == set(re.findall(r"`(yuanliu_\w+)", PAGES["docs/operations.md"]))


def test_the_changes_begin_with_the_present_version() -> None:
    newest = re.findall(r"^## ([\d.]+)", PAGES["CHANGELOG.md"], re.MULTILINE)[0]

    assert newest == PROJECT["version"]


def test_the_licence_is_the_one_that_the_package_names() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    assert texts()["LICENSE"].split()[:3] == ["Apache", "License", "Version"]


def test_every_word_of_the_glossary_that_is_code_is_in_the_schema() -> None:
    printed = texts()["api/schema.graphql"]
    words = re.findall(r"`(\w+)`", PAGES["docs/glossary.md"])
    chinese = re.findall(r"^\| ([^|]+?) \|", PAGES["docs/glossary.md"], re.MULTILINE)

    assert [word for word in words if not re.search(rf"\b{word}\b", printed)] == []
    assert len(set(chinese)) == len(chinese)


def test_each_dependency_has_its_reason_and_each_reason_its_dependency() -> None:
    rows = re.findall(r"^\| ([a-z0-9-][a-z0-9, -]*) \|", decision("0011"), re.MULTILINE)
    explained = {name for row in rows for name in row.split(", ")} - {"---", "package"}
    named = {re.split(r"[\[<>=;]", line)[0] for line in PROJECT["dependencies"]}

    assert explained == named, "docs/adr/0011-dependencies.md has one row for each"


def decision(number: str) -> str:
    (text,) = (text for path, text in PAGES.items() if path.startswith(f"docs/adr/{number}-"))
    return text


def test_each_decision_has_the_same_parts_and_is_listed() -> None:
    for path, text in PAGES.items():
        if re.match(r"docs/adr/\d{4}-", path):
            parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
            assert parts == ["Context", "Decision", "Cost", "What checks it"], path
            assert path.rpartition("/")[2] in PAGES["docs/adr/README.md"], path


@pytest.mark.parametrize(
    "document",
    re.findall(r"```graphql\n(query.*?)```", PAGES["docs/api.md"], re.DOTALL)
    + re.findall(r'"query": "([^"]+)"', PAGES["docs/api.md"]),
)
def test_every_example_is_answered_by_the_schema(document: str) -> None:
    assert validate(schema._schema, parse(document)) == []


@pytest.mark.slow
def test_the_commands_of_a_real_installation_run_as_the_readme_has_them(tmp_path: Path) -> None:
    (block,) = re.findall(r"```sh\n(export YUANLIU_.*?)```", PAGES["README.md"], re.DOTALL)
    settings = {
        **dict(re.findall(r"^export (YUANLIU_\w+)=([^\s…]+)", block, re.MULTILINE)),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'yuanliu.sqlite3'}",
        "YUANLIU_RUN_FOLDER": str(tmp_path),
        "YUANLIU_TOKEN_KEY": "t" * 32,
        "YUANLIU_SEALING_KEY": "s" * 32,
    }
    said = []
    for line in re.findall(r"\.venv/bin/yuanliu ([^#&\n]+)", block):
        words = line.split()
        if words[0] == "create-administrator":
            words.append("--password-stdin")
        if words[0] not in {"serve", "work"}:
            said.append(run(*words, given="一个够长的口令 2026\n", **settings))

    assert settings["YUANLIU_ENVIRONMENT"] == "production"
    assert said[0] == "migrated\n"
    assert said[-1] == "the books are whole\n"
