"""How the SDK's requests reach the provider: over one httpx client.

The SDK brings one of its own, which passes its body to httpx in a way that httpx has deprecated,
and sends even a neighbour on loopback through the machine's proxy.
"""

import ssl
from collections.abc import Mapping

import anyio
import httpx
import stripe


def neighbourly_client(url: str, *, timeout_seconds: float) -> httpx.AsyncClient:
    """A client for an address of our own: past the machine's proxy.

    Without TLS it reads no certificates either, which takes longer than to start the rest.
    """
    is_plain = url.startswith("http://")
    return httpx.AsyncClient(
        timeout=timeout_seconds,
        trust_env=False,
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else True,
    )


class Transport(stripe.HTTPClient):
    """Asynchronous only."""

    name = "httpx"

    def __init__(self, api_base: str | None, *, timeout_seconds: float) -> None:
        super().__init__()
        self._client = (
            httpx.AsyncClient(timeout=timeout_seconds)
            if api_base is None
            else neighbourly_client(api_base, timeout_seconds=timeout_seconds)
        )

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One request; every failure to get an answer is one that may be tried again."""
        try:
            response = await self._client.request(method, url, headers=headers, content=post_data)
        except httpx.HTTPError as error:
            raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]  # the SDK left it bare
                f"no answer from the payment provider: {type(error).__name__}", should_retry=True
            ) from error
        return response.content, response.status_code, response.headers

    async def sleep_async(self, secs: float) -> None:
        """Wait between two attempts."""
        await anyio.sleep(secs)

    async def close_async(self) -> None:
        """Give the connections back."""
        await self._client.aclose()
