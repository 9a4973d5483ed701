"""How a service's pages look: the kit's templates and static files with the service's own over them, and its menu."""

import hashlib
import mimetypes
from collections.abc import Sequence
from pathlib import Path

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from shared.language.words import Words
from shared.pages.texts import COMMON
from shared.service.problems import Problem

HERE = Path(__file__).parent
A_YEAR_S = 365 * 24 * 3600


class Look:
    """Templates, static files under one version, texts, and the menu: pairs of a path and the key of its text.

    `styles` and `scripts` are the service's own static files that each page loads after the kit's.
    """

    def __init__(
        self,
        folder: Path,
        texts: Words,
        menu: Sequence[tuple[str, str]],
        *,
        back: str,
        styles: Sequence[str] = (),
        scripts: Sequence[str] = (),
    ) -> None:
        self.texts = {**COMMON, **texts}
        self.menu = tuple(menu)
        self.back = back
        self.styles = ("page.css", *styles)
        self.scripts = ("htmx-2.0.8.min.js", "page.js", *scripts)
        places = (HERE, folder)
        self.static = {
            path.name: path.read_bytes() for place in places for path in sorted((place / "static").iterdir())
        }
        self.version = hashlib.sha256(b"".join(self.static[name] for name in sorted(self.static))).hexdigest()[:12]
        self.templates = _environment(*reversed(places))

    async def get_static(self, request: Request) -> Response:
        """A style, script or picture; its address changes with its content."""
        name = request.path_params["name"]
        if name not in self.static:
            raise Problem(404, "Not Found", "there is no such file")
        kind = mimetypes.guess_type(name)[0] or "text/plain"
        return Response(self.static[name], 200, {"Cache-Control": f"public, max-age={A_YEAR_S}, immutable"}, kind)


def _environment(*folders: Path) -> Environment:
    """The first folder that has a template gives it."""
    environment = Environment(
        loader=FileSystemLoader([folder / "templates" for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["pair"] = lambda value: (value, value)
    return environment
