"""The keys of a service: a change in their folder is seen within a second, and what is broken there ends nothing."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.access.folder import BrokenKeys, KeyFolder
from shared.service.clock import system_clock
from shared.service.keyring import LATELY_S, NOTED_EVERY_S, KeyRing
from tests.access.made_keys import expired_key, make_key


@dataclass
class Time:
    """Time that passes when a test says so."""

    elapsed: float = 0.0
    days: float = 0.0

    def ring(self, folder: Path) -> KeyRing:
        return KeyRing(
            folder, "intake", lambda: system_clock() + timedelta(days=self.days), elapsed=lambda: self.elapsed
        )


@pytest.fixture
def time() -> Time:
    return Time()


def allow(path: Path, mode: int) -> None:
    path.chmod(mode)


def revoke_all(folder: Path) -> None:
    with KeyFolder(folder).changing() as keys:
        for key_id, key in keys.items():
            keys[key_id] = replace(key, revoked_at=system_clock())


async def test_a_new_key_holds_at_once_and_a_revoked_one_no_longer_than_a_second(tmp_path: Path, time: Time) -> None:
    ring = time.ring(tmp_path)
    token = make_key(tmp_path, "counter@H59.15")
    assert ring.of_token(token) is not None
    revoke_all(tmp_path)
    time.elapsed += 1.0
    assert ring.of_token(token) is None
    key = ring.past(token)
    assert key is not None
    assert key.revoked_at is not None


async def test_a_session_of_a_key_ends_with_it(tmp_path: Path, time: Time) -> None:
    token = make_key(tmp_path, "compiler@*", expires_at=system_clock() + timedelta(days=1))
    ring = time.ring(tmp_path)
    principal = ring.of_token(token)
    assert principal is not None
    assert ring.with_id(principal.id) == principal
    assert ring.with_id(principal.id.removeprefix("key:")) is None
    time.days = 1.1
    assert ring.with_id(principal.id) is None
    time.days = 0
    revoke_all(tmp_path)
    time.elapsed += 1.0
    assert ring.with_id(principal.id) is None


async def test_an_expired_key_does_not_hold(tmp_path: Path, time: Time) -> None:
    token = expired_key(tmp_path, "admin@*")
    assert time.ring(tmp_path).of_token(token) is None


async def test_a_file_that_breaks_changes_nothing_and_is_told(tmp_path: Path, time: Time) -> None:
    token = make_key(tmp_path, "counter@H59.15")
    ring = time.ring(tmp_path)
    whole = (tmp_path / "keys.json").read_bytes()
    for broken in (b"", b"{}", whole[:-9], b"\xff" * 99, whole.replace(b"counter@", b"king@")):
        (tmp_path / "keys.json").write_bytes(broken)
        time.elapsed += 1.0
        assert ring.of_token(token) is not None
        assert "can't be used" in (ring.trouble or "")
        with pytest.raises(BrokenKeys):
            time.ring(tmp_path)
    (tmp_path / "keys.json").write_bytes(whole)
    time.elapsed += 1.0
    assert ring.of_token(token) is not None
    assert ring.trouble is None


async def test_what_could_not_be_read_once_is_read_again(
    tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is short of files must not overlook that a key was revoked."""

    def too_many(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    token = make_key(tmp_path, "counter@H59.15")
    ring = time.ring(tmp_path)
    revoke_all(tmp_path)
    with monkeypatch.context() as short:
        short.setattr(Path, "open", too_many)
        time.elapsed += 1.0
        assert ring.of_token(token) is not None
    time.elapsed += 1.0
    assert ring.of_token(token) is None


@pytest.mark.parametrize("changed", ["two ids", "two digests", "an instant without its offset"])
def test_keys_that_could_be_taken_for_each_other_are_broken(tmp_path: Path, time: Time, changed: str) -> None:
    make_key(tmp_path, "counter@H59.15", expires_at=system_clock() + timedelta(days=1))
    make_key(tmp_path, "admin@*")
    file = tmp_path / "keys.json"
    document = json.loads(file.read_text("utf-8"))
    first, second = document["keys"]
    if changed == "two ids":
        second["id"] = first["id"]
    elif changed == "two digests":
        second["digest"] = first["digest"]
    else:
        first["expires_at"] = first["expires_at"][:19]
    file.write_text(json.dumps(document), "utf-8")
    with pytest.raises(BrokenKeys):
        time.ring(tmp_path)


async def test_a_file_that_is_taken_away_leaves_no_key(tmp_path: Path, time: Time) -> None:
    token = make_key(tmp_path, "admin@*")
    ring = time.ring(tmp_path)
    (tmp_path / "keys.json").unlink()
    time.elapsed += 1.0
    assert ring.of_token(token) is None


async def test_the_last_use_is_noted_at_most_once_a_minute(tmp_path: Path, time: Time) -> None:
    first, second = make_key(tmp_path, "counter@H59.15"), make_key(tmp_path, "officer@H59.15")
    ring = time.ring(tmp_path)
    ring.of_token(first)
    ring._note()
    ring.of_token(second)
    assert ring._noting is not None
    assert ring._noting.when() - ring._noting._loop.time() == pytest.approx(NOTED_EVERY_S, abs=1)  # type: ignore[attr-defined]
    assert list(KeyFolder(tmp_path).last_used()) == [first.split("_")[1]]
    ring._note()
    assert sorted(KeyFolder(tmp_path).last_used()) == sorted([first.split("_")[1], second.split("_")[1]])


async def test_where_the_folder_cannot_be_written_keys_hold_all_the_same(
    tmp_path: Path, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    token = make_key(tmp_path, "counter@H59.15")
    ring = time.ring(tmp_path)
    monkeypatch.setattr(KeyFolder, "note_used", read_only)
    ring.of_token(token)
    ring._note()
    assert ring.of_token(token) is not None
    assert ring._noting is None


def test_what_is_no_utf8_is_nobodys_token(tmp_path: Path, time: Time) -> None:
    assert time.ring(tmp_path).past("\udcff") is None


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o666, 0o700), (0o602, 0o700), (0o600, 0o777)])
async def test_a_file_that_everybody_may_write_is_not_taken(
    tmp_path: Path, time: Time, file_mode: int, folder_mode: int
) -> None:
    folder = tmp_path / "access"
    folder.mkdir()
    token = make_key(folder, "counter@H59.15")
    ring = time.ring(folder)
    allow(folder / "keys.json", file_mode)
    allow(folder, folder_mode)
    with pytest.raises(BrokenKeys, match="chmod o-w"):
        time.ring(folder)
    content = json.loads((folder / "keys.json").read_bytes())
    content["keys"][0]["grants"] = ["admin@*"]
    (folder / "keys.json").write_text(json.dumps(content))
    time.elapsed += 1.0
    principal = ring.of_token(token)
    assert principal is not None
    assert [str(grant) for grant in principal.grants] == ["counter@H59.15"], "the last good ones go on"
    assert ring.trouble is not None


async def test_a_folder_where_nobody_replaces_anothers_file_may_be_written_by_everybody(
    tmp_path: Path, time: Time
) -> None:
    """As /tmp and the folders of mounted secrets are."""
    token = make_key(tmp_path, "counter@H59.15")
    allow(tmp_path, 0o1777)
    assert time.ring(tmp_path).of_token(token) is not None


async def test_the_end_of_a_key_that_was_replaced_is_nobodys_concern_soon(tmp_path: Path, time: Time) -> None:
    ends = system_clock() + timedelta(days=6)
    old, new = make_key(tmp_path, "counter@H59.15", expires_at=ends), make_key(tmp_path, "counter@H59.15")
    ring = time.ring(tmp_path)
    assert ring.of_token(old) is not None
    time.elapsed += LATELY_S
    assert ring.of_token(new) is not None
    assert ring.next_expiry == ends, "somebody may send it once a night"
    time.elapsed += 1.0
    assert ring.next_expiry is None
