"""Who sends a request: a token in a header for programs, the same token in a cookie for browsers.

The token is signed (HS256, RFC 7515) and names a session; who acts in it is asked of the database
each time, so that signing out counts at once. Keys have versions: a new one signs, old ones are
believed as long as they are kept. The cookie is HttpOnly and SameSite=Lax, and where there is TLS
Secure with the `__Host-` prefix; the doors refuse a request with a cookie from another site's page.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey
from starlette.requests import HTTPConnection
from strawberry.http.websocket_origin import is_same_origin

from api.endpoint.wire import RequestRefusedError
from models.kernel.ids import new_id
from models.kernel.sealing import Keyring
from models.parties import ANONYMOUS, Actor
from models.parties.sessions import Session, actor_of_session
from resolvers.context import Context, Platform
from resolvers.sentences import Language

ISSUER: Final = "yuanliu"
TOKEN_CHARACTERS: Final = 1_000
_ALGORITHM: Final = "HS256"
_PURPOSE: Final = "session token"


class Tokens:
    """Writes and reads the token of a session."""

    def __init__(self, keyring: Keyring) -> None:
        self._keys = {
            str(version): OctKey.import_key(keyring.derived(_PURPOSE, version))
            for version in keyring.versions
        }
        self._newest = str(keyring.newest)

    def issue(self, session: Session) -> str:
        """The token of a session: the same one each time, as long as its key is the newest."""
        header = {"alg": _ALGORITHM, "kid": self._newest, "typ": "JWT"}
        claims = {
            "iss": ISSUER,
            "sub": str(session.person_id),
            "sid": str(session.id),
            "iat": int(session.begun_at.timestamp()),
            "exp": int(session.expires_at.timestamp()),
        }
        return jwt.encode(header, claims, self._keys[self._newest], algorithms=[_ALGORITHM])

    def session_id(self, token: str) -> UUID | None:
        """The session that a token of ours names; None for any other text."""
        if len(token) > TOKEN_CHARACTERS or not token.isascii():
            return None
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            return UUID(claims["sid"]) if claims.get("iss") == ISSUER else None
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _key(self, guest: GuestProtocol) -> OctKey:
        return self._keys[str(guest.headers().get("kid"))]


@dataclass(slots=True)
class HttpCarrier:
    """How one request carries its session, and what its answer tells the browser."""

    tokens: Tokens
    is_secure: bool
    is_own_page: bool
    headers: list[tuple[str, str]]
    replaced_session_id: UUID | None = None

    def keep(self, session: Session) -> str:
        """The token of a session; a browser on a page of ours is given it as a cookie too."""
        token = self.tokens.issue(session)
        if self.is_own_page:
            # Relative, because the browser's clock need not be the platform's.
            self._set(token, int((session.expires_at - session.begun_at).total_seconds()))
        return token

    def drop(self) -> None:
        """Tell the browser to forget its session."""
        self._set("", 0)

    def _set(self, value: str, seconds: int) -> None:
        cookie = f"{cookie_name(is_secure=self.is_secure)}={value}; Max-Age={seconds}; Path=/"
        secure = "; Secure" if self.is_secure else ""
        self.headers.append(("set-cookie", f"{cookie}; HttpOnly; SameSite=Lax{secure}"))


def cookie_name(*, is_secure: bool) -> str:
    """The cookie's name; with TLS the prefix lets no other host or path set it."""
    return "__Host-yuanliu" if is_secure else "yuanliu"


def bearer_token(headers: Mapping[str, str], payload: Mapping[str, object]) -> str | None:
    """The token a program sends: in a header, or on a socket when the conversation begins."""
    given = headers.get("authorization") or payload.get("authorization")
    if given is None:
        return None
    scheme, _, token = str(given).partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def language_of(accept_language: str | None) -> Language:
    """Chinese, unless English is asked for first (RFC 9110 §12.5.4)."""
    wanted: list[tuple[float, Language]] = []
    for part in (accept_language or "").split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            quality = 0.0
        if tag.lower().startswith("en"):
            wanted.append((quality, "en"))
        elif tag.lower().startswith("zh"):
            wanted.append((quality, "zh"))
    return max(wanted, key=lambda choice: choice[0], default=(1.0, "zh"))[1]


def is_own_page(connection: HTTPConnection) -> bool:
    """Whether a page of this site sent the request, by what its browser says."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = connection.headers.get("origin")
    return origin is not None and is_same_origin(origin, connection.headers.get("host"))


@dataclass(frozen=True, slots=True)
class Contexts:
    """Makes the context of each operation: `graphql_routes(schema, Contexts(…))`."""

    tokens: Tokens
    platform: Callable[[HTTPConnection], Platform]
    is_secure: bool
    hides_schema: bool

    def __call__(
        self, connection: HTTPConnection, payload: Mapping[str, object]
    ) -> AbstractAsyncContextManager[Context]:
        """The context of one operation; refuses with 401 a program whose token does not hold."""
        return self._made(connection, payload)

    @asynccontextmanager
    async def _made(
        self, connection: HTTPConnection, payload: Mapping[str, object]
    ) -> AsyncIterator[Context]:
        platform = self.platform(connection)
        headers: list[tuple[str, str]] = []
        carrier = HttpCarrier(self.tokens, self.is_secure, is_own_page(connection), headers)
        bearer = bearer_token(connection.headers, payload)
        if bearer is not None:
            shown = await self._shown(platform, bearer)
            if shown is None:
                raise RequestRefusedError(
                    401,
                    "UNAUTHENTICATED",
                    "The token is not valid, or its session is over.",
                    headers={"www-authenticate": 'Bearer error="invalid_token"'},
                )
        else:
            cookie = connection.cookies.get(cookie_name(is_secure=self.is_secure), "")
            shown = await self._shown(platform, cookie) if cookie else None
            if shown is not None:
                carrier.replaced_session_id = shown.session_id
            elif cookie:
                carrier.drop()
        actor = ANONYMOUS if shown is None else shown.actor
        if actor.person_id is not None:
            connection.scope.setdefault("state", {})["actor_id"] = str(actor.person_id)
        yield Context(
            platform,
            carrier,
            actor=actor,
            session_id=None if shown is None else shown.session_id,
            address=connection.client.host if connection.client else "",
            language=language_of(connection.headers.get("accept-language")),
            request_id=connection.scope.get("state", {}).get("request_id") or str(new_id()),
            may_introspect=actor.person_id is not None or not self.hides_schema,
            response_headers=headers,
        )

    async def _shown(self, platform: Platform, token: str) -> "Shown | None":
        session_id = self.tokens.session_id(token)
        if session_id is None:
            return None
        async with platform.database.read() as connection:
            actor = await actor_of_session(
                connection, session_id, now=platform.database.clock.now()
            )
        return None if actor is None else Shown(session_id, actor)


@dataclass(frozen=True, slots=True)
class Shown:
    """A session that was shown and holds, and who acts in it."""

    session_id: UUID
    actor: Actor
