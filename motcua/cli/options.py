"""Options that several commands share: where the services are and the key they take."""

from typing import Annotated, Any

import typer

Intake = Annotated[
    str | None, typer.Option("--intake", metavar="URL", help="Intake's address (environment: MOTCUA_INTAKE_URL; default: the local stack).")
]
Processing = Annotated[
    str | None,
    typer.Option(
        "--processing", metavar="URL", help="Processing's address (environment: MOTCUA_PROCESSING_URL; default: the local stack)."
    ),
]
Reporting = Annotated[
    str | None,
    typer.Option("--reporting", metavar="URL", help="Reporting's address (environment: MOTCUA_REPORTING_URL; default: the local stack)."),
]
Key = Annotated[
    str | None, typer.Option("--key", metavar="KEY", help="API key (environment: MOTCUA_API_KEY; default: the local stack's own).")
]


def services(**named: str | None) -> Any:
    """The services that the options, the environment and the running stack name."""
    from motcua.client import Named, locate

    return locate(Named(**named))
