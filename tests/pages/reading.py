"""What stands on a page: its tables, its links and its form, as plain values."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

Attributes = list[tuple[str, str | None]]


@dataclass(slots=True)
class Element:
    """A cell or a link: what it says and where it leads."""

    said: str = ""
    link: str | None = None


@dataclass
class Page(HTMLParser):
    """Rows of the tables of one class, values of inputs and chosen options."""

    of_class: str
    rows: list[list[Element]] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._in_table = self._in_body = False
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        given = dict(attrs)
        if tag == "table":
            self._in_table = self.of_class in (given.get("class") or "").split()
        elif tag == "tbody":
            self._in_body = self._in_table
        elif tag == "tr" and self._in_body:
            self.rows.append([])
        elif tag in ("td", "th") and self._in_body:
            self.rows[-1].append(Element())
        elif tag == "a" and self._in_body and self.rows and self.rows[-1]:
            self.rows[-1][-1].link = given.get("href")
        elif tag == "input":
            self.typed[given.get("name") or ""] = given.get("value") or ""
        elif tag == "select":
            self._select = given.get("name")
        elif tag == "option" and "selected" in given and self._select:
            self.typed[self._select] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("table", "tbody"):
            self._in_body = False

    def handle_data(self, data: str) -> None:
        if self._in_body and self.rows and self.rows[-1]:
            self.rows[-1][-1].said += data.strip()


def read(html: str, of_class: str = "figures") -> Page:
    """The page, its tables of a class only."""
    page = Page(of_class)
    page.feed(html)
    return page
