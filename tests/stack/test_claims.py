"""What a stack claims before it starts, and what it says when somebody else has it."""

import os
import socket
import stat
from pathlib import Path

import pytest

from motcua.stack.data_folder import claim_ports, keep_key, lock_folder, make_private
from motcua.stack.failures import DataDirInUse, DataDirUnusable, PortInUse, StackFailure
from tests.support.ports import free_port_base


async def test_a_port_in_use_is_named_together_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"port {port}, which reporting needs, is in use.*--port-base"):
            await claim_ports({"reporting": port})


async def test_free_ports_are_no_reason_to_wait() -> None:
    await claim_ports({"intake": free_port_base(1)})


def test_a_folder_serves_one_stack_at_a_time(tmp_path: Path) -> None:
    with (
        lock_folder(tmp_path / "lock"),
        pytest.raises(DataDirInUse, match=r"already running on .* \(process \d+\).*--data-dir"),
    ):
        lock_folder(tmp_path / "lock")


def test_a_folder_that_cannot_be_made_is_named_together_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirUnusable, match=r"file/data can't hold a stack's data .*--data-dir"):
        lock_folder(tmp_path / "file" / "data" / "lock")


def test_a_folder_left_is_free_again_though_its_lock_file_stays(tmp_path: Path) -> None:
    lock_folder(tmp_path / "lock").close()
    assert (tmp_path / "lock").exists()
    lock_folder(tmp_path / "lock").close()


def test_the_key_is_made_once_and_is_its_owners_only(tmp_path: Path) -> None:
    key = keep_key(tmp_path / "key")
    assert len(key) >= 32
    assert keep_key(tmp_path / "key") == key
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_what_a_stack_keeps_is_its_owners_only(tmp_path: Path) -> None:
    for name in ("logs", "kafka/data"):
        (tmp_path / name).mkdir(parents=True)
    kept = [tmp_path / name for name in ("intake.db", "intake.db-wal", "logs/intake.log", "kafka/data/meta.properties")]
    other = tmp_path / "notes.txt"
    for file in (*kept, other):
        file.touch(0o755)
    before = os.umask(0o022)
    try:
        make_private(tmp_path)
        (tmp_path / "new").touch()
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o700}
    assert {
        stat.S_IMODE(path.stat().st_mode) for path in (tmp_path, tmp_path / "logs", tmp_path / "kafka" / "data")
    } == {0o700}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    assert stat.S_IMODE(other.stat().st_mode) == 0o755


def test_a_folder_that_all_users_share_is_no_stacks(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    with pytest.raises(DataDirUnusable, match=r"shared by all users.*--data-dir"):
        make_private(tmp_path)


def test_a_key_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff")
    with pytest.raises(StackFailure, match="remove it"):
        keep_key(tmp_path / "key")
