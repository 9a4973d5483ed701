"""The command line, `motcua`: its commands put together, and what can befall any of them told as a sentence."""

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from motcua.failure import Failure
from motcua.speech import speak
from motcua.stack import commands as stack
from motcua.terminal import (
    applicants,
    audit,
    backup,
    calendar,
    check,
    dead_letters,
    doctor,
    dossiers,
    figures,
    follow_ups,
    import_file,
    keys,
    log,
    publications,
    report,
)
from shared.language.languages import Language

INTERRUPTED = 130
READER_GONE = 141  # as a shell tells SIGPIPE
OUR_FAULT = 70
DEBUG = "MOTCUA_DEBUG"
KEPT_HYPHEN = "\u2011"  # at which no line is broken
_Context = TyperGroup.context_class


class _WholeWords(_Context.formatter_class):  # type: ignore[name-defined,misc]  # Typer's formatter has no public name
    """Help whose names stay whole: tra-vinh-2023, half-day/1 and --as-known-at are not broken at their hyphens."""

    def write_text(self, text: str) -> None:
        super().write_text(text.replace("-", KEPT_HYPHEN))

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(first, second.replace("-", KEPT_HYPHEN)) for first, second in rows], col_max, col_spacing)

    def write(self, string: str) -> None:
        super().write(string.replace(KEPT_HYPHEN, "-"))


class _Commands(TyperGroup):
    """Says plainly what can befall any command: Ctrl-C, and an output that nobody reads or that can't be written."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # Typer's own context is the one it gets
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except KeyboardInterrupt as interrupt:
            print("motcua: stopped", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from interrupt
        except BrokenPipeError as gone:
            _forget(sys.stdout)
            raise typer.Exit(READER_GONE) from gone


def _version(*, wanted: bool) -> None:
    if wanted:
        print(f"motcua {version('motcua')}")
        raise typer.Exit


_Context.formatter_class = _WholeWords
app = typer.Typer(
    name="motcua",
    cls=_Commands,
    help="Follow every dossier of a public-service centre; publish figures that add up.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(stack.up)
app.command("demo")(stack.demo)
app.command("import")(import_file.import_file)
app.command("mapping")(import_file.print_mapping)
app.command("generate")(stack.generate)
app.command("report")(report.report)
app.command("open")(figures.open_figure)
app.command("explain")(dossiers.explain)
app.command("attention")(dossiers.attention)
app.command("check")(check.check)
app.add_typer(applicants.app, name="applicants")
app.add_typer(calendar.app, name="calendar")
app.add_typer(publications.app, name="publications")
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")
app.command("backup")(backup.backup)
app.command("doctor")(doctor.doctor)
app.command("verify")(log.verify)
app.command("rebuild")(log.rebuild)
app.command("resend")(log.resend)
app.command("restore")(log.restore)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(follow_ups.app, name="follow-ups")


@app.callback()
def motcua(
    *, version: Annotated[bool, typer.Option("--version", help="Say which version this is.", callback=_version)] = False
) -> None:
    """Follow every dossier of a public-service centre; publish figures that add up."""


def main() -> None:
    """Run the command line; whatever goes wrong is a sentence on stderr, a traceback only with MOTCUA_DEBUG=1."""
    _make_writable()
    speak(Language.ENGLISH)  # a command that takes --lang says otherwise
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except OSError as error:
        _trace()
        _forget(sys.stdout)
        where = error.filename or "the output"
        print(f"motcua: {where} can't be used: {error.strerror or error}", file=sys.stderr)
        sys.exit(Failure.exit_code)
    except Failure as failure:
        _trace()
        print(f"motcua: {failure}", file=sys.stderr)
        sys.exit(failure.exit_code)
    except Exception as error:  # noqa: BLE001 - the last resort: a fault of ours is told as one, and never as a success
        _trace()
        print(
            f"motcua: this is a fault of motcua itself ({type(error).__name__}: {error}). Please report it with the "
            f"command you gave and what {DEBUG}=1 shows with it",
            file=sys.stderr,
        )
        sys.exit(OUR_FAULT)


def _trace() -> None:
    if os.environ.get(DEBUG):
        traceback.print_exc()


def _make_writable() -> None:
    """Output that was closed, or that can't show a character, is no reason to fail."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - to the end
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _forget(stream: TextIO) -> None:
    """Let what is still to be written go nowhere, or Python complains about it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
