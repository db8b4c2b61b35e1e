"""Every setting, with its default and what it does. Nothing else reads the environment.

Names in the environment begin with YUANLIU_, but for DATABASE_URL and those of the payment
provider, which keep the names that hosts and Stripe give them.
"""

import enum
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.kernel.database import database_url
from models.kernel.sealing import Keyring

_KEY_BYTES = 32
_STRIPE_PAGE_ORIGIN = "https://checkout.stripe.com"


class SettingsError(Exception):
    """The settings cannot be used; each line says which one, and what would do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Environment(enum.StrEnum):
    """What the process is for."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class LogFormat(enum.StrEnum):
    """How a log line is written."""

    CONSOLE = "console"
    JSON = "json"


class Settings(BaseSettings):
    """The settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix="YUANLIU_",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    environment: Environment = Environment.DEVELOPMENT
    """development, production, demo or test; production refuses defaults that are not safe."""

    run_folder: Path = Path(".run")
    """Where the embedded database and the generated keys are kept."""

    database_url: Annotated[str, Field(validation_alias="DATABASE_URL")] = ""
    """SQLite (sqlite:///path) or PostgreSQL; by default a SQLite file in the run folder."""

    database_pool_size: int = Field(default=10, ge=1, le=200)
    """Connections a process keeps to PostgreSQL, for writing and for reading each."""

    host: str = "127.0.0.1"
    """The address to listen on."""

    port: int = Field(default=8000, ge=0, le=65535)
    """The port to listen on."""

    public_url: str = ""
    """The address people use, such as https://yuanliu.example.cn; by default host and port."""

    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Other origins, separated by commas, whose pages may open sockets here."""

    trusted_proxies: str = "127.0.0.1"
    """Addresses, separated by commas, of proxies whose X-Forwarded headers are believed."""

    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    """The largest request body that is read; a larger one is answered 413."""

    token_key: SecretStr = SecretStr("")
    """Signs sessions and tokens: a secret, or 1:secret,2:secret; by default made once."""

    sealing_key: SecretStr = SecretStr("")
    """Seals personal data, written like the token key. What it sealed is lost with it."""

    stripe_secret_key: Annotated[SecretStr, Field(validation_alias="STRIPE_SECRET_KEY")] = (
        SecretStr("")
    )
    """The payment provider's secret key; without one the platform brings its payment sandbox."""

    stripe_webhook_secret: Annotated[SecretStr, Field(validation_alias="STRIPE_WEBHOOK_SECRET")] = (
        SecretStr("")
    )
    """What the payment provider signs its events with (whsec_…); required with a secret key."""

    sandbox_port: int = Field(default=0, ge=0, le=65535)
    """The loopback port of the payment sandbox; 0 takes the one after the platform's own."""

    sandbox_host: str = "127.0.0.1"
    """The address the payment sandbox listens on: loopback, but for a container."""

    sandbox_url: str = ""
    """Where the payment sandbox is, when it is another process that serves it."""

    worker_in_process: bool | None = None
    """Whether `serve` also does the jobs; by default on SQLite it does and on PostgreSQL not."""

    worker_concurrency: int = Field(default=4, ge=1, le=64)
    """How many jobs one worker does at a time."""

    worker_poll_seconds: float = Field(default=1.0, gt=0, le=60)
    """How often a worker that nobody wakes looks for work by itself."""

    event_batch: int = Field(default=200, ge=1, le=1_000)
    """How many stored events are applied in one transaction."""

    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    """debug, info, warning or error."""

    log_format: LogFormat | None = None
    """console or json; by default console in development and demo, json elsewhere."""

    metrics_token: SecretStr = SecretStr("")
    """Asked as a bearer token by /metrics; without one, production does not show its metrics."""

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: dict[str, Any]) -> dict[str, Any]:
        given = values.get("allowed_origins")
        if isinstance(given, str):
            origins = tuple(origin.strip() for origin in given.split(",") if origin.strip())
            values["allowed_origins"] = origins
        return values

    @model_validator(mode="after")
    def _check(self) -> Self:
        problems = [*self._contradictions()]
        if self.environment is Environment.PRODUCTION:
            problems += self._insecurities()
        if problems:
            raise SettingsError(problems)
        return self

    def _contradictions(self) -> list[str]:
        problems: list[str] = []
        try:
            database_url(self.database)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it is the URL
            problems.append(f"DATABASE_URL: {error}")
        if self.has_stripe != bool(self.stripe_webhook_secret.get_secret_value()):
            problems.append("STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET: set both or neither")
        for name in ("token_key", "sealing_key"):
            try:
                Keyring.parse(getattr(self, name).get_secret_value())
            except ValueError as error:
                problems.append(f"YUANLIU_{name.upper()}: {error}")
        return problems

    def _insecurities(self) -> list[str]:
        wanted = {
            "DATABASE_URL: production names its database": self.database_url,
            "YUANLIU_TOKEN_KEY: production brings its own key": self.token_key.get_secret_value(),
            "YUANLIU_SEALING_KEY: production brings its own key": (
                self.sealing_key.get_secret_value()
            ),
            "YUANLIU_PUBLIC_URL: production is reached by https": (
                self.public_url.startswith("https://")
            ),
            "STRIPE_SECRET_KEY: a test key moves no money": (
                not self.stripe_secret_key.get_secret_value().startswith(("sk_test_", "rk_test_"))
            ),
            "YUANLIU_TOKEN_KEY and YUANLIU_SEALING_KEY: two keys, not one": (
                not self.token_key.get_secret_value()
                or self.token_key.get_secret_value() != self.sealing_key.get_secret_value()
            ),
        }
        return [problem for problem, is_met in wanted.items() if not is_met]

    @property
    def database(self) -> str:
        """The database to use."""
        return self.database_url or f"sqlite:///{self.run_folder / 'yuanliu.sqlite3'}"

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a SQLite file, so that one process does everything."""
        return database_url(self.database).get_backend_name() == "sqlite"

    @property
    def works_in_process(self) -> bool:
        """Whether `serve` does the jobs too."""
        return self.is_embedded if self.worker_in_process is None else self.worker_in_process

    @property
    def has_stripe(self) -> bool:
        """Whether a payment provider's key was given."""
        return bool(self.stripe_secret_key.get_secret_value())

    @property
    def has_sandbox(self) -> bool:
        """Whether the payment sandbox is brought: without a key, and never in production."""
        return not self.has_stripe and self.environment is not Environment.PRODUCTION

    @property
    def serves_sandbox(self) -> bool:
        """Whether `serve` starts the payment sandbox too."""
        return self.has_sandbox and not self.sandbox_url

    @property
    def is_production(self) -> bool:
        """Whether real money and real people are behind this process."""
        return self.environment is Environment.PRODUCTION

    @property
    def is_https(self) -> bool:
        """Whether people reach it by TLS."""
        return self.address.startswith("https://")

    @property
    def address(self) -> str:
        """The address people use, without a slash at its end."""
        return (self.public_url or self.loopback_address).rstrip("/")

    @property
    def loopback_address(self) -> str:
        """The address by which another server on this machine reaches this one."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - read here, not bound
        return f"http://{host}:{self.port}"

    @property
    def payment_key(self) -> str:
        """The key to speak to the payment provider with, or to its sandbox; empty for neither."""
        if self.has_sandbox:
            return f"sk_test_{self._sandbox_secret('key')}"
        return self.stripe_secret_key.get_secret_value()

    @property
    def payment_webhook_secret(self) -> str:
        """What the payment provider, or its sandbox, signs its events with."""
        if self.has_sandbox:
            return f"whsec_{self._sandbox_secret('webhook')}"
        return self.stripe_webhook_secret.get_secret_value()

    @property
    def payment_address(self) -> str | None:
        """Where the payment provider's API is; None for its own place."""
        return self.sandbox_address if self.has_sandbox else None

    def _sandbox_secret(self, purpose: str) -> str:
        key = self.token_key.get_secret_value().encode()
        return hmac.digest(key, f"sandbox {purpose}".encode(), "sha256").hex()

    @property
    def sandbox_address(self) -> str:
        """The address of the payment sandbox."""
        port = self.sandbox_port or self.port + 1
        return self.sandbox_url.rstrip("/") or f"http://127.0.0.1:{port}"

    @property
    def payment_page_origins(self) -> tuple[str, ...]:
        """The sites of the pages where one pays, to which a form of ours may lead."""
        if self.has_sandbox:
            return (self.sandbox_address,)
        return (_STRIPE_PAGE_ORIGIN,) if self.has_stripe else ()

    @property
    def logs(self) -> LogFormat:
        """How log lines are written."""
        quiet = self.environment in {Environment.DEVELOPMENT, Environment.DEMO}
        return self.log_format or (LogFormat.CONSOLE if quiet else LogFormat.JSON)


