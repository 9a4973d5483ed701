"""No secret is given away by default: settings have none, what is shipped and shown in documents names none."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from motcua.stack.data_folder import SERVICES
from motcua.stack.stack import settings_class
from shared.service.secret_files import is_secret

ROOT = Path(__file__).parents[2]
SHIPPED = ("docker-compose*.yml", ".env.example", "deploy/**/*", "Makefile", ".ci/*", "README.md", "docs/**/*.md",
           "examples/**/*", "services/**/*.py", "shared/**/*.py", "motcua/**/*.py")  # fmt: skip
NO_TEXT = {".ttf", ".json", ".pyc"}
_NAMED = re.compile(
    r"""(?ix) (?<![\w-]) [\w-]*? (?: password | passwd | secret | api_?key | private_key | token ) (?:[_-]?file)?
        ["']? [^\S\n]* [:=] [^\S\n]* (?P<value> "[^"\n]+" | '[^'\n]+' | [^\s"'`,;)}\]]+ )"""
)
_IN_URL = re.compile(r"://[\w.-]+:(?P<value>[^@\s/`'\"{$<]+)@")
_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bmotcua_[0-9a-f]{12}_\w{20,}|\b(?:Bearer|Basic)\s+(?P<value>[\w+/=-]{16,})"
)
_PLACEHOLDERS = re.compile(
    r"^(?:\$|<|\{|\.{3}|…|%|/run/secrets/|motcua-|KEY|PASSWORD|SECRET|TOKEN|NAME|USER|null|none|true|false|str|bytes|int|"
    r"SecretStr|required)",
    re.IGNORECASE,
)
_IN_PROSE, _IN_CODE = {".md"}, {".py"}  # there a word after `password:` need not be one


def _files() -> Iterator[Path]:
    for pattern in SHIPPED:
        yield from (
            path for path in ROOT.glob(pattern) if path.is_file() and path.suffix not in {".ttf", ".json", ".pyc"}
        )


@pytest.mark.parametrize("service", SERVICES)
def test_no_setting_that_is_a_secret_has_a_value_of_its_own(service: str) -> None:
    given = {
        name: field.default
        for name, field in settings_class(service).model_fields.items()
        if is_secret(field) and field.default is not None and not field.is_required()
    }
    assert {name for name, default in given.items() if "sqlite" not in str(default)} == set()


def test_nothing_that_is_shipped_holds_a_secret() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{text[: match.start()].count(chr(10)) + 1}: {match[0][:80]}"
        for path in _files()
        for text in (path.read_text("utf-8", "replace"),)
        for match in _secrets(text, path.suffix)
    ]
    assert found == []


def test_a_planted_secret_is_found() -> None:
    for planted in (
        "POSTGRES_PASSWORD: hunter2hunter2",
        "      MYSQL_PASSWORD: postgres",
        'api_key = "0123456789abcdef"',
        "postgresql+asyncpg://intake:hunter2@db/intake",
        "Authorization: Bearer 0123456789abcdef0123",
        "-----BEGIN EC PRIVATE KEY-----",
        "motcua_0123456789ab_abcdefghijklmnopqrstuvwx",
    ):
        assert list(_secrets(planted, "")), planted


def _secrets(text: str, suffix: str) -> Iterator[re.Match[str]]:
    yield from (match for match in _KEY.finditer(text) if not _is_placeholder(match.groupdict().get("value") or "-"))
    yield from (match for match in _IN_URL.finditer(text) if not _is_placeholder(match["value"]))
    for match in _NAMED.finditer(text):
        value = match["value"]
        quoted = value[0] in "\"'"
        if (suffix in _IN_CODE and not quoted) or _is_placeholder(value.strip("\"'")):
            continue
        if suffix not in _IN_PROSE | _IN_CODE or re.search(r"\d", value):
            yield match


def _is_placeholder(value: str) -> bool:
    return bool(_PLACEHOLDERS.match(value)) or value.isupper()
