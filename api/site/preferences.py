"""Language and large print are cookies of the browser, for visitors without an account too."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.site import forms
from api.site.targets import is_allowed_target, refuse_foreign
from api.site.visits import BODY_BYTES, CARE_COOKIE, LANGUAGE_COOKIE, sent_fields

PREFERENCES: Final = {LANGUAGE_COOKIE: ("zh", "en"), CARE_COOKIE: ("on", "off")}
KEPT_SECONDS: Final = 365 * 24 * 3600


def preferences_route(*, secure_cookies: bool) -> Route:
    """The route that keeps what the forms of a page's frame and of `/preferences` send."""

    async def save(request: Request) -> Response:
        try:
            refuse_foreign(request)
        except HTTPException as refusal:
            return Response(status_code=refusal.status_code)
        fields = await sent_fields(request)
        back = forms.counted(fields, "back")
        response = RedirectResponse(
            back if is_allowed_target(back, ()) else "/preferences", status_code=303
        )
        for name, values in PREFERENCES.items():
            value = forms.counted(fields, name)
            if value in values:
                response.set_cookie(
                    name,
                    value,
                    max_age=KEPT_SECONDS,
                    secure=secure_cookies,
                    httponly=True,
                    samesite="lax",
                )
        return response

    return Route("/preferences", save, methods=["POST"], max_body_size=BODY_BYTES)
