"""What the platform tells its operators: log lines and metrics, never a person's data.

A log line carries the request it belongs to and the id of who asked. Metrics of the database's
state (jobs, events, schedules) are asked of the database when they are collected, so that they are
true even when every worker is dead.
"""

import logging
import sys
from collections.abc import Sequence
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from api.settings import LogFormat
from models.kernel import inbox, jobs, schedules, workers
from models.kernel.database import Database
from models.kernel.jobs import JobState
from models.kernel.schedules import Schedule

REGISTRY = CollectorRegistry()

_requests = Counter(
    "yuanliu_requests_total",
    "Requests answered, by operation and status.",
    ["operation", "status"],
    registry=REGISTRY,
)
_request_seconds = Histogram(
    "yuanliu_request_seconds",
    "Time until a request was answered, by operation.",
    ["operation"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
_jobs_ended = Counter(
    "yuanliu_job_attempts_total",
    "Attempts at jobs that ended in this process, by kind and outcome.",
    ["kind", "outcome"],
    registry=REGISTRY,
)
_job_seconds = Histogram(
    "yuanliu_job_seconds",
    "Time an attempt at a job took, by kind.",
    ["kind"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600),
    registry=REGISTRY,
)
_events = Counter(
    "yuanliu_events_applied_total",
    "Events from outside that were taken up in this process, by source.",
    ["source"],
    registry=REGISTRY,
)


def request_ended(operation: str, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    _requests.labels(operation, str(status)).inc()
    _request_seconds.labels(operation).observe(seconds)


def job_ended(kind: str, outcome: str, seconds: float) -> None:
    """Count an attempt at a job: done, failed, lost or released."""
    _jobs_ended.labels(kind, outcome).inc()
    _job_seconds.labels(kind).observe(seconds)


def events_applied(source: str, number: int) -> None:
    """Count events of a source that were taken up."""
    if number:
        _events.labels(source).inc(number)


async def collect(database: Database, watched: Sequence[Schedule]) -> bytes:
    """All metrics in Prometheus' text format: this process's own and the state of the database."""
    state = CollectorRegistry()
    now = database.clock.now()
    async with database.read() as connection:
        job_figures = await jobs.figures(connection)
        waiting = await inbox.oldest_received(connection)
        late = await schedules.late(connection, watched, now)
        seen = await workers.last_seen(connection)
    number = Gauge("yuanliu_jobs", "Jobs not done.", ["kind", "state"], registry=state)
    age = Gauge(
        "yuanliu_oldest_job_seconds",
        "How long the longest waiting job of a kind has been due.",
        ["kind"],
        registry=state,
    )
    for figure in job_figures:
        number.labels(figure.kind, figure.state.value).set(figure.count)
        if figure.state is JobState.WAITING:
            seconds = (now - figure.oldest_due_at).total_seconds()
            age.labels(figure.kind).set(max(seconds, 0))
    events = Gauge("yuanliu_events_waiting", "Events to apply.", ["source"], registry=state)
    oldest = Gauge(
        "yuanliu_oldest_event_seconds",
        "How long the oldest event of a source has waited.",
        ["source"],
        registry=state,
    )
    for source, (count, received_at) in waiting.items():
        events.labels(source).set(count)
        oldest.labels(source).set((now - received_at).total_seconds())
    lateness = Gauge(
        "yuanliu_schedule_late_seconds",
        "How long ago a schedule was due that did not run; 0 when it did.",
        ["schedule"],
        registry=state,
    )
    for schedule in watched:
        lateness.labels(schedule.name).set(0)
    for found in late:
        lateness.labels(found.name).set((now - found.due_at).total_seconds())
    if seen is not None:
        silence = Gauge(
            "yuanliu_worker_silent_seconds", "Since a worker was last heard of.", registry=state
        )
        silence.set((now - seen).total_seconds())
    return generate_latest(REGISTRY) + generate_latest(state)


def configure_logs(log_format: LogFormat, level: str) -> None:
    """Write log lines to standard error, those of libraries too, in one form."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if log_format is LogFormat.JSON:
        # Tracebacks without the values of variables: those may be a person's data.
        last: list[Any] = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        plain = structlog.dev.plain_traceback
        last = [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=plain, pad_event_to=24
            )
        ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # What is told once is told by us; from libraries only what is wrong.
    for name in ("alembic", "httpcore", "httpx", "stripe", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)
