"""Where other computers tell us something: believed, stored once, answered; applied later."""

from collections.abc import Callable, Sequence

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from models.kernel import inbox
from models.kernel.database import Database
from webhooks import stripe_inbox
from webhooks.stripe_signatures import EndpointOffError, WebhookRefusedError, verify

STRIPE_PATH = "/webhooks/stripe"
# The provider's events are some kilobytes; this is what an endless one may cost us.
BODY_BYTES_MAX = 256 * 1024


def webhook_routes(
    *, stripe_secrets: Sequence[str], database_of: Callable[[Request], Database]
) -> list[Route]:
    """The routes; `database_of` finds the database of the running process, with its clock.

    Several secrets are good at once while one replaces another. With none the endpoint is off.
    """

    async def hear_stripe(request: Request) -> Response:
        database = database_of(request)
        try:
            # The signature is of these very bytes, so nothing else reads the body.
            raw_body = await request.body()
            event = verify(
                raw_body,
                request.headers.get("stripe-signature"),
                secrets=stripe_secrets,
                now=database.clock.now(),
            )
            letter = stripe_inbox.letter_of(event)
        except EndpointOffError:
            return Response(status_code=404)
        except (WebhookRefusedError, ClientDisconnect):
            return Response(status_code=400)
        await database.transact(
            lambda transaction: inbox.receive(
                transaction,
                source=stripe_inbox.SOURCE,
                external_id=letter.external_id,
                kind=letter.kind,
                body=letter.body,
            )
        )
        return Response(status_code=200)

    return [Route(STRIPE_PATH, hear_stripe, methods=["POST"], max_body_size=BODY_BYTES_MAX)]
