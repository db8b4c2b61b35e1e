"""One visit to a page: what was asked and sent, and what the template may know of it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from starlette.requests import Request

from api.site import forms
from api.site.documents import PageDocument, PageOperation
from api.site.forms import Problems
from api.site.languages import Language, chosen
from models.kernel.ids import new_id

Button = Literal["operation", "check", "ask"]
BUTTONS: tuple[Button, ...] = ("operation", "check", "ask")
BODY_BYTES = 200_000
FIELDS_AT_MOST = 2_000
CARE_COOKIE = "care"
LANGUAGE_COOKIE = "language"


@dataclass(frozen=True, slots=True)
class Reader:
    """How a visitor reads: the language and whether in the large print of 关怀版."""

    language: Language
    care: bool

    @classmethod
    def of(cls, request: Request) -> "Reader":
        return cls(
            chosen(request.cookies.get(LANGUAGE_COOKIE)), request.cookies.get(CARE_COOKIE) == "on"
        )


@dataclass(slots=True)
class Visit:
    """What is known while a page is answered."""

    request: Request
    page: PageDocument
    reader: Reader
    fields: dict[str, list[str]]
    trace: str
    sent: str | None = None
    checking: bool = False
    problems: Problems = field(default_factory=dict)
    refusal: Mapping[str, Any] | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return bool(self.problems) or self.refusal is not None

    def decode(self, operation: PageOperation) -> tuple[dict[str, object], Problems]:
        """The variables of an operation, from the address and the form."""
        return forms.decode(self.fields, operation.variables)

    def refuse(self, refused: Mapping[str, Any]) -> None:
        """Keep a refusal: beside its field where it names one that was sent, else above all."""
        facts = {fact["name"]: fact["value"] for fact in refused["facts"]}
        path = facts.get("path") or facts.get("field")
        if path in self.fields and path != "requestId":
            self.problems[path] = refused["message"]
        else:
            self.refusal = refused

    def values(self) -> dict[str, object]:
        """What a template sees, beside the answer of `query Page`."""
        return {
            **{name.lower(): None for name in self.page.questions},
            **self.answers,
            **address_values(self.request, self.reader),
            "form": lambda operation: Form(self, operation),
            "checking": self.checking,
            "failed": self.failed,
            "query": dict(self.request.query_params),
            "asked": {name: forms.counted(self.fields, name) for name in self.page.page.variables},
        }


def site(request: Request) -> str:
    """This site, as the request names it."""
    return f"{request.url.scheme}://{request.url.netloc}"


def path_fields(request: Request) -> dict[str, list[str]]:
    """What the address itself says counts over what a form says."""
    return {name: [str(value)] for name, value in request.path_params.items()}


async def sent_fields(request: Request) -> dict[str, list[str]]:
    """What a form sent: the texts by their name; HTTPException where it is not a form."""
    form = await request.form(max_files=0, max_fields=FIELDS_AT_MOST)
    fields: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
    return fields


def address_values(request: Request, reader: Reader) -> dict[str, object]:
    """What the frame of every page shows, also of one that says that something failed."""
    address = request.url.path
    if request.method == "GET" and request.url.query:
        address += f"?{request.url.query}"
    return {
        "address": address,
        "here": request.url.path,
        "page_url": str(request.url.replace(query="", fragment="")),
        "care": reader.care,
    }


class Form:
    """One form of a page, named after the mutation of its button."""

    def __init__(self, visit: Visit, operation: str) -> None:
        self.operation = operation
        self.sent = visit.sent == operation
        self._fields = visit.fields if self.sent or visit.sent is None else {}
        self.problems = dict(visit.problems) if self.sent else {}
        self.refusal = visit.refusal if self.sent else None

    def value(self, name: str, default: str = "") -> str:
        """What the field shows: what was typed, in a form not yet sent the default."""
        typed = forms.counted(self._fields, name)
        return typed if typed or self.sent else default

    def problem(self, name: str) -> str | None:
        return self.problems.get(name)

    def rows(self, name: str) -> list[dict[str, object]]:
        """The rows of a list as typed, each with its number; a field that was not sent is blank."""
        rows: list[dict[str, object]] = []
        for number in forms.row_numbers(self._fields, name):
            start = f"{name}.{number}."
            row: dict[str, object] = defaultdict(str, index=number)
            for field_name in self._fields:
                if field_name.startswith(start):
                    row[field_name.removeprefix(start)] = self.value(field_name)
            rows.append(row)
        return rows

    @property
    def request_id(self) -> str:
        """The id under which this form is carried out once, however often it is sent."""
        try:
            return str(UUID(forms.counted(self._fields, "requestId")))
        except ValueError:
            return str(new_id())

    @property
    def typed(self) -> list[tuple[str, str]]:
        """Everything in the form but its buttons, to be carried through the check page."""
        return [
            (name, value)
            for name, values in self._fields.items()
            if name not in BUTTONS and name != "requestId"
            for value in values
            if value.strip()
        ]
