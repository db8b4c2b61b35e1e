"""The sandbox on a port of its own, inside the process that asks for it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

PATIENCE_SECONDS = 5
LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def served(
    create: Callable[[str], ASGIApp], *, host: str = LOOPBACK, port: int = 0
) -> AsyncIterator[str]:
    """Serve the application that `create` makes for its address, until the end of the block.

    Port 0 takes any that is free. The address is given: `http://127.0.0.1:40123`.
    """
    # Named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms a request.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        address = f"http://{host}:{listener.getsockname()[1]}"
        config = uvicorn.Config(create(address), log_config=None, access_log=False, ws="none")
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        # Not `serve`: it would take the signals away from the server of the product.
        await server.startup([listener])
        try:
            yield address
        finally:
            for accepting in server.servers:
                accepting.close()
            for connection in list(server.server_state.connections):
                connection.shutdown()
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await asyncio.gather(*server.server_state.tasks)
            await server.lifespan.shutdown()
