"""The style of this project as tests: each says what to do instead.

What ruff, mypy and import-linter can say, they say; here is the rest. A rule that nothing checks
decays, so a new habit comes here with its test or it is not a habit.
"""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Sequence

import models
from models.kernel.refusals import Refusal
from tests.shape import PACKAGES, PRODUCT, ROOT, Function, Source, files, is_ignored, sources, texts

LINES_AT_MOST = 400
FUNCTION_LINES_AT_MOST = 60
ROOT_FILES = {
    ".dockerignore",
    ".gitignore",
    "CHANGELOG.md",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "compose.yaml",
    "pyproject.toml",
    "uv.lock",
}
ROOT_FOLDERS = {".ci", "docs", *PACKAGES}
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "service", "misc"}

# Where a module of the model is tested when not by a file of its own name, for the reason given.
TESTED_BY = {
    # Orders are told as stories of whole orders, which go through all of these.
    "models/procurement/baskets.py": "models/procurement/test_placing.py",
    "models/procurement/budgets.py": "models/procurement/test_orders.py",
    "models/procurement/fulfilment.py": "models/procurement/test_orders.py",
    "models/procurement/checks.py": "properties/test_procurement.py",
    # What is read is asked in one file, by everybody who may and may not.
    "models/procurement/catalog.py": "models/procurement/test_questions.py",
    "models/procurement/order_book.py": "models/procurement/test_questions.py",
    "models/procurement/quotes.py": "models/procurement/test_questions.py",
    "models/procurement/scope.py": "models/procurement/test_questions.py",
    "models/procurement/lots.py": "models/procurement/test_catalogue.py",
    "models/procurement/products.py": "models/procurement/test_catalogue.py",
    "models/procurement/suppliers.py": "models/procurement/test_catalogue.py",
    # A fund's receipts, statement and draws are what its floor is tested with.
    "models/funds/draws.py": "models/funds/test_floor.py",
    "models/funds/fund.py": "models/funds/test_floor.py",
    "models/funds/receipts.py": "models/funds/test_floor.py",
    "models/funds/statement.py": "models/funds/test_floor.py",
    "models/funds/checks.py": "models/funds/test_floor.py",
    # A gift is told from the donor's click to the receipt, through the doors it comes by.
    "models/donations/gifts.py": "stories/test_a_gift_online.py",
    "models/donations/incidents.py": "stories/test_a_gift_that_does_not_fit.py",
    "models/households.py": "models/relief/test_payouts.py",
    "models/reports/books.py": "api/test_commands.py",
    # Tables that are seen through the commands beside them.
    "models/ledger/books.py": "models/ledger/test_posting.py",
    "models/ledger/checks.py": "models/ledger/test_posting.py",
    "models/ledger/sealing.py": "models/ledger/test_seals.py",
    "models/kernel/audit.py": "models/parties/test_grants.py",
    "models/kernel/requests.py": "resolvers/test_context.py",
    "models/kernel/runs.py": "models/kernel/test_jobs.py",
    "models/kernel/sweeping.py": "api/test_worker.py",
    "models/kernel/workers.py": "api/test_worker.py",
    "models/kernel/refusals.py": "resolvers/test_refusals.py",
    "models/migrations/env.py": "models/migrations/test_migrations.py",
    "models/migrations/tables.py": "models/migrations/test_migrations.py",
    "models/migrations/triggers.py": "models/ledger/test_posting.py",
    "models/parties/attempts.py": "models/parties/test_sign_in.py",
    "models/parties/memberships.py": "models/parties/test_grants.py",
    "models/parties/sessions.py": "models/parties/test_sign_in.py",
    "models/reference/loading.py": "models/places/test_load.py",
}


def refuse(found: Sequence[str], advice: str) -> None:
    """Fail with what was found, each on a line of its own, and what to do instead."""
    assert not found, "\n".join((advice, *found))


def lines_of(node: Function) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_there_are_five_packages_and_no_sixth() -> None:
    found = {path.name for path in ROOT.iterdir() if path.is_dir() and not is_ignored(path.name)}

    assert found - ROOT_FOLDERS == set(), "put it into api, resolvers, models, webhooks or tests"
    assert set(PACKAGES) <= found


