"""The command line, `yuanliu`: what can be started, and what is done by hand.

Exit codes: 0 done; 1 it was done and something is wrong, or a rule refused; 2 the command or the
settings cannot be used; 3 it cannot be started here and now. What a command needs is imported by
that command, so that the quick ones are quick.
"""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from api.settings import Settings, SettingsError, load

if TYPE_CHECKING:
    from models.kernel.database import Database

DONE: Final = 0
WRONG: Final = 1
UNUSABLE: Final = 2
CANNOT_START: Final = 3

Result = TypeVar("Result")
Command = Callable[[Settings, argparse.Namespace], Coroutine[Any, Any, int]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the answer is the exit code."""
    asked = _parser().parse_args(arguments)
    given = {name: getattr(asked, name, None) for name in ("host", "port")}
    try:
        settings = load(**{name: value for name, value in given.items() if value is not None})
    except SettingsError as error:
        for problem in error.problems:
            print(f"yuanliu: {problem}", file=sys.stderr)
        return UNUSABLE
    command: Command = asked.command
    try:
        return _run(command(settings, asked))
    except KeyboardInterrupt:
        return DONE


def _run(work: Coroutine[Any, Any, int]) -> int:
    try:
        import uvloop
    except ImportError:  # it does not exist for Windows
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="yuanliu",
        description="源流 Yuanliu: purchasing and relief funds, followed from source to use.",
        epilog="Settings come from the environment: DATABASE_URL, YUANLIU_…; see docs/settings.md.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        added.set_defaults(command=command)
        return added

    serving = add("serve", _serve, "serve the platform, until stopped")
    serving.add_argument("--host", help="the address to listen on (YUANLIU_HOST)")
    serving.add_argument("--port", type=int, help="the port to listen on, 0 for any (YUANLIU_PORT)")
    serving.add_argument(
        "--migrate", action="store_true", help="migrate PostgreSQL first; SQLite always is"
    )
    add("work", _work, "do jobs, apply events and keep schedules, until stopped")
    add("migrate", _migrate, "bring the database to the newest revision")
    loading = add("load-reference", _load_reference, "load divisions, lines, numbers and charts")
    loading.add_argument(
        "--divisions",
        metavar="PREFIXES",
        help="townships and villages only below these codes, as in 511702,3607",
    )
    showing = add("demo", _demo, "show a world made of real figures, in a database of its own")
    showing.add_argument("--host", help="the address to listen on (YUANLIU_HOST)")
    showing.add_argument("--port", type=int, help="the port to listen on, 0 for any (YUANLIU_PORT)")
    showing.add_argument(
        "--once", action="store_true", help="make it anew, print its figures and stop"
    )
    showing.add_argument("--fresh", action="store_true", help="make it anew, from the start")
    add("check-books", _check_books, "recompute every balance and seal, and say what differs")
    add("export-schema", _export_schema, "print the GraphQL schema")
    making = add("create-administrator", _create_administrator, "make somebody an administrator")
    making.add_argument("sign_in_name", help="the name to sign in with")
    making.add_argument("--name", required=True, help="the person's name")
    making.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    return parser


async def _serve(settings: Settings, asked: argparse.Namespace) -> int:
    from api.serving import PortTakenError, serve

    _configure_logs(settings)
    if (problem := await _prepare(settings, migrating=asked.migrate)) is not None:
        return _say(problem, CANNOT_START)

    def ready(served: Settings) -> None:
        print(f"源流 Yuanliu  {served.address}", flush=True)
        if served.has_sandbox:
            print(f"payment sandbox, no real money: {served.sandbox_address}", flush=True)

    try:
        await serve(settings, ready=ready)
    except PortTakenError as error:
        return _say(f"{error}; choose another with --port", CANNOT_START)
    return DONE


async def _demo(settings: Settings, asked: argparse.Namespace) -> int:
    from api.demo.showing import show
    from api.demo.world import CannotShowError, settings_of_demo

    try:
        own = settings_of_demo(settings, once=asked.once, has_port=asked.port is not None)
        _configure_logs(own)
        is_whole = await show(own, once=asked.once, fresh=asked.fresh)
    except CannotShowError as error:
        return _say(str(error), CANNOT_START)
    return DONE if is_whole else WRONG


async def _work(settings: Settings, _asked: argparse.Namespace) -> int:
    from api.announcements import Announcements
    from api.platform import cancelled, make_worker, open_database
    from api.serving import handled_signals
    from api.work import all_work, hosted_payments

    _configure_logs(settings)
    if (problem := await _prepare(settings, migrating=False)) is not None:
        return _say(problem, CANNOT_START)
    database = open_database(settings)
    announcements = Announcements(database)
    listening = asyncio.create_task(announcements.run())
    try:
        async with hosted_payments(settings, database) as payments:
            worker = make_worker(settings, database, announcements, all_work(payments))
            with handled_signals(worker.stop):
                await worker.run()
    finally:
        await cancelled([listening])
        await database.close()
    return DONE


async def _prepare(settings: Settings, *, migrating: bool) -> str | None:
    """Make the database ready to be served; the answer is why it is not."""
    from api.preparing import load_all
    from models.kernel.migrating import is_migrated, migrate

    async def prepare(database: "Database") -> str | None:
        may_migrate = settings.is_embedded or migrating
        if not await is_migrated(database):
            if not may_migrate:
                return (
                    "the database is not migrated: run `yuanliu migrate`, or serve with --migrate"
                )
            await migrate(database)
        if may_migrate:
            await load_all(database, divisions=None)
        return None

    try:
        return await _with_database(settings, prepare)
    except OSError as error:
        return f"the database cannot be reached: {error}"


async def _migrate(settings: Settings, _asked: argparse.Namespace) -> int:
    from models.kernel.migrating import migrate

    try:
        await _with_database(settings, migrate)
    except OSError as error:
        return _say(f"the database cannot be reached: {error}", CANNOT_START)
    print("migrated")
    return DONE


async def _load_reference(settings: Settings, asked: argparse.Namespace) -> int:
    from api.preparing import load_all

    divisions = asked.divisions.split(",") if asked.divisions else None
    changed = await _with_database(
        settings, lambda database: load_all(database, divisions=divisions)
    )
    print(f"{changed} rows inserted or changed")
    return DONE


async def _check_books(settings: Settings, _asked: argparse.Namespace) -> int:
    from models.reports.books import check

    async def count_differences(database: "Database") -> int:
        found = 0
        async with database.snapshot() as connection:
            async for difference in check(connection):
                print(difference)
                found += 1
        return found

    found = await _with_database(settings, count_differences)
    print(f"{found} differences" if found else "the books are whole")
    return WRONG if found else DONE


async def _export_schema(_settings: Settings, _asked: argparse.Namespace) -> int:
    from resolvers.schema import schema

    print(schema.as_str())
    return DONE


async def _create_administrator(settings: Settings, asked: argparse.Namespace) -> int:
    from api.preparing import make_administrator
    from models.kernel.refusals import Refusal
    from resolvers.refusals import refused

    typed = _read_password(from_stdin=asked.password_stdin)
    if typed is None:
        return _say("the two passwords differ", UNUSABLE)

    async def make(database: "Database") -> None:
        await make_administrator(
            database, sign_in_name=asked.sign_in_name, name=asked.name, password=typed
        )

    try:
        await _with_database(settings, make)
    except Refusal as refusal:
        return _say(refused(refusal, "en").message, WRONG)
    print(f"{asked.sign_in_name} is an administrator")
    return DONE


def _read_password(*, from_stdin: bool) -> str | None:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    return first if getpass.getpass("Once more: ") == first else None


async def _with_database(
    settings: Settings, work: Callable[["Database"], Coroutine[Any, Any, Result]]
) -> Result:
    from api.platform import open_database

    database = open_database(settings)
    try:
        return await work(database)
    finally:
        await database.close()


def _configure_logs(settings: Settings) -> None:
    from api.telemetry import configure_logs

    configure_logs(settings.logs, settings.log_level)


def _say(problem: str, code: int) -> int:
    print(f"yuanliu: {problem}", file=sys.stderr)
    return code
