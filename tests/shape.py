"""The source as data: what tests/test_shape.py asks its questions of."""

import ast
import fnmatch
import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("api", "models", "resolvers", "tests", "webhooks")
PRODUCT = ("api", "models", "resolvers", "webhooks")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: where it is, what it says, and how it parses."""

    path: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.path.partition("/")[0]

    @property
    def is_migration(self) -> bool:
        return self.path.startswith("models/migrations/versions/")

    def functions(self) -> Iterator[Function]:
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node


def _ignored() -> list[str]:
    return [".git", *(ROOT / ".gitignore").read_text(encoding="utf-8").split()]


def is_ignored(name: str) -> bool:
    return any(fnmatch.fnmatch(name, pattern.rstrip("/")) for pattern in _IGNORED)


_IGNORED = _ignored()


@functools.cache
def files() -> tuple[str, ...]:
    """Every file that belongs to the project, by its path from the root."""
    found: list[str] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not is_ignored(name)]
        place = Path(folder).relative_to(ROOT)
        found += [(place / name).as_posix() for name in names if not is_ignored(name)]
    return tuple(sorted(found))


@functools.cache
def texts() -> dict[str, str]:
    """What each text file says; what is not UTF-8 is left out."""
    said: dict[str, str] = {}
    for path in files():
        try:
            said[path] = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return said


@functools.cache
def sources(*packages: str) -> tuple[Source, ...]:
    """The Python files of some packages, of all when none is named."""
    return tuple(source for source in _parsed() if not packages or source.package in packages)


@functools.cache
def _parsed() -> tuple[Source, ...]:
    return tuple(
        Source(path, text, ast.parse(text)) for path, text in texts().items() if path[-3:] == ".py"
    )
