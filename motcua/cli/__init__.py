"""The command line: `motcua`. Every command parses, calls and translates; the work is done elsewhere."""

import os
import sys
import traceback
from contextlib import suppress
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from motcua.cli import (
    attention,
    calendar,
    check,
    demo,
    explain,
    generate,
    import_file,
    log_commands,
    open_figure,
    rebuild,
    report,
    up,
    verify,
)
from motcua.cli.whole_words import keep_words_whole
from motcua.failure import Failure

INTERRUPTED = 130
READER_GONE = 141  # as a shell tells SIGPIPE
OUR_FAULT = 70
DEBUG = "MOTCUA_DEBUG"


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


keep_words_whole()
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
app.command("up")(up.up)
app.command("demo")(demo.demo)
app.command("import")(import_file.import_file)
app.command("generate")(generate.generate)
app.command("report")(report.report)
app.command("open")(open_figure.open_figure)
app.command("explain")(explain.explain)
app.command("attention")(attention.attention)
app.command("check")(check.check)
app.add_typer(calendar.app, name="calendar")
app.command("verify")(verify.verify)
app.command("rebuild")(rebuild.rebuild)
app.command("resend")(log_commands.resend)
app.command("restore")(log_commands.restore)


@app.callback()
def motcua(*, version: Annotated[bool, typer.Option("--version", help="Say which version this is.", callback=_version)] = False) -> None:
    """Follow every dossier of a public-service centre; publish figures that add up."""


def main() -> None:
    """Run the command line; whatever goes wrong is a sentence on stderr, a traceback only with MOTCUA_DEBUG=1."""
    _make_writable()
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
            f"motcua: this is a fault of motcua itself ({type(error).__name__}: {error}). Please report it with the command you gave and "
            f"what {DEBUG}=1 shows with it",
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
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - for the rest of this process
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _forget(stream: TextIO) -> None:
    """Let what is still to be written go nowhere, or Python complains about it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
