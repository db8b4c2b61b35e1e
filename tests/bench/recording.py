"""The statements that were really executed, written as a script for pgbench.

The same work is recorded twice. Parameters that are the same both times are constants of the
script; of those that differ, ids and codes are made anew each time the script runs.
"""

import datetime as dt
import re
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import event

from models.kernel.database import Database


@dataclass(frozen=True)
class Statement:
    """One statement, with its parameters in their order."""

    text: str
    parameters: Sequence[Any]


@dataclass
class Recording:
    """Everything a piece of work said to the database, with BEGIN and COMMIT."""

    statements: list[Statement] = field(default_factory=list)


@contextmanager
def recorded(database: Database) -> Iterator[Recording]:
    """Record what is executed meanwhile, by the writing and the reading connections."""
    recording = Recording()
    writer, reader = database._writer.sync_engine, database._reader.sync_engine

    def execute(
        _connection: object,
        _cursor: object,
        text: str,
        given: Any,
        _context: object,
        many: bool,  # noqa: FBT001 - SQLAlchemy's signature
    ) -> None:
        for parameters in given if many else [given]:
            recording.statements.append(Statement(text, tuple(parameters)))

    def say(text: str) -> Callable[[object], None]:
        return lambda _connection: recording.statements.append(Statement(text, ()))

    begin, commit = say("BEGIN"), say("COMMIT")
    listeners = (
        (writer, "before_cursor_execute", execute),
        (reader, "before_cursor_execute", execute),
        (writer, "begin", begin),
        (writer, "commit", commit),
    )
    for engine, name, listener in listeners:
        event.listen(engine, name, listener)
    try:
        yield recording
    finally:
        for engine, name, listener in listeners:
            event.remove(engine, name, listener)


async def record_twice(
    database: Database, work: Callable[[], Awaitable[object]]
) -> tuple[Recording, Recording]:
    """The same work, recorded two times after one that is not."""
    await work()
    with recorded(database) as first:
        await work()
    with recorded(database) as second:
        await work()
    return first, second


@dataclass
class Script:
    """Two recordings of the same work on their way to one script.

    `known` says which variable of pgbench stands for an integer that differs; `results` names, by a
    part of their text, the statements whose row is read into variables.
    """

    first: Recording
    second: Recording
    known: Mapping[int, str] = field(default_factory=dict)
    results: Sequence[str] = ()
    _fresh: dict[object, int] = field(default_factory=dict)

    def text(self) -> str:
        """The script: one statement a line."""
        shapes = [[one.text for one in each.statements] for each in (self.first, self.second)]
        assert shapes[0] == shapes[1], "the same work took other statements"
        lines = ["\\set n random(1, 281474976710655)"]
        pairs = zip(self.first.statements, self.second.statements, strict=True)
        for before, after in pairs:
            values = [
                self._value(one, other)
                for one, other in zip(before.parameters, after.parameters, strict=True)
            ]
            text = re.sub(r"\$(\d+)", lambda found: values[int(found[1]) - 1], after.text)  # noqa: B023 - used at once
            reads = any(part in text for part in self.results)
            lines.append(" ".join(text.split()) + (" \\gset" if reads else ";"))
        return "\n".join(lines) + "\n"

    def _value(self, one: Any, other: Any) -> str:
        if isinstance(other, list | tuple):
            parts = [self._value(*pair) for pair in zip(one, other, strict=True)]
            return f"ARRAY[{', '.join(parts)}]"
        if isinstance(other, dt.datetime):
            return "now()"
        if one == other:
            return _literal(other)
        if isinstance(other, int):
            return f":{self.known[other]}"
        number = self._fresh.setdefault(other, len(self._fresh))
        if isinstance(other, UUID):
            return f"('{number:08x}-0000-7000-8000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid"
        return f"('{other[:2]}-' || {number} || '-' || to_hex(:n::bigint))"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value)
    text = str(value).replace("'", "''")
    return f"'{text}'"


def pgbench(
    program: Path, url: str, scripts: Sequence[Path], *, clients: int, seconds: int
) -> float:
    """Transactions a second of the scripts, each as likely as the others."""
    files = [part for script in scripts for part in ("-f", str(script))]
    told = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [
            str(program),
            *("-n", "-M", "prepared", "-j", "2", "-c", str(clients), "-T", str(seconds)),
            *files,
            url,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"tps = ([\d.]+)", told.stdout)
    assert found is not None and "number of failed transactions: 0 " in told.stdout, (  # noqa: PT018 - one message
        told.stdout + told.stderr[-2_000:]
    )
    return float(found[1])
