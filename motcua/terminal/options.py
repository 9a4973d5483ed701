"""Options that several commands share: the services and their key; the period, how it is judged and when known."""

import os
import re
from calendar import monthrange
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motcua.speech import speak, voice
from shared.language.languages import Language, of_terminal

if TYPE_CHECKING:
    from motcua.client import Services

DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)


class UnitsAs(StrEnum):
    THEN = "then"
    NOW = "now"


def _spoken(given: Language | None) -> Language | None:
    speak(given or of_terminal())
    return given


OF_OFFICES = Language.VIETNAMESE  # the language of files unless --lang is given, whatever the terminal speaks
Lang = Annotated[
    Language | None,
    typer.Option(
        is_eager=True,  # what is wrong with other options is told in it
        callback=_spoken,
        help="The language of what is printed [default: the terminal's if it is one of them, else en].",
    ),
]


def _address(service: str, more: str = "") -> typer.models.OptionInfo:
    where = (
        f"{service.capitalize()}'s address (environment: MOTCUA_{service.upper()}_URL; default: the local stack).{more}"
    )
    option: typer.models.OptionInfo = typer.Option(f"--{service}", metavar="URL", help=where)
    return option


def day(word: str) -> date:
    """A day like 2023-01-31. Raises typer.BadParameter, which says the last day of a month that lacks the one given."""
    written, say = DAY.fullmatch(word), voice()
    if written is None:
        raise typer.BadParameter(
            say(f"{word} không phải một ngày; hãy ghi như 2023-01-31", f"{word} is not a day; write it like 2023-01-31")
        )
    year, month, number = (int(part) for part in written.groups())
    if year and 1 <= month <= 12:  # noqa: PLR2004 - months of a year
        last = date(year, month, monthrange(year, month)[1])
        if 1 <= number <= last.day:
            return date(year, month, number)
        raise typer.BadParameter(
            say(
                f"không có ngày {word}: ngày cuối của tháng đó là {last}",
                f"the day {word} does not exist: the last one of that month is {last}",
            )
        )
    raise typer.BadParameter(
        say(
            f"không có ngày {word}: một năm có các tháng từ 01 đến 12",
            f"the day {word} does not exist: a year has the months 01 to 12",
        )
    )


Intake = Annotated[str | None, _address("intake")]
Reporting = Annotated[str | None, _address("reporting")]
Workers = Annotated[list[str] | None, _address("processing", " Once for each worker.")]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="API key (environment: MOTCUA_API_KEY; default: the local stack's own)."),
]
First = Annotated[date | None, typer.Option("--from", parser=day, metavar="DAY", help="First day, like 2023-01-01.")]
Last = Annotated[date | None, typer.Option("--to", parser=day, metavar="DAY", help="Last day, inclusive.")]
Period = Annotated[
    str | None,
    typer.Option(
        metavar="PERIOD",
        help="Instead of --from and --to, from the 15th to the 14th: 2023-03, 2023-Q1, 2023-6M, 2023-9M or 2023.",
    ),
]
ReceivedBy = Annotated[
    list[str] | None,
    typer.Option(
        "--received-by", metavar="CODE", help="Only dossiers that this unit took in, whoever answers for them."
    ),
]
Definition = Annotated[
    str | None, typer.Option(help="What on time means: by-date/1, instant/1 or half-day/1 [default: by-date/1].")
]
AsOf = Annotated[
    date | None,
    typer.Option("--as-of", parser=day, metavar="DAY", help="Judge as at the end of this day [default: now]."),
]
AsKnownAt = Annotated[
    str | None,
    typer.Option(
        "--as-known-at",
        metavar="INSTANT",
        help="What was recorded by then, like 2026-11-22T08:00:00+07:00. Recording goes by the real clock: a demo of "
        "the year 2023, too, knows nothing before the day it was started.",
    ),
]
Organised = Annotated[
    UnitsAs | None,
    typer.Option(
        help="Count each dossier for the unit it was received for, or for the one that has taken over since "
        "[default: then]."
    ),
]
Department = Annotated[
    list[str] | None, typer.Option(metavar="CODE", help="Only this department, by its name or any code it goes by.")
]
Channel = Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only online, in_person or postal.")]
Procedure = Annotated[list[str] | None, typer.Option(metavar="CODE", help="Only this procedure.")]
Field = Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only procedures of this field.")]
Level = Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only procedures of this level, like province.")]


EnvFile = Annotated[
    list[Path] | None,
    typer.Option(
        "--env-file",
        metavar="FILE",
        help="Lines of NAME=VALUE beside the environment, as systemd reads an EnvironmentFile; may be repeated.",
    ),
]
MetricsFileName = Annotated[
    Path | None,
    typer.Option(
        "--metrics", metavar="FILE", help="Write how it went, for node-exporter's textfile collector (NAME.prom)."
    ),
]


def read_env_files(files: list[Path] | None) -> None:
    """Put the lines of environment files beside what is set, as systemd and Compose read them."""
    from motcua.failure import Failure

    for file in files or ():
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            if not (text := line.strip()) or text.startswith(("#", ";")):
                continue
            name, equals, value = text.removeprefix("export ").partition("=")
            if not equals:
                raise Failure(f"{file}, line {number}: write NAME=VALUE")
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            os.environ[name.strip()] = value[1:-1] if quoted else value.strip()


def services(**named: str | None) -> "Services":
    """The services that the options, the environment and the running stack name."""
    from motcua.client import NamedServices, locate

    return locate(NamedServices(**named))


def those_given(**values: Any) -> dict[str, Any]:
    """Those that were given: neither None nor an empty list."""
    return {name: value for name, value in values.items() if value not in (None, [])}


def period_query(
    first: date | None,
    last: date | None,
    period: str | None,
    *,
    as_of: date | None,
    definition: str | None,
    as_known_at: str | None,
    organised: UnitsAs | None = None,
) -> dict[str, str]:
    """Reporting's parameters: a named period, or a first and a last day in this order. Raises typer.BadParameter."""
    say = voice()
    if period is not None:
        if first is not None or last is not None:
            raise typer.BadParameter(
                say(
                    "thay cho --from và --to; chỉ dùng một trong hai cách",
                    "stands in place of --from and --to; leave either it or them out",
                ),
                param_hint="--period",
            )
    elif first is None or last is None:
        missing = "--from" if first is None else "--to"
        raise typer.BadParameter(
            say(
                f"thiếu {missing}: hãy cho --from và --to, hoặc --period",
                f"{missing} is missing: give --from and --to, or --period",
            ),
            param_hint=say("kỳ báo cáo", "the period"),
        )
    elif last < first:
        raise typer.BadParameter(
            say(
                f"kỳ báo cáo kết thúc ({last}) trước khi bắt đầu ({first})",
                f"the period ends ({last}) before it begins ({first})",
            ),
            param_hint="--to",
        )
    given = {
        "from": first,
        "to": last,
        "period": period,
        "as_of": as_of,
        "definition": definition,
        "as_known_at": as_known_at,
        "organised": organised,
    }
    return {name: str(value) for name, value in given.items() if value is not None}