def test_the_root_holds_only_what_a_reader_expects_there() -> None:
    found = {path for path in files() if "/" not in path}

    assert found - ROOT_FILES == set(), "it belongs into a package or into docs/"


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long = [
        f"{source.path}: {source.text.count(chr(10))} lines"
        for source in sources()
        if source.text.count("\n") > LINES_AT_MOST and not source.is_migration
    ]

    refuse(long, f"split by noun; a file has at most {LINES_AT_MOST} lines")


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{source.path}:{function.lineno} {function.name}: {lines_of(function)} lines"
        for source in sources()
        if not source.is_migration  # a revision is a list of what the database is given
        for function in source.functions()
        if lines_of(function) > FUNCTION_LINES_AT_MOST
    ]

    refuse(long, f"give its parts names; a function has at most {FUNCTION_LINES_AT_MOST} lines")


def test_names_say_what_a_thing_is() -> None:
    vague = [
        path for path in files() if VAGUE & set(re.split(r"[/._]", path)) and path.endswith(".py")
    ]
    vague += [
        f"{source.path}:{node.lineno} {node.name}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        and VAGUE & {word.lower() for word in re.findall(r"[A-Z][a-z]+", node.name)}
    ]

    refuse(vague, "name the noun it is about, not the drawer it lies in")


def test_each_module_of_the_model_says_which_rule_it_is() -> None:
    silent = [
        source.path
        for source in sources("models")
        if source.text.strip() and not source.is_migration and not ast.get_docstring(source.tree)
    ]

    refuse(silent, "begin it with the rule and the document it comes from")


def public(source: Source) -> Iterator[tuple[str, Function]]:
    """The public functions of a module and the public methods of its public classes."""
    for node in source.tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node.name, node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for member in node.body:
                if isinstance(member, Function) and not member.name.startswith("_"):
                    yield f"{node.name}.{member.name}", member


def says_nothing_new(name: str, function: Function) -> bool:
    """An overload, or a method that its base class or protocol describes."""
    decorators = {ast.unparse(decorator) for decorator in function.decorator_list}
    return "overload" in decorators or name in {
        "Instant.process_bind_param",
        "Instant.process_result_value",
        "MovableClock.now",
        "SystemClock.now",
    }


def test_each_public_function_of_the_model_says_what_holds_before_and_after() -> None:
    silent = [
        f"{source.path}:{function.lineno} {name}"
        for source in sources("models")
        if not source.is_migration
        for name, function in public(source)
        if not ast.get_docstring(function) and not says_nothing_new(name, function)
    ]

    refuse(silent, "write what holds before and after, the units, and what is refused")


def test_no_amount_is_ever_a_float() -> None:
    floating = [
        f"{source.path}:{node.lineno}"
        for source in sources("models")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name)
        and node.id == "float"
        # How much of a delay is left to chance is no amount.
        and source.path != "models/kernel/jobs.py"
    ]

    refuse(floating, "amounts are Fen, shares are BasisPoints, times are timedelta")


LEFT_OVER = re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X|NotImplementedErro[r])\b")
SKIPPED = re.compile(r"mark\.(?:skip|xfail)\s*(?:\n|\(\s*\))|pytest\.(?:skip|xfail)\(\s*\)")
SILENCED = re.compile("# type: [i]gnore|# noq[a]")
WITH_WORDS = re.compile(r"# type: [i]gnore\[[a-z, -]+\] +# \w|# noq[a]: [A-Z0-9, ]+ - \w")


def test_nothing_is_left_for_later() -> None:
    left = [
        f"{path}:{number} {line.strip()}"
        for path, text in texts().items()
        if LEFT_OVER.search(text) or SKIPPED.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        if LEFT_OVER.search(line) or SKIPPED.search(line + "\n")
    ]

    refuse(left, "finish it, or open an issue and take the mark away")


def test_a_check_is_silenced_only_with_the_reason_in_words() -> None:
    silent = [
        f"{source.path}:{number} {line.strip()}"
        for source in sources()
        if SILENCED.search(source.text)
        for number, line in enumerate(source.text.splitlines(), start=1)
        if SILENCED.search(line) and not WITH_WORDS.search(line)
    ]

    refuse(silent, "give the reason beside it: `CODE - why`, or `[code]  # why`")


