"""Clients in a process of their own: `python -m tests.bench.clients` runs the plan on its stdin.

Each client keeps one connection and sends its next request when the last was answered. Requests are
bytes made beforehand, so that the clients cost as little as a client in Python can.
"""

import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import uvloop

from models.kernel.ids import new_id
from tests.shape import ROOT

FRESH_ID = "00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Plan:
    """Who asks what, for how long. A request's FRESH_ID becomes a new id each time it is sent."""

    port: int
    clients: int
    seconds: float
    path: str
    requests: Sequence[tuple[dict[str, str], str]]
    each_once: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of it."""

    answered: int
    seconds: float
    wrong: int
    median_ms: float
    slowest_hundredth_ms: float

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds


def ask(plan: Plan) -> Outcome:
    """Run a plan in another process; the answer is its outcome."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.clients"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return Outcome(**json.loads(told.stdout))


def _written(plan: Plan) -> Iterator[bytes]:
    made = []
    for headers, body in plan.requests:
        lines = {"host": "127.0.0.1", "content-type": "application/json", **headers}
        lines["content-length"] = str(len(body.encode()))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        made.append(f"POST {plan.path} HTTP/1.1\r\n{head}\r\n{body}".encode())
    return iter(made) if plan.each_once else itertools.cycle(made)


async def _run(plan: Plan) -> Outcome:
    requests, latencies, wrong = _written(plan), [], 0
    began = time.monotonic()

    async def client() -> None:
        nonlocal wrong
        reader, writer = await asyncio.open_connection("127.0.0.1", plan.port)
        for request in requests:
            sent = time.monotonic()
            if sent - began > plan.seconds:
                break
            writer.write(request.replace(FRESH_ID.encode(), str(new_id()).encode()))
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            latencies.append(time.monotonic() - sent)
            wrong += b" 200 " not in head[:16] or b'"errors"' in body or b'"message":' in body
        writer.close()

    await asyncio.gather(*(client() for _ in range(plan.clients)))
    seconds = time.monotonic() - began
    ordered = sorted(latencies)
    return Outcome(
        answered=len(ordered) - wrong,
        seconds=seconds,
        wrong=wrong,
        median_ms=statistics.median(ordered) * 1_000,
        slowest_hundredth_ms=ordered[len(ordered) * 99 // 100] * 1_000,
    )


if __name__ == "__main__":
    outcome = uvloop.run(_run(Plan(**json.load(sys.stdin))))
    print(json.dumps(asdict(outcome)))
