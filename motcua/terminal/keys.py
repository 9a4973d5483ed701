"""`motcua keys`: keys for counters, compilers, operators and programs, made, listed, revoked and replaced."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motcua.terminal.console import NOT_APPLICABLE, minute, out, plain_table, wrapped, write

if TYPE_CHECKING:
    from motcua.keys import KeptKey
    from shared.access.keys import ApiKey
    from shared.catalogue import Catalogue

NAMED = "name and grants"

app = typer.Typer(
    help="Keys: who may call the services, and do what.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
Folder = Annotated[
    Path | None,
    typer.Option(
        "--access-dir",
        metavar="DIR",
        help="The folder of keys (environment: MOTCUA_ACCESS_DIR; default: the local stack's).",
    ),
]
KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `motcua keys list` shows it.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for, such as the counter's name.")],
    *,
    grant: Annotated[
        list[str],
        typer.Option(
            metavar="ROLE@WHERE",
            help="What it may do, and where: counter@H59.15, or compiler@*; roles counter, officer, compiler, "
            "operator, admin. Several departments by commas, received_by:H59.01 for what a unit received. May be "
            "repeated.",
        ),
    ],
    expires: Annotated[
        str | None, typer.Option(metavar="WHEN", help="In 90d, or after a day like 2027-12-31 [default: never].")
    ] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option(
            envvar="MOTCUA_INTAKE_CATALOGUE", metavar="DIR", help="The office's own catalogue [default: the shipped]."
        ),
    ] = None,
    access_dir: Folder = None,
) -> None:
    """Make a key; its token is printed once, alone on stdout, and kept nowhere.

    The services take it within a second; they need no restart.
    """
    from motcua import keys
    from shared.service.clock import system_clock

    now, folder = system_clock(), keys.access_folder(access_dir)
    grants = keys.checked_grants(grant, _catalogue(catalogue), now)
    expires_at = None if expires is None else keys.instant_of(expires, now)
    key, token = keys.create(folder, name, grants, now, expires_at)
    _tell(f"key {key.id} for {key.name}: {', '.join(key.grants)}; {_until(key)}; kept in {folder} as a digest")
    _tell("this is the token, shown this once:")
    print(token)


@app.command("list")
def list_keys(*, access_dir: Folder = None) -> None:
    """List the keys, the oldest first."""
    from motcua import keys
    from shared.service.clock import system_clock

    folder, now = keys.access_folder(access_dir), system_clock()
    table = plain_table("id", NAMED, "made", "holds", "last used")
    for one in keys.kept(folder):
        key = one.key
        named = "\n".join([key.name, *(grant.replace(",", ", ") for grant in key.grants)])
        table.add_row(key.id, named, f"{key.created_at:%d/%m/%y}", _state(key, now), _used(one))
    for column in table.columns:
        column.no_wrap, column.overflow = column.header != NAMED, "fold"
    out().print(table) if table.row_count else write(f"there is no key in {folder}: `motcua keys create` makes one")


@app.command()
def revoke(key_id: KeyId, *, access_dir: Folder = None) -> None:
    """End a key at once: the services refuse it within a second or two."""
    from motcua import keys
    from shared.service.clock import system_clock

    key = keys.revoke(keys.access_folder(access_dir), key_id, system_clock())
    _tell(f"key {key.id} for {key.name} is revoked since {minute(key.revoked_at)}")


@app.command()
def rotate(
    key_id: KeyId,
    *,
    keep_old: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="How long the old key goes on, like 1d or 2h [default: not at all]."),
    ] = None,
    access_dir: Folder = None,
) -> None:
    """Replace a key: a new token for the same name and grants, printed once, alone on stdout.

    The old key is revoked at once, or goes on for a while until it is replaced where it is used.
    """
    from motcua import keys
    from shared.service.clock import system_clock

    now = system_clock()
    key, token = keys.rotate(keys.access_folder(access_dir), key_id, now, _length(keep_old))
    old_id = key_id.removeprefix("key:")
    ended = "is revoked" if keep_old is None else f"goes on for {keep_old}"
    _tell(f"key {key.id} for {key.name}: {', '.join(key.grants)}; {_until(key)}; key {old_id} {ended}")
    _tell("this is the token, shown this once:")
    print(token)


def _length(written: str | None) -> timedelta | None:
    from motcua import keys
    from motcua.failure import Failure

    if written is None:
        return None
    if (length := keys.duration_of(written)) is None:
        raise Failure(f"--keep-old: {written} is no length of time: write one like 1d, 2h or 30m")
    return length


def _catalogue(folder: Path | None) -> "Catalogue":
    from motcua.failure import Failure
    from shared import catalogue
    from shared.catalogue.rows import CatalogueError

    try:
        return catalogue.load(folder)
    except (OSError, CatalogueError) as error:
        raise Failure(f"the catalogue can't be read: {error}; name another one with --catalogue") from error


def _tell(sentence: str) -> None:
    print(wrapped(sentence), file=sys.stderr)


def _until(key: "ApiKey") -> str:
    return "it does not expire" if key.expires_at is None else f"it expires on {minute(key.expires_at)}"


def _state(key: "ApiKey", now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%d/%m/%y}"
    if key.expires_at is None:
        return "yes"
    last = key.expires_at - timedelta(seconds=1)  # the last day, where it ends with one
    return f"{'until' if key.holds_at(now) else 'expired'} {last:%d/%m/%y}"


def _used(kept: "KeptKey") -> str:
    return NOT_APPLICABLE if kept.used_at is None else minute(kept.used_at)
