"""Settings: safe defaults, clear refusals, keys made once."""

import stat
from pathlib import Path
from typing import Any

import pytest

from api.settings import LogFormat, Settings, SettingsError, load

SAFE: dict[str, Any] = {
    "environment": "production",
    "database_url": "postgresql://yuanliu@database/yuanliu",
    "token_key": "t" * 40,
    "sealing_key": "s" * 40,
    "public_url": "https://yuanliu.example.cn",
    "stripe_secret_key": "sk_live_1",
    "stripe_webhook_secret": "whsec_1",
}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("YUANLIU_RUN_FOLDER", str(tmp_path / "run"))


def test_without_any_setting_there_is_an_embedded_database_a_worker_and_a_sandbox(
    tmp_path: Path,
) -> None:
    settings = load()

    assert settings.database == f"sqlite:///{tmp_path / 'run' / 'yuanliu.sqlite3'}"
    assert (settings.is_embedded, settings.works_in_process, settings.has_sandbox) == (True,) * 3
    assert settings.address == "http://127.0.0.1:8000"


def test_keys_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    first, second = load(), load()

    key = first.token_key.get_secret_value()
    assert (len(key) >= 32, key) == (True, second.token_key.get_secret_value())
    assert key != first.sealing_key.get_secret_value()
    assert stat.S_IMODE((tmp_path / "run" / "keys.json").stat().st_mode) == 0o600
    assert load(token_key="g" * 40).token_key.get_secret_value() == "g" * 40


def test_the_environment_is_read_under_its_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://somebody@database/yuanliu")
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_1")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_1")
    monkeypatch.setenv("YUANLIU_ALLOWED_ORIGINS", "https://a.example, https://b.example")

    settings = load()

    assert (settings.is_embedded, settings.works_in_process, settings.has_sandbox) == (False,) * 3
    assert settings.allowed_origins == ("https://a.example", "https://b.example")


def test_secrets_are_not_shown() -> None:
    settings = load(**SAFE)

    assert not any(secret in repr(settings) for secret in ("sk_live_1", "whsec_1", "ttt", "sss"))


def test_production_runs_with_safe_settings_and_has_no_sandbox() -> None:
    assert load(**SAFE).logs is LogFormat.JSON
    without_stripe = SAFE | {"stripe_secret_key": "", "stripe_webhook_secret": ""}
    assert not load(**without_stripe).has_sandbox


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"database_url": ""}, "DATABASE_URL: production names its database"),
        ({"token_key": ""}, "YUANLIU_TOKEN_KEY: production brings its own key"),
        ({"token_key": "short"}, "YUANLIU_TOKEN_KEY: A key has at least 32 bytes"),
        ({"sealing_key": ""}, "YUANLIU_SEALING_KEY: production brings its own key"),
        ({"sealing_key": "t" * 40}, "YUANLIU_TOKEN_KEY and YUANLIU_SEALING_KEY: two keys, not one"),
        ({"public_url": "http://a.cn"}, "YUANLIU_PUBLIC_URL: production is reached by https"),
        ({"stripe_secret_key": "sk_test_1"}, "STRIPE_SECRET_KEY: a test key moves no money"),
        (
            {"stripe_webhook_secret": ""},
            "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET: set both or neither",
        ),
        (
            {"database_url": "mysql://x/y"},
            "DATABASE_URL: Yuanliu runs on SQLite and PostgreSQL, not on mysql",
        ),
        ({"port": 70_000}, "YUANLIU_PORT: Input should be less than or equal to 65535"),
    ],
)
def test_production_refuses_what_is_not_safe_and_says_what(
    change: dict[str, Any], problem: str
) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(**(SAFE | change))

    assert refusal.value.problems == [problem]


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        load(environment="production")

    assert len(refusal.value.problems) == 4


def test_every_setting_says_what_it_does() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_every_setting_is_in_the_documentation_as_it_is_in_the_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]

    assert [(row[0], row[-1]) for row in rows] == [
        (f"| `{field.validation_alias or f'YUANLIU_{name.upper()}'}`", f"{field.description} |")
        for name, field in Settings.model_fields.items()
    ]


def test_a_wildcard_host_is_reached_by_loopback() -> None:
    settings = load(host="0.0.0.0", port=81)  # noqa: S104 - nothing is bound

    assert (settings.address, settings.sandbox_address) == (
        "http://127.0.0.1:81",
        "http://127.0.0.1:82",
    )


def test_a_sandbox_of_another_process_is_used_but_not_served() -> None:
    settings = load(sandbox_url="http://web:8001/")

    assert (settings.has_sandbox, settings.serves_sandbox) == (True, False)
    assert settings.payment_address == "http://web:8001"
    assert settings.payment_key.startswith("sk_test_")
