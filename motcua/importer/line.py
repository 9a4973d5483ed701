"""One event on its way from a file to intake, with the line it came from."""

from msgspec import Struct


class Line(Struct, frozen=True, gc=False, omit_defaults=True):
    """`body` is one CloudEvent as JSON with its line break; `raw` is the row it was made of where that is something else.

    A line with a `refusal` cannot be sent: what stands in the file makes no event.
    """

    number: int
    body: bytes
    raw: bytes | None = None
    refusal: str | None = None

    @property
    def as_read(self) -> str:
        """The line as it stands in the file, for people to look at; bytes that are not UTF-8 are shown as escapes."""
        return (self.raw if self.raw is not None else self.body).rstrip(b"\r\n").decode(errors="backslashreplace")
