"""`motcua explain`: why a dossier is due when it is, and judged as it is."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from motcua.cli import options

INDENT = 5  # the width of a step's number


def explain(
    code: Annotated[str, typer.Argument(help="The dossier's code, like H59.15-231208-0001.", metavar="CODE")],
    definition: Annotated[str | None, typer.Option(help="The definition of timeliness [default: by-date/1].")] = None,
    intake: options.Intake = None,
    key: options.Key = None,
) -> None:
    """Explain a dossier's deadline and class, step by step.

    Each line can be checked against a paper calendar: receipt, what counts and what does not and why, pauses, deadline, closing, class.
    """
    from urllib.parse import quote

    import msgspec

    from motcua.client import printable, sync_client, told_plainly
    from shared.domain.codes import DOSSIER_CODE, exactly

    if re.match(exactly(DOSSIER_CODE), code) is None:
        told = printable(code) if code else "an empty word"
        raise typer.BadParameter(f"{told} is not a dossier's code; write one like H59.15-231208-0001", param_hint="CODE")
    services = options.services(intake=intake, key=key)
    with sync_client(services.intake, services) as client, told_plainly("intake", services.intake):
        parameters = {} if definition is None else {"definition": definition}
        response = client.get(f"/v1/dossiers/{quote(code, safe='')}", params=parameters)
        response.raise_for_status()
        found = msgspec.json.decode(response.content)
        for line in _lines(found):
            print(line)


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    from motcua.cli.wrapped import wrapped

    yield f"{found['code']}: {found['state']}"
    yield wrapped(f"{found['procedure']} {found['procedure_name'] or '(not in the catalogue)'}")
    if found["field"]:
        yield wrapped(f"field: {found['field']}")
    yield wrapped(f"{found['department']} {found['department_name'] or '(not in the catalogue)'}")
    for number, step in enumerate(found["explanation"], start=1):
        yield wrapped(f"{number:>3}. {step['text']}", INDENT)
