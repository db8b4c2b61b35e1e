"""The product list without GraphQL: Starlette, the same questions, plain dictionaries."""

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models.kernel.clock import business_date
from models.kernel.database import Database
from models.kernel.paging import Keyset
from models.kernel.sealing import Keyring
from models.procurement import catalog
from models.procurement.catalog import Wish


def application(url: str, key: str) -> Starlette:
    """One route, which answers with fifty products."""
    database = Database(url, keyring=Keyring.parse(key), pool_size=10)

    async def products(request: Request) -> Response:
        await request.json()
        day = business_date(database.clock.now())
        async with database.read() as connection:
            page = await catalog.products(connection, Keyset(limit=50), Wish(), day=day)
            origins = await catalog.origins(connection, [row.lot_id for row in page.rows])
        nodes = [
            {
                "id": str(row.id),
                "name": row.name,
                "category": row.category,
                "unitName": row.unit_name,
                "unitPriceFen": str(row.unit_price_fen),
                "stockQuantity": row.stock_quantity,
                "designated": row.designated,
                "county": {"code": row.county_code, "name": row.county_name},
                "supplier": {"id": str(row.supplier_id), "name": row.supplier_name},
                "villages": [
                    {
                        "village": {"code": part.village_code, "name": part.village_name},
                        "basisPoints": part.basis_points,
                    }
                    for part in origins[row.lot_id]
                ],
            }
            for row in page.rows
        ]
        answer = orjson.dumps({"data": {"products": {"nodes": nodes}}})
        return Response(answer, media_type="application/json")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await database.close()

    return Starlette(routes=[Route("/", products, methods=["POST"])], lifespan=lifespan)


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(application(*sys.argv[1:]), log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
