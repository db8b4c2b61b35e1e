"""What every page keeps to, read from its HTML alone (web.md, rules 1 to 22)."""

from collections import Counter
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from typing import Final

VOID: Final = {"br", "hr", "img", "input", "link", "meta"}
LABELLED: Final = {"input", "select", "textarea"}
ADDRESSES: Final = {"href", "src", "action", "formaction", "poster", "srcset"}
SCOPES: Final = {"row", "col", "rowgroup", "colgroup"}
WITHOUT_END: Final = {"path", "circle", "rect", "line"}

Values = dict[str, str]


def leads_elsewhere(values: Values) -> bool:
    addresses = [values[name] for name in ADDRESSES & set(values)]
    return any(
        not address.startswith(("/", "#", "?")) or address.startswith("//") for address in addresses
    )


RULES: Final[Sequence[tuple[str, Callable[[str, Values], bool]]]] = (
    ("inline style", lambda tag, values: tag == "style" or "style" in values),
    ("inline script", lambda _, values: any(name.startswith("on") for name in values)),
    ("no file", lambda tag, values: tag == "script" and "src" not in values),
    ("no scope", lambda tag, values: tag == "th" and values.get("scope") not in SCOPES),
    (
        "no label",
        lambda tag, values: tag == "svg" and not {"aria-hidden", "aria-label"} & set(values),
    ),
    ("type=number", lambda _, values: values.get("type") == "number"),
    ("required", lambda _, values: "required" in values),
    ("a foreign address", lambda _, values: leads_elsewhere(values)),
)


class Page(HTMLParser):
    """Collects what the rules are about while it reads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.findings: list[str] = []
        self.ids: Counter[str] = Counter()
        self.tags: Counter[str] = Counter()
        self.labels: set[str] = set()
        self.references: list[tuple[str, str]] = []
        self.controls: list[dict[str, str]] = []
        self.open: list[str] = []
        self.language = ""
        self.title = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags[tag] += 1
        if "id" in values:
            self.ids[values["id"]] += 1
        self._look(tag, values)
        for name in ("aria-labelledby", "aria-describedby", "for"):
            self.references += [(name, each) for each in values.get(name, "").split()]
        if tag not in VOID and tag not in WITHOUT_END:
            self.open.append(tag)

    def _look(self, tag: str, values: dict[str, str]) -> None:
        if tag == "html":
            self.language = values.get("lang", "")
        if tag == "label" and "for" in values:
            self.labels.add(values["for"])
        if tag in LABELLED and values.get("type") not in {"hidden", "submit"}:
            self.controls.append(values | {"inside": "label" if "label" in self.open else ""})
        self.findings += [
            f"{finding} on <{tag} {values}>" for finding, broken in RULES if broken(tag, values)
        ]

    def handle_endtag(self, tag: str) -> None:
        if tag in WITHOUT_END:
            return
        if not self.open or self.open.pop() != tag:
            self.findings.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "title":
            self.title += data
        if self.open and self.open[-1] == "script" and data.strip():
            self.findings.append("inline script")


def findings(html: str, *, language: str, pay_origin: str = "none:") -> list[str]:
    """Every rule that the page breaks, in words; it may lead to the payment's own page."""
    page = Page(html.replace(f'href="{pay_origin}', 'href="/pay'))
    found = list(page.findings)
    if page.open:
        found.append(f"left open: {page.open}")
    if page.tags["h1"] != 1:
        found.append(f"{page.tags['h1']} h1")
    if page.language != {"zh": "zh-CN", "en": "en"}[language]:
        found.append(f"lang {page.language}")
    if not page.title.split("·")[0].strip():
        found.append("no title")
    found += [f"id {name} {count} times" for name, count in page.ids.items() if count > 1]
    found += [f"{kind} {name} is nowhere" for kind, name in page.references if name not in page.ids]
    found += [
        f"field {control.get('name')} has no label"
        for control in page.controls
        if not control["inside"]
        and control.get("id") not in page.labels
        and not {"aria-label", "aria-labelledby"} & set(control)
    ]
    if page.tags["table"] != page.tags["caption"]:
        found.append("a table without caption")
    return found
