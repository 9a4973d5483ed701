"""`motcua explain`: why a dossier is due when it is, and judged as it is."""

from typing import Annotated

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

    from motcua.cli.wrapped import wrapped
    from motcua.client import sync_client, told_plainly

    services = options.services(intake=intake, key=key)
    with sync_client(services.intake, services) as client, told_plainly("intake", services.intake):
        parameters = {} if definition is None else {"definition": definition}
        response = client.get(f"/v1/dossiers/{quote(code, safe='')}", params=parameters)
        response.raise_for_status()
    found = msgspec.json.decode(response.content)
    print(f"{found['code']}: {found['state']}")
    print(wrapped(f"{found['procedure']} {found['procedure_name'] or '(not in the catalogue)'}"))
    if found["field"]:
        print(wrapped(f"field: {found['field']}"))
    print(wrapped(f"{found['department']} {found['department_name'] or '(not in the catalogue)'}"))
    for number, step in enumerate(found["explanation"], start=1):
        print(wrapped(f"{number:>3}. {step['text']}", INDENT))
