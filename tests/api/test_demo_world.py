"""Which database a demo world may be made in, and how it is known again."""

import io
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.demo.figures import Figure, money, show
from api.demo.stage import Stage
from api.demo.terminal import Terminal, padded, right, width
from api.demo.world import CannotShowError, World, settings_of_demo
from api.settings import Environment, Settings
from models.kernel.clock import MovableClock
from models.kernel.database import Database
from models.kernel.migrating import is_empty, is_migrated
from models.kernel.money import Fen

IDS = {"fund": "RnVuZDox"}


def world_of(database: Database, folder: Path) -> World:
    return World(
        Settings(
            run_folder=folder,
            database_url=database.url.render_as_string(hide_password=False),
        )
    )


async def test_a_database_that_holds_something_else_is_left_alone(
    database: Database, tmp_path: Path
) -> None:
    world = world_of(database, tmp_path)

    with world.held(), pytest.raises(CannotShowError, match="something else"):
        await world.clear(database)

    assert await is_migrated(database)
    assert world.ids() is None


async def test_a_world_that_was_begun_here_is_begun_anew(
    database: Database, tmp_path: Path
) -> None:
    url = database.url.render_as_string(hide_password=False)
    world = world_of(database, tmp_path)
    with world.held():
        world.finish(IDS)
        assert world.ids() == IDS

        await world.clear(database)

    assert world.ids() is None
    emptied = Database(url)
    assert await is_empty(emptied)
    await emptied.close()


async def test_a_world_of_another_edition_is_not_taken_for_this_one(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of(database, tmp_path)
    with world.held():
        world.finish(IDS)

    monkeypatch.setattr("api.demo.world.EDITION", 0)

    assert world.ids() is None


async def test_two_cannot_hold_a_world_at_once(database: Database, tmp_path: Path) -> None:
    with (
        world_of(database, tmp_path).held(),
        pytest.raises(CannotShowError, match="another process"),
        world_of(database, tmp_path).held(),
    ):
        pytest.fail("held twice")

    with world_of(database, tmp_path).held():
        pass


@pytest.mark.parametrize(
    "settings",
    [
        Settings(
            stripe_secret_key=SecretStr("sk_test_1"), stripe_webhook_secret=SecretStr("whsec_1")
        ),
        Settings().model_copy(update={"environment": Environment.PRODUCTION}),
    ],
    ids=["with a payment provider", "in production"],
)
def test_a_demo_is_never_made_where_money_or_people_are_real(settings: Settings) -> None:
    with pytest.raises(CannotShowError, match="payment sandbox"):
        settings_of_demo(settings, once=True, has_port=False)


def test_a_demo_that_is_shown_once_leaves_the_visited_one_alone(tmp_path: Path) -> None:
    settings = Settings(run_folder=tmp_path, port=8123)

    visited = settings_of_demo(settings, once=False, has_port=False)
    passing = settings_of_demo(settings, once=True, has_port=False)

    assert visited.database != passing.database
    assert (visited.port, passing.port) == (8123, 0)
    assert settings_of_demo(settings, once=True, has_port=True).port == 8123


def test_a_figure_that_differs_is_shown_as_different() -> None:
    stream = io.StringIO()
    stage = Stage(MovableClock(), Terminal(stream))
    balance = money("余额 balance", Fen(100), 100)
    relief = money("救助 relief", Fen(100), 99)

    assert show(stage, [balance])
    assert not show(stage, [balance, relief])
    assert re.search(r"救助 relief +1\.00 +≠ +0\.99", stream.getvalue())


def test_columns_line_up_whatever_the_script() -> None:
    assert width("救助 relief") == 11
    assert padded("底线", 6) == "底线  "
    assert right("底线", 6) == "  底线"
    assert Figure("", "1", "1").is_equal