def test_each_refusal_is_a_dataclass_of_its_facts() -> None:
    for module in pkgutil.walk_packages(models.__path__, "models."):
        if ".migrations." not in module.name:
            importlib.import_module(module.name)
    bare = [
        kind.__qualname__
        for kind in Refusal.known.values()
        if inspect.get_annotations(kind)
        and "__dataclass_params__" not in vars(kind)
        and not kind.__module__.startswith("tests.")
    ]

    refuse(bare, "decorate it with @dataclass(eq=False), so that its fields are its facts")
    assert all(dataclasses.is_dataclass(kind) for kind in Refusal.known.values())


def test_transactions_begin_and_end_in_one_place() -> None:
    elsewhere = [
        f"{source.path}:{node.lineno} {ast.unparse(node.func)}"
        for source in sources(*PRODUCT)
        for node in ast.walk(source.tree)
        if source.path != "models/kernel/database.py"
        and isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"commit", "begin", "begin_nested"}
        and ast.unparse(node.func) != "attempts.begin"  # an attempt to sign in
    ]

    refuse(elsewhere, "hand the work to Database.transact, or use Transaction.savepoint")


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        source.path
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "environb", "getenv", "putenv"}
        and ast.unparse(node.value) == "os"
    }
    # The tests are told which PostgreSQL to use, and hand an environment to processes they start.
    for_tests = {path for path in readers if path.startswith("tests/")}

    assert readers - for_tests == set(), "make it a setting in api/settings.py"
    assert len(for_tests) <= 4, "take the fixture of tests/conftest.py"


MACHINE = re.compile(r"(?<![\w.])/(?:home|root|Users)/\w|[A-Z]:\\Users|file:///\w")


ABOVE_NOTHING = re.compile(r"(?:from|import) (?:alembic|sqlalchemy|models\.migrations)\b")


def test_a_migration_never_needs_the_code_of_its_day() -> None:
    leaning = [
        f"{source.path}: {ast.unparse(node)}"
        for source in sources("models")
        if source.is_migration
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and not ABOVE_NOTHING.match(ast.unparse(node))
    ]

    refuse(leaning, "write the tables out: the code will change, what was migrated has not")


def test_no_machine_and_no_private_registry_is_named() -> None:
    named = [
        f"{path}: {found.group()}"
        for path, text in texts().items()
        if path != "tests/test_shape.py" and (found := MACHINE.search(text))
    ]

    refuse(named, "say it relative to the project")


def test_the_lock_takes_every_package_from_a_public_place() -> None:
    hosts = set(re.findall(r"\w+://[^/\"]+", texts()["uv.lock"]))

    assert hosts, "lock the dependencies"
    private = sorted(host for host in hosts if not re.fullmatch(r"https://[a-z.]+", host))
    refuse(private, "lock without an index of your own: UV_INDEX_URL unset, then `uv lock`")


def test_each_module_of_the_model_is_tested_where_one_looks_for_it() -> None:
    known = set(files())
    lost = []
    for source in sources("models"):
        folder, _, name = source.path.rpartition("/")
        is_empty = name == "__init__.py" or source.is_migration
        if is_empty or f"tests/{folder}/test_{name}" in known:
            continue
        if source.path not in TESTED_BY or f"tests/{TESTED_BY[source.path]}" not in known:
            lost.append(source.path)

    refuse(lost, "add tests/models/<folder>/test_<module>.py, or say in TESTED_BY where")


def test_the_list_of_what_is_tested_elsewhere_is_true() -> None:
    known = {source.path: source.text for source in sources()}
    untrue = [
        path
        for path, tested_by in TESTED_BY.items()
        if path not in known or f"tests/{tested_by}" not in known
    ]

    refuse(untrue, "take it out of TESTED_BY")


def test_the_name_of_a_test_is_a_sentence() -> None:
    short = [
        f"{source.path}:{function.lineno} {function.name}"
        for source in sources("tests")
        for function in source.functions()
        if function.name.startswith("test_") and len(function.name.split("_")) < 4
    ]

    refuse(short, "say who does what: test_an_unsigned_event_is_refused")


def test_tests_are_plain_functions() -> None:
    classes = [
        f"{source.path}:{node.lineno} {node.name}"
        for source in sources("tests")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test")
    ]

    refuse(classes, "write functions; what they share is a fixture")
