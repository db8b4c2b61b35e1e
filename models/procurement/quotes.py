"""What an order would come to: its total, what each village would gain, what is left to spend.

A quote holds nothing; between the quote and the order, prices, stock and lots may change.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from models.kernel.money import Fen, split
from models.ledger.books import balances
from models.parties import Actor
from models.procurement.attribution import shares_of_lots
from models.procurement.baskets import Basket, Wanted, price
from models.procurement.budgets import NOTHING
from models.procurement.orders import require_officer


@dataclass(frozen=True, slots=True)
class Quote:
    """A priced basket, in fen; the parts of the villages add up to the total."""

    basket: Basket
    line_shares: tuple[dict[str, Fen], ...]
    available_fen: Fen

    @property
    def total_fen(self) -> Fen:
        """What the lines come to."""
        return self.basket.total_fen

    @property
    def village_shares(self) -> dict[str, Fen]:
        """What each village would gain of the whole order, by code."""
        totals: defaultdict[str, int] = defaultdict(int)
        for shares in self.line_shares:
            for code, amount in shares.items():
                totals[code] += amount
        return {code: Fen(totals[code]) for code in sorted(totals)}


async def quote(
    connection: AsyncConnection,
    actor: Actor,
    *,
    unit_id: UUID,
    wanted: Sequence[Wanted],
    day: dt.date,
) -> Quote:
    """Quote an order of a unit, to its officer, as if placed on that day.

    `available_fen` is what the appropriation of the year has left before the order; that it does
    not suffice is shown, not refused. Refuses otherwise with what `placing.place` would.
    """
    require_officer(actor, unit_id)
    basket = await price(connection, unit_id=unit_id, wanted=wanted, day=day)
    shares = await shares_of_lots(connection, [line.lot_id for line in basket.lines])
    available = NOTHING
    if basket.purse is not None:
        found = await balances(connection, [basket.purse.available_id])
        available = found[basket.purse.available_id].available_fen
    return Quote(
        basket=basket,
        line_shares=tuple(split(line.amount_fen, shares[line.lot_id]) for line in basket.lines),
        available_fen=available,
    )
