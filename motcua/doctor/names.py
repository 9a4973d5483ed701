"""The variables that there are, and those that somebody set and nobody reads."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from motcua.doctor.findings import Finding, wrong
from shared.service.settings import ServiceSettings, unread, variables

COMMAND_LINE = {
    "MOTCUA_ACCESS_DIR": (
        "folder of `motcua keys`, and of the local stack's services; `access` in the data folder when unset"
    ),
    "MOTCUA_API_KEY": "the key commands call the services with; the local stack's own when unset",
    "MOTCUA_CACHE": (
        "folder for what is fetched once: the embedded broker's jars; the platform's cache folder when unset"
    ),
    "MOTCUA_DEBUG": "`1`: the command line shows the traceback of a failure that nobody foresaw",
    "MOTCUA_DATA_DIR": "folder of the local stack: databases, broker, logs, key; `.motcua/` when unset",
    "MOTCUA_INTAKE_URL": "address of intake; the local stack's when unset",
    "MOTCUA_KAFKA_BOOTSTRAP": "a broker that is already running, HOST:PORT, used instead of the embedded one",
    "MOTCUA_PROCESSING_URL": "address of processing; the local stack's when unset",
    "MOTCUA_REPORTING_URL": "address of reporting; the local stack's when unset",
}
LIKE = 0.86  # two names that are so alike are one, mistyped


def mistaken(environ: Mapping[str, str], classes: Iterable[type[ServiceSettings]]) -> Iterator[Finding]:
    """What begins as a setting and is none, and what looks like one, mistyped."""
    known, begun = {*COMMAND_LINE}, set[str]()
    for cls in classes:
        known |= {*variables(cls)}
        begun |= {*unread(cls, environ)}
    for name in sorted(name for name in environ if name.startswith("MOT") and name not in known):
        meant = get_close_matches(name, known, 1, LIKE)
        if meant or name in begun:
            fix = f"did you mean {meant[0]}?" if meant else "take it out; docs/settings.md has all there are"
            yield wrong("settings", f"nothing reads {name}", fix)
