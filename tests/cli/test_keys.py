"""`motcua keys`: made, listed, revoked and replaced; the token alone on stdout, and nowhere else."""

import re
import stat
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from motcua import keys
from motcua.cli import main
from shared import catalogue
from shared.access.folder import KeyFolder
from shared.access.keys import digest_of
from shared.access.roles import EVERYTHING, Grant, Permission, Scope
from shared.service.clock import system_clock
from tests.access.made_keys import make_key
from tests.intake.audited import audited

SHIPPED = Path(catalogue.__file__).with_name("departments.toml")
TOKEN = re.compile(r"motcua_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")
Keys = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOTCUA_ACCESS_DIR", str(tmp_path / "access"))
    monkeypatch.delenv("MOTCUA_INTAKE_CATALOGUE", raising=False)
    return tmp_path / "access"


@pytest.fixture
def motcua_keys(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Keys:
    assert not folder.exists()

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["motcua", "keys", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return run


def test_the_token_stands_alone_on_stdout_and_nowhere_on_disk(
    motcua_keys: Keys, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua_keys("create", "Quầy 7", "--grant", "counter@H59.15", "--expires", "90d") == 0
    said = capsys.readouterr()
    token = said.out.removesuffix("\n")
    assert TOKEN.fullmatch(token)
    assert token not in said.err
    assert max(len(line) for line in said.err.splitlines() if str(folder) not in line) <= 80
    written = (folder / "keys.json").read_text("utf-8")
    assert token.split("_", 2)[2] not in written
    assert digest_of(token) in written
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (kept,) = keys.kept(folder)
    assert kept.key.principal().scope_of(Permission.POST_EVENTS) == Scope(frozenset({"H59.15"}))
    assert kept.key.expires_at is not None
    assert timedelta(days=89) < kept.key.expires_at - system_clock() < timedelta(days=91)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--grant", "counter@H59.155"), "did you mean H59.15 (Sở Tư pháp)?"),
        (("--grant", "counter@sở tư phá"), "did you mean H59.15 (Sở Tư pháp)?"),
        (("--grant", "countr@H59.15"), "did you mean counter?"),
        (("--grant", "counter"), "write ROLE@DEPARTMENT"),
        (("--grant", "compiler@H59.15", "--grant", "counter@received_by:H99.99"), "H99.99 is no department"),
        (("--grant", "admin@*", "--expires", "2020-01-01"), "--expires"),
        (("--grant", "admin@*", "--expires", "soon"), "90d"),
        (("--grant", "admin@*", "--expires", "99999999d"), "90d"),
        (("--grant", "admin@*", "--catalogue", "no-such-folder"), "catalogue"),
    ],
)
def test_what_is_wrong_is_named_with_the_fix_and_no_key_is_made(
    motcua_keys: Keys, folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert motcua_keys("create", "x", *arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert not folder.exists() or not keys.kept(folder)


def test_an_alias_of_a_department_is_kept_as_its_own_code(motcua_keys: Keys, folder: Path) -> None:
    shipped = SHIPPED.read_text("utf-8")
    before, own, after = shipped.partition('code = "H59.15"')
    entry, following, others = after.partition("[[departments]]")
    alias = '[[departments.aliases]]\ncode = "H59.99"\n\n'
    office = folder.parent / "catalogue"
    office.mkdir()
    (office / SHIPPED.name).write_text(before + own + entry + alias + following + others, "utf-8")
    assert motcua_keys("create", "x", "--grant", "officer@H59.99", "--catalogue", str(office)) == 0
    assert keys.kept(folder)[0].key.grants == ("officer@H59.15",)


def test_the_list_shows_what_a_key_may_and_whether_it_holds(
    motcua_keys: Keys, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_key(folder, "counter@H59.15", "compiler@H59.15,H59.16,received_by:H59.01")
    make_key(folder, "admin@*", revoked=True)
    make_key(folder, "operator@*", expires_at=system_clock() - timedelta(days=2))
    used = make_key(folder, "officer@H59.15")
    used_at = system_clock()
    KeyFolder(folder).note_used("intake-here", {used.split("_")[1]: used_at - timedelta(minutes=9)})
    KeyFolder(folder).note_used("reporting-there", {used.split("_")[1]: used_at})
    assert motcua_keys("list") == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    first, second, third, fourth = re.split(r"\n(?=[0-9a-f]{12} )", shown)[1:]
    assert "received_by:H59.01" in first
    assert " yes " in first
    assert "revoked" in second
    assert "expired" in third
    assert f"{used_at:%H:%M}" in fourth


def test_a_rotated_key_has_the_grants_and_the_old_one_ends(
    motcua_keys: Keys, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = make_key(folder, "operator@*")
    assert motcua_keys("rotate", old.split("_")[1], "--keep-old", "2h") == 0
    second = capsys.readouterr().out.strip()
    now = system_clock()
    there = KeyFolder(folder).read()
    assert there.of_token(old, now) is not None
    assert there.of_token(old, now + timedelta(hours=3)) is None
    assert motcua_keys("rotate", f"key:{second.split('_')[1]}") == 0
    third = capsys.readouterr().out.strip()
    there = KeyFolder(folder).read()
    assert there.of_token(second, now) is None
    key = there.of_token(third, now)
    assert key is not None
    assert key.principal().grants == (Grant.parse("operator@*"),)
    assert key.principal().scope_of(Permission.READ_METRICS) == EVERYTHING
    assert motcua_keys("rotate", second.split("_")[1]) == 2


def test_a_revoked_key_does_not_come_back_and_an_unknown_one_is_said(
    motcua_keys: Keys, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = make_key(folder, "admin@*")
    key_id = token.split("_")[1]
    assert motcua_keys("revoke", key_id) == 0
    at_first = keys.kept(folder)[0].key.revoked_at
    assert motcua_keys("revoke", key_id) == 0
    assert keys.kept(folder)[0].key.revoked_at == at_first
    assert motcua_keys("revoke", key_id[:-1] + "x") == 2
    assert f"did you mean {key_id}?" in capsys.readouterr().err


def test_a_broken_file_is_never_written_over(
    motcua_keys: Keys, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_key(folder, "admin@*")
    file = folder / "keys.json"
    broken = file.read_bytes()[:-20]
    file.write_bytes(broken)
    for command in (("create", "x", "--grant", "admin@*"), ("list",), ("revoke", "a")):
        assert motcua_keys(*command) == 2
        assert "keys.json can't be used" in capsys.readouterr().err
    assert file.read_bytes() == broken


def test_many_who_make_keys_at_once_lose_none(folder: Path) -> None:
    together = [threading.Thread(target=make_key, args=(folder, "counter@H59.15")) for _ in range(20)]
    for one in together:
        one.start()
    for one in together:
        one.join()
    assert len(keys.kept(folder)) == 20


def test_the_folder_is_the_named_one_the_environments_or_the_stacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert keys.access_folder(None, {}) == Path(".motcua/access")
    (tmp_path / ".motcua/demo/access").mkdir(parents=True)
    assert keys.access_folder(None, {}) == Path(".motcua/demo/access")
    (tmp_path / ".motcua/access").mkdir()
    assert keys.access_folder(None, {}) == Path(".motcua/access")
    assert keys.access_folder(None, {"MOTCUA_DATA_DIR": "d"}) == Path("d/access")
    assert keys.access_folder(None, {"MOTCUA_DATA_DIR": "d", "MOTCUA_ACCESS_DIR": "a"}) == Path("a")
    assert keys.access_folder(Path("n"), {"MOTCUA_ACCESS_DIR": "a"}) == Path("n")


def test_keys_made_replaced_and_revoked_are_entries_of_the_folders_audit(motcua_keys: Keys, folder: Path) -> None:
    assert motcua_keys("create", "Quầy 7", "--grant", "counter@H59.15") == 0
    (first,) = [one.key for one in keys.kept(folder)]
    assert motcua_keys("rotate", first.id, "--keep-old", "1d") == 0
    second = next(one.key for one in keys.kept(folder) if one.key.id != first.id)
    assert motcua_keys("revoke", second.id) == 0
    assert motcua_keys("revoke", second.id) == 0, "it was, so nothing is said"
    assert motcua_keys("revoke", "none") != 0
    lines = (folder / "audit.ndjson").read_bytes()
    entries = audited(lines, b"")
    assert [(entry["act"], entry["subject"]) for entry in entries] == [
        ("key_made", f"key:{first.id}"),
        ("key_revoked", f"key:{first.id}"),
        ("key_made", f"key:{second.id}"),
        ("key_revoked", f"key:{second.id}"),
    ]
    digest = sha256(first.digest.encode()).hexdigest()
    made = {"name": "Quầy 7", "grants": ["counter@H59.15"], "expires_at": None}
    assert entries[0]["details"] == made | {"digest_sha256": digest}
    assert entries[1]["details"]["expires_at"] is not None, "it goes on for a day"
    assert "revoked_at" in entries[3]["details"]
    assert all(key.digest.encode() not in lines for key in (first, second))
    assert stat.S_IMODE((folder / "audit.ndjson").stat().st_mode) == 0o600


def test_a_key_that_cannot_be_audited_is_not_made(
    motcua_keys: Keys, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua_keys("create", "Quầy 7", "--grant", "counter@H59.15") == 0
    file = folder / "audit.ndjson"
    file.write_bytes(file.read_bytes().replace(b"counter", b"officer"))
    assert motcua_keys("create", "Quầy 8", "--grant", "counter@H59.15") == 2
    assert "motcua audit verify" in " ".join(capsys.readouterr().err.split())
    assert [one.key.name for one in keys.kept(folder)] == ["Quầy 7"]
