"""The catalogue: products with supplier, county and origin villages, fetched with their list."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.kernel import divisions as codes
from models.kernel.database import Connection as Reader
from models.kernel.money import BasisPoints, Fen
from models.kernel.refusals import InvalidValue
from models.places import full_names, level_of
from models.procurement import catalog
from models.procurement.catalog import Origin, Wish
from resolvers.context import Context, Info
from resolvers.identities import NODES, Node, uuid_of
from resolvers.paging import After, Before, Connection, First, Last, Listing
from resolvers.parties import Organisation
from resolvers.places import Division, divisions_by_code
from resolvers.selections import EVERYTHING, selected

PRODUCTS = Listing("products", (UUID,))
SEARCH_CHARACTERS = 60
# Fields of a division that its own row does not hold.
_FAR_FIELDS = ("path", "designated")


@strawberry.type(description="产地村的份额。The share of an origin village in a lot.")
class OriginShare:
    """A share."""

    village: Division = strawberry.field(description="产地村。The village.")
    basis_points: BasisPoints = strawberry.field(
        description="份额，万分之一；各村相加为 10000。Its share; all villages make 10000."
    )


@strawberry.type(description="批次：一批货的产地村。A lot, which names where its goods come from.")
class Lot:
    """A lot."""

    id: strawberry.ID = strawberry.field(description="编号。Its id.")
    number: str = strawberry.field(description="批次号。Its number.")
    valid_from: dt.date = strawberry.field(description="从哪天起。The first day it is sold.")
    villages: list[OriginShare] = strawberry.field(
        description="产地村，按代码。Its origin villages, by code.", metadata={"at_most": 5}
    )


@strawberry.type(description="商品，按整数销售单位出售。A product, sold in whole sales units.")
class Product(Node):
    """A product."""

    name: str = strawberry.field(description="名称。Its name.")
    category: str = strawberry.field(description="类别。Its category.")
    unit_name: str = strawberry.field(
        description="销售单位，如箱、袋、500 克。The sales unit, such as a box."
    )
    unit_price_fen: Fen = strawberry.field(
        description="每销售单位的价格，分。The price of a sales unit, in fen."
    )
    stock_quantity: int = strawberry.field(
        description="库存，销售单位。What is in stock, in sales units."
    )
    designated: bool = strawberry.field(
        description="产地县在 832 个脱贫县内。Whether its county is one of the 832."
    )
    supplier: Organisation = strawberry.field(description="供应商。Who sells it.")
    county: Division = strawberry.field(description="产地县。The county where it is grown.")
    villages: list[OriginShare] = strawberry.field(
        description="现行批次的产地村。The villages of the lot an order would draw from today.",
        metadata={"at_most": 5},
    )
    lots: list[Lot] = strawberry.field(
        description="近 20 个批次，新的在前。Its last 20 lots, the newest first.",
        metadata={"at_most": 20},
    )


async def known_divisions(
    context: Context,
    connection: Reader,
    names: Mapping[str, str | None],
    wants: AbstractSet[str],
) -> Mapping[str, Division]:
    """Divisions whose names were read already; what lies further is read only if it is wanted."""
    if "designated" in wants:
        return await divisions_by_code(connection, names, day=context.today)
    paths = await full_names(connection, names) if "path" in wants and names else {}
    return {
        code: Division(
            code=code,
            name=name or code,
            path=paths.get(code, code),
            level=level_of(code),
            designated=False,
        )
        for code, name in names.items()
    }


async def products_of(
    context: Context, connection: Reader, rows: Sequence[Any], wants: AbstractSet[str]
) -> dict[UUID, Product]:
    """Rows of the catalogue with all that is wanted of them, in as many statements as for one."""
    lots = await _lots(connection, rows, wants)
    wanted_lots = {row.lot_id for row in rows if row.lot_id} if "villages" in wants else set()
    wanted_lots |= {lot.id for found in lots.values() for lot in found}
    origins = await catalog.origins(connection, wanted_lots) if wanted_lots else {}
    names: dict[str, str | None] = {row.county_code: row.county_name for row in rows}
    names |= {part.village_code: part.village_name for lot in origins.values() for part in lot}
    divisions = await known_divisions(
        context,
        connection,
        names,
        {
            *(field for field in _FAR_FIELDS if f"county.{field}" in wants),
            *(field for field in _FAR_FIELDS if f"villages.village.{field}" in wants),
            *(field for field in _FAR_FIELDS if f"lots.villages.village.{field}" in wants),
        },
    )
    # Many products have the same supplier.
    suppliers = {row.supplier_id: row for row in rows}
    parties = {supplier_id: party(row, "supplier") for supplier_id, row in suppliers.items()}
    return {
        row.id: Product(
            uuid=row.id,
            name=row.name,
            category=row.category,
            unit_name=row.unit_name,
            unit_price_fen=row.unit_price_fen,
            stock_quantity=row.stock_quantity,
            designated=bool(row.designated),
            supplier=parties[row.supplier_id],
            county=divisions[row.county_code],
            villages=_shares(origins.get(row.lot_id, ()), divisions),
            lots=[
                Lot(
                    id=strawberry.ID(str(lot.id)),
                    number=lot.number,
                    valid_from=lot.valid_from,
                    villages=_shares(origins.get(lot.id, ()), divisions),
                )
                for lot in lots.get(row.id, ())
            ],
        )
        for row in rows
    }


def party(row: Any, role: str) -> Organisation:
    """The organisation in the columns of a row that begin with its part in it."""
    return Organisation(
        uuid=getattr(row, f"{role}_id"),
        kind=getattr(row, f"{role}_kind"),
        name=getattr(row, f"{role}_name"),
        credit_code=getattr(row, f"{role}_credit_code"),
        division_code=getattr(row, f"{role}_division_code"),
        parent_id=getattr(row, f"{role}_parent_id"),
    )


def _shares(origins: Iterable[Origin], divisions: Mapping[str, Division]) -> list[OriginShare]:
    return [
        OriginShare(village=divisions[part.village_code], basis_points=part.basis_points)
        for part in origins
    ]


async def _lots(
    connection: Reader, rows: Sequence[Any], wants: AbstractSet[str]
) -> Mapping[UUID, Sequence[Any]]:
    if "lots" not in wants or not rows:
        return {}
    return await catalog.lots_of(connection, [row.id for row in rows])


async def products_by_id(
    context: Context, connection: Reader, ids: Iterable[UUID], wants: AbstractSet[str]
) -> dict[UUID, Product]:
    """The products that other rows name."""
    rows = await catalog.products_by_id(connection, set(ids), day=context.today)
    return await products_of(context, connection, list(rows.values()), wants)


@NODES.finder(Product)
async def find_products(context: Context, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
    """Products are public."""
    async with context.read() as connection:
        return await products_by_id(context, connection, ids, EVERYTHING)


@strawberry.type(description="商品目录。The catalogue.")
class ProductQuery:
    """The part of Query about products; Query derives from it."""

    @strawberry.field(description="在售商品，新的在前。What is on offer, the newest first.")
    async def products(
        self,
        info: Info,
        *,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="名称、类别或供应商中的字。Part of a name, category or supplier."
            ),
        ] = None,
        division_code: Annotated[
            str | None,
            strawberry.argument(description="产地在这个区划内。Only what is grown in this place."),
        ] = None,
        designated_only: Annotated[
            bool, strawberry.argument(description="只看 832 个脱贫县的。Only of the 832 counties.")
        ] = False,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Product]:
        context = info.context
        keyset = PRODUCTS.keyset(first=first, after=after, last=last, before=before)
        wish = Wish(
            search=(search or "").strip()[:SEARCH_CHARACTERS],
            division_code=code_or_nation(division_code),
            designated_only=designated_only,
        )
        wants = selected(info, "nodes", "edges.node")
        async with context.read() as connection:
            page = await catalog.products(connection, keyset, wish, day=context.today)
            found = await products_of(context, connection, page.rows, wants)

        async def count() -> int:
            async with context.read() as connection:
                return await catalog.count_products(connection, wish, day=context.today)

        return PRODUCTS.connection(
            page,
            keyset,
            node=lambda row: found[row.id],
            key=lambda row: (row.id,),
            count=count,
        )

    @strawberry.field(description="一个商品。The product with this id, if there is one.")
    async def product(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 - Relay's name
            strawberry.ID, strawberry.argument(description="商品编号。Its global id.")
        ],
    ) -> Product | None:
        uuid = uuid_of(id, "Product")
        async with info.context.read() as connection:
            found = await products_by_id(info.context, connection, [uuid], selected(info))
        return found.get(uuid)


def code_or_nation(code: str | None) -> str:
    """A division code as it is asked for, the nation for none; refuses with InvalidValue."""
    if code is None:
        return codes.NATION
    if len(code) != codes.CODE_LENGTH or not code.isascii() or not code.isdecimal():
        raise InvalidValue(path="divisionCode", reason="not_a_division")
    return code
