"""The command line: `motcua`. Every command parses, calls and translates; the work is done elsewhere."""

import sys

import typer

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
from motcua.failure import Failure

INTERRUPTED = 130

app = typer.Typer(
    name="motcua",
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


def main() -> None:
    """Run the command line; a failure is one sentence on stderr, never a traceback."""
    try:
        app()
    except Failure as failure:
        print(f"motcua: {failure}", file=sys.stderr)
        sys.exit(failure.exit_code)
    except KeyboardInterrupt:
        print("motcua: stopped", file=sys.stderr)
        sys.exit(INTERRUPTED)
