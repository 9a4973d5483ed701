"""Who may know whom, as pyproject.toml says it, and what import-linter cannot see:
a pure domain, and one name for one thing."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[2]
DOMAIN = sorted((ROOT / "shared" / "domain").glob("*.py"))
CODE = sorted(path for folder in ("shared", "services", "motcua") for path in (ROOT / folder).rglob("*.py"))
CLOCKS = {"now", "utcnow", "today", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime"}
IMPURE = {
    "asyncio",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "sys",
    "threading",
    "time",
    "uuid",
}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base"}

each_domain_module = pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.stem)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_every_contract_between_the_packages_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None, no_logo=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@each_domain_module
def test_the_domain_imports_itself_msgspecs_structs_and_the_pure_part_of_the_standard_library(path: Path) -> None:
    outside = {name for name in imported(path) if not name.startswith("shared.domain")}
    roots = {name.split(".")[0] for name in outside} - {"msgspec"}
    assert roots <= sys.stdlib_module_names, f"not in the standard library: {roots - sys.stdlib_module_names}"
    assert not roots & IMPURE, f"time, chance and I/O come in as arguments, not by importing {roots & IMPURE}"


@each_domain_module
def test_the_domain_never_asks_what_time_it_is(path: Path) -> None:
    called = [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS
    ]
    assert not called, f"{path.name}:{called[0].lineno} reads a clock; take the instant as an argument"


def test_no_module_is_named_for_nothing() -> None:
    assert [module_name(path) for path in CODE if path.stem in NAMELESS] == []


def test_every_module_is_small_enough_to_hold_one_idea() -> None:
    assert {module_name(path): size for path in CODE if (size := len(path.read_text("utf-8").splitlines())) > 400} == {}


def test_no_public_class_name_stands_for_two_things() -> None:
    files: dict[str, list[str]] = defaultdict(list)
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files[node.name].append(str(path.relative_to(ROOT)))
    clashes = {name: where for name, where in files.items() if len(where) > 1}
    assert clashes == {}, "rename all but one, or declare a message that two sides share once, in shared/contract/http"


@pytest.mark.parametrize(
    ("service", "unneeded"),
    [("processing", {"sqlalchemy", "alembic", "openpyxl", "docx"}), ("reporting", {"openpyxl", "docx"})],
)
def test_a_start_imports_nothing_that_the_service_does_not_need_then(service: str, unneeded: set[str]) -> None:
    ask = f"import sys, services.{service}.__main__; print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.split()
    assert unneeded & set(imported) == set()
