"""`yuanliu demo`: make the demo world if it is not there, show its figures, let people visit it."""

import asyncio

import structlog

from api.demo import figures, ganzhou, parties, tongchuan
from api.demo.stage import PASSWORD, Stage, moment_of
from api.demo.terminal import Terminal, padded
from api.demo.world import CannotShowError, World
from api.platform import open_database
from api.preparing import load_all, make_administrator
from api.serving import PortTakenError, serve
from api.settings import Settings
from models.kernel.clock import MovableClock, business_date
from models.kernel.migrating import migrate
from models.reports import books
from webhooks.graphql_client import GraphQLClient

log = structlog.get_logger(__name__)

_BEFORE_IT_BEGINS = "2017-10-16 08:30"
SIGN_INS = (
    (parties.ADMINISTRATOR, "平台管理员 administrator"),
    (parties.MANAGER, "通川基金管理人 fund manager"),
    (parties.CASHIER, "通川基金出纳 fund cashier"),
    (parties.REVIEWER, "通川区级审批人 district reviewer"),
    (parties.FINANCE, "通川区财政 district finance"),
    (parties.AUDITOR, "通川区审计 district auditor"),
    ("gz.school", "赣州学校采购员 buyer of three schools and a kindergarten"),
    ("gz.west", "赣西南片供货员 sells for six suppliers"),
    (parties.CITY_AUDITOR, "赣州市审计 city auditor"),
)


async def show(settings: Settings, *, once: bool, fresh: bool) -> bool:
    """Show the demo world, made anew if it is not there or if `fresh` says so.

    With `once` it is always made anew, and shown only until its figures are printed. The answer is
    whether every figure was as it has to be. Raises CannotShowError.
    """
    world, terminal, clock = World(settings), Terminal(), MovableClock()
    terminal.title("源流 Yuanliu · 演示世界 the demo world")
    with world.held():
        is_new = once or fresh or world.ids() is None
        if is_new:
            terminal.line("  准备数据表与全国行政区划  tables and the divisions of the country")
        try:
            await _prepare(settings, world, clock, is_new=is_new)
        except OSError as error:
            raise CannotShowError(f"the database cannot be reached: {error}") from error
        showing = _Showing(world, Stage(clock, terminal), is_new=is_new, once=once)
        try:
            await serve(settings, clock=clock, ready=showing.begin, until=showing.is_over)
        except PortTakenError as error:
            raise CannotShowError(f"{error}; choose another with --port") from error
        return await showing.end()


async def _prepare(settings: Settings, world: World, clock: MovableClock, *, is_new: bool) -> None:
    if is_new:
        await world.clear(open_database(settings))
        clock.set(moment_of(_BEFORE_IT_BEGINS))
    database = open_database(settings, clock)
    try:
        await migrate(database)
        await load_all(database, divisions=None)
        if is_new:
            await make_administrator(
                database,
                sign_in_name=parties.ADMINISTRATOR,
                name="平台管理员（演示）",
                password=PASSWORD,
            )
    finally:
        await database.close()


class _Showing:
    """What goes on beside the server."""

    def __init__(self, world: World, stage: Stage, *, is_new: bool, once: bool) -> None:
        self.is_over = asyncio.Event()
        self._world = world
        self._stage = stage
        self._is_new = is_new
        self._once = once
        self._is_whole = False
        self._acting: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    def begin(self, served: Settings) -> None:
        """The server listens."""
        self._acting = asyncio.create_task(self._act(served))
        self._ending = asyncio.create_task(self._stop_acting(self._acting))

    async def _stop_acting(self, acting: asyncio.Task[None]) -> None:
        """Nobody acts on a server that is stopping."""
        await self.is_over.wait()
        acting.cancel()

    async def end(self) -> bool:
        """The server has stopped; whether the figures were right when the world was made."""
        if self._acting is None or self._ending is None:
            return False
        self.is_over.set()
        await asyncio.gather(self._acting, self._ending, return_exceptions=True)
        if self._acting.cancelled():
            self._stage.terminal.line(
                "\n  演示中断，下次从头开始 interrupted: the next one begins from the start"
            )
        return self._is_whole

    async def _act(self, served: Settings) -> None:
        stage, terminal = self._stage, self._stage.terminal
        try:
            async with GraphQLClient(served.loopback_address) as client:
                stage.client = client
                self._is_whole = await (self._make(served) if self._is_new else self._find())
                await figures.show_trace(stage)
                if not self._once:
                    # Visitors come in a year of their own, and may buy in it.
                    await ganzhou.appropriate(stage, business_date(stage.clock.now()))
                    _invite(stage, served)
        except Exception as error:
            log.exception("demo.failed")
            terminal.line(f"\n  演示未能完成 the demo could not go on: {error}")
            self.is_over.set()
        if self._once:
            self.is_over.set()

    async def _make(self, served: Settings) -> bool:
        """Replay it all; it is kept only if every figure is right."""
        await _replay(self._stage)
        self._stage.clock.release()
        is_whole = await _show_figures(self._stage, served)
        if is_whole:
            self._world.finish(self._stage.ids)
        return is_whole

    async def _find(self) -> bool:
        """What was made before, with what its visitors have done in it since."""
        self._stage.ids = self._world.ids() or {}
        self._stage.terminal.line(
            "  上次演示的世界仍在 as it was left   （--fresh 重做 makes it anew）"
        )
        return True


async def _replay(stage: Stage) -> None:
    stage.terminal.title("达州市通川区 · 防返贫基金  (2017–2018)")
    await tongchuan.open_fund(stage)
    await tongchuan.give(stage)
    await tongchuan.meet_first_call(stage)
    await tongchuan.relieve(stage)
    stage.terminal.title("赣州市 · 预算单位采购  (2020)")
    await ganzhou.open_market(stage)
    await ganzhou.trade(stage)


async def _show_figures(stage: Stage, served: Settings) -> bool:
    database = open_database(served, stage.clock)
    try:
        async with database.snapshot() as connection:
            differences = [difference async for difference in books.check(connection)]
    finally:
        await database.close()
    for difference in differences:
        stage.terminal.line(f"  {difference}")
    return figures.show(
        stage,
        [
            *await figures.of_tongchuan(stage),
            *await figures.of_ganzhou(stage),
            *figures.of_books(differences),
        ],
    )


def _invite(stage: Stage, served: Settings) -> None:
    terminal, ids, address = stage.terminal, stage.ids, served.address
    terminal.title(f"打开 open  {address}")
    terminal.line(f"\n  登录 sign in, 密码 password  {PASSWORD}   （仅供演示 for the demo only）")
    for name, role in SIGN_INS:
        terminal.line(f"    {padded(name, 14)}{role}")
    terminal.line("\n  三件可以一试的事 three things to try")
    terminal.line(
        f"    1 捐一元，看它入账 give a yuan and see it arrive   {address}/give/{ids['fund']}"
    )
    terminal.line(f"    2 查一笔捐款的去向 follow a gift   {address}/r/{ids['receipt_code']}")
    terminal.line(f"    3 以 gz.school 登录，下一单 sign in and order   {address}/orders/new")
    terminal.line("\n  按 Ctrl-C 停止；再次运行即从这里继续。Ctrl-C stops; the world is kept.\n")
