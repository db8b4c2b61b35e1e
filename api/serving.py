"""`serve`: the platform on its port, the payment sandbox on its own, until a signal comes."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from api.app import create_app
from api.settings import Settings
from models.kernel.clock import Clock, SystemClock

_BACKLOG = 2_048
_STOPPING_SECONDS = 10
# Requests make many short-lived objects and few cycles: measured, see docs/performance.md.
_COLLECT_AFTER = 50_000


class PortTakenError(Exception):
    """Another process listens there."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are handled once for all servers of the process, by `serve`."""
        yield


async def serve(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ready: Callable[[Settings], None],
    until: asyncio.Event | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or an event; `ready` is told the settings with their real ports.

    The event is set when a signal ends it. Raises PortTakenError when a port asked for is taken.
    """
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(_listen(settings.host, settings.port))
        update = {"port": listener.getsockname()[1]}
        servers: list[tuple[_Server, socket.socket]] = []
        if settings.serves_sandbox:
            beside = sockets.enter_context(_listen_beside(settings, update["port"]))
            update["sandbox_port"] = beside.getsockname()[1]
        settings = settings.model_copy(update=update)
        if settings.serves_sandbox:
            servers.append((_server(_sandbox(settings, clock), settings, beside), beside))
        app = create_app(settings, clock=clock)
        servers.insert(0, (_server(app, settings, listener), listener))
        await _run_all(servers, app, lambda: ready(settings), until or asyncio.Event())


async def _run_all(
    servers: list[tuple[_Server, socket.socket]],
    app: Starlette,
    ready: Callable[[], None],
    until: asyncio.Event,
) -> None:
    main = servers[0][0]

    def stop() -> None:
        app.state.stop()
        main.should_exit = True
        until.set()

    def interrupt() -> None:
        if main.should_exit:
            main.force_exit = True
        stop()

    with handled_signals(interrupt):
        tasks = [
            asyncio.create_task(server.serve(sockets=[listener])) for server, listener in servers
        ]
        asides = [
            asyncio.create_task(_tell_when_started([one for one, _ in servers], ready)),
            asyncio.create_task(_stop_after(until, stop)),
        ]
        try:
            await tasks[0]
        finally:
            for aside in asides:
                aside.cancel()
            for server, _ in servers:
                server.should_exit = True
            await asyncio.gather(*tasks, *asides, return_exceptions=True)
    if not main.started:
        raise SystemExit(3)


async def _stop_after(until: asyncio.Event, stop: Callable[[], None]) -> None:
    await until.wait()
    stop()


async def _tell_when_started(servers: list[_Server], ready: Callable[[], None]) -> None:
    while not all(server.started for server in servers):  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.01)
    # What was imported and wired stays for ever: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 100)
    ready()


@contextlib.contextmanager
def handled_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM and SIGINT, as long as this lasts."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _server(app: ASGIApp, settings: Settings, listener: socket.socket) -> _Server:
    host, port = listener.getsockname()[:2]
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_graceful_shutdown=_STOPPING_SECONDS,
            ws_max_size=settings.max_body_bytes,
        )
    )


def _sandbox(settings: Settings, clock: Clock | None) -> Starlette:
    from webhooks.sandbox.app import create_sandbox  # noqa: PLC0415 - production never loads it

    settings.run_folder.mkdir(parents=True, exist_ok=True)
    return create_sandbox(
        state_path=settings.run_folder / "sandbox.sqlite3",
        api_key=settings.payment_key,
        webhook_url=f"{settings.loopback_address}/webhooks/stripe",
        webhook_secret=settings.payment_webhook_secret,
        clock=clock or SystemClock(),
        public_url=settings.sandbox_address,
        environment=settings.environment.value,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTakenError(f"{host} port {port}: {error.strerror}") from error
    listener.listen(_BACKLOG)
    return listener


def _listen_beside(settings: Settings, port: int) -> socket.socket:
    """The sandbox's port: the one asked for, else the next one, else any that is free."""
    if settings.sandbox_port:
        return _listen(settings.sandbox_host, settings.sandbox_port)
    try:
        return _listen(settings.sandbox_host, min(port + 1, 65_535))
    except PortTakenError:
        return _listen(settings.sandbox_host, 0)