def load(**given: object) -> Settings:
    """The settings from the environment, with those given in their place and keys made if needed.

    Raises SettingsError, which names every setting that cannot be used.
    """
    try:
        settings = Settings(**given)  # type: ignore[arg-type] # pydantic checks what was given
    except ValidationError as error:
        raise SettingsError([_problem(detail) for detail in error.errors()]) from None
    if settings.token_key.get_secret_value() and settings.sealing_key.get_secret_value():
        return settings
    kept = _generated_keys(settings.run_folder / "keys.json")
    return settings.model_copy(
        update={
            name: getattr(settings, name)
            if getattr(settings, name).get_secret_value()
            else SecretStr(key)
            for name, key in kept.items()
        }
    )


def _problem(detail: Any) -> str:
    name = str(detail["loc"][0]) if detail["loc"] else "settings"
    variable = name if name.isupper() else f"YUANLIU_{name.upper()}"
    return f"{variable}: {detail['msg']}"


def _generated_keys(path: Path) -> dict[str, str]:
    """The keys of the embedded default: made once, readable by their owner alone."""
    names = ("token_key", "sealing_key")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({name: secrets.token_urlsafe(_KEY_BYTES) for name in names}, file)
        try:
            # Two processes may start at once: the first to link its file has made the keys.
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {name: str(kept[name]) for name in names}
