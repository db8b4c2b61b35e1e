"""Results as they are printed: each round, and the medians."""

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.clients import Outcome


@dataclass(frozen=True)
class Row:
    """One round: ours a second, the other one's a second."""

    ours: float
    other: float
    outcome: Outcome | None = None
    cpu_ms: float = 0


def show(title: str, rows: Sequence[Row], statements: int | None = None) -> None:
    """Print the rounds and their medians."""
    print(f"\n{title}   (load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores)")
    if statements is not None:
        print(f"  {statements} statements, BEGIN and COMMIT among them")
    print("  ours/s   other/s   ratio   CPU ms each   median ms   slowest 1 % ms")
    for row in rows:
        _line(row.ours, row.other, row.ours / row.other, row.cpu_ms, row.outcome)
    print("  median:")
    _line(
        statistics.median(row.ours for row in rows),
        statistics.median(row.other for row in rows),
        statistics.median(row.ours / row.other for row in rows),
        statistics.median(row.cpu_ms for row in rows),
        None,
    )


def _line(ours: float, other: float, ratio: float, cpu_ms: float, outcome: Outcome | None) -> None:
    tail = f"{outcome.median_ms:11.1f} {outcome.slowest_hundredth_ms:14.1f}" if outcome else ""
    print(f"  {ours:7.0f} {other:9.0f} {ratio:7.2f} {cpu_ms:13.2f} {tail}")
