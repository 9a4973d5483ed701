"""The API documents of a service, at /docs: read from this service alone, under a policy as strict as the pages'."""

import base64
import hashlib
import re

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi_offline import FastAPIOffline
from starlette.responses import HTMLResponse

from shared.service.access import OpenToAll, endpoint_of, open_to_all, ruled

PATH, FILES = "/docs", "/static-offline-docs"
OPEN = "the API documents tell nothing of dossiers"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_NOBODY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# the viewer writes its styles and pictures into its own page; no script runs but its own and the one that starts it
_POLICY = _NOBODY + "; script-src 'self' {script}; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
_POLICY += "; connect-src 'self'"


def documented_application(**arguments: object) -> FastAPI:
    """An application with its documents and nothing else."""
    application = FastAPIOffline(docs_url=None, redoc_url=None, **arguments)
    for files in application.router.routes:
        ruled(endpoint_of(files), OpenToAll(OPEN))
    page = bytes(
        get_swagger_ui_html(
            openapi_url=str(application.openapi_url),
            title=f"{application.title}: API",
            swagger_js_url=f"{FILES}/swagger-ui-bundle.js",
            swagger_css_url=f"{FILES}/swagger-ui.css",
            swagger_favicon_url=f"{FILES}/favicon.png",
        ).body
    ).decode()
    policy = _POLICY.format(script=" ".join(_hash(script) for script in _INLINE.findall(page)))

    @application.get(PATH, include_in_schema=False, dependencies=[open_to_all(OPEN)])
    async def documents() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    return application


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
