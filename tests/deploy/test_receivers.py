"""Whom alerts reach is said in .env: Alertmanager is started with the addresses that are set there, and no others."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.deployment import DEPLOY, run, tool

FOLDER = DEPLOY / "alertmanager"
RECEIVERS = [
    receiver["name"] for receiver in yaml.safe_load((FOLDER / "alertmanager.yml").read_text("utf-8"))["receivers"]
]
HOOK = "https://chat.example.vn/hooks/motcua?room=1&of=2"
MAIL = {
    "MOTCUA_ALERTS_EMAIL_TO": "operators@example.vn",
    "MOTCUA_ALERTS_EMAIL_FROM": "motcua@example.vn",
    "MOTCUA_ALERTS_SMARTHOST": "mail.example.vn:587",
}


def started(folder: Path, **environment: str) -> tuple[int, str, Path]:
    """Exit code and errors of the script, where a stand-in for Alertmanager says what it was started with."""
    (folder / "alertmanager").write_text('#!/bin/sh\necho "$@"\n', "utf-8")
    (folder / "alertmanager").chmod(0o755)
    path = f"{folder}:{Path(shutil.which('sed') or '').parent}:/bin"
    answer = run("sh", FOLDER / "start.sh", "--rest", environment={"PATH": path, "TMPDIR": str(folder), **environment})
    assert answer.returncode != 0 or answer.stdout == f"--config.file={folder}/alertmanager.yml --rest\n"
    return answer.returncode, answer.stderr, folder / "alertmanager.yml"


def receivers(config: Path) -> dict[str, dict[str, Any]]:
    return {receiver["name"]: receiver for receiver in yaml.safe_load(config.read_text("utf-8"))["receivers"]}


def test_without_addresses_the_configuration_is_the_one_that_is_shipped(tmp_path: Path) -> None:
    code, _, config = started(tmp_path)
    assert code == 0
    assert config.read_bytes() == (FOLDER / "alertmanager.yml").read_bytes()


def test_each_receiver_has_the_addresses_that_are_set_for_it(tmp_path: Path) -> None:
    code, said, config = started(tmp_path, MOTCUA_ALERTS_WEBHOOK_URL=HOOK, **MAIL, MOTCUA_ALERTS_SMTP_USERNAME="motcua")
    assert code == 0, said
    found = receivers(config)
    assert list(found) == RECEIVERS
    assert found["operators"]["webhook_configs"] == [{"url": HOOK}]
    [mail] = found["operators"]["email_configs"]
    assert (mail["to"], mail["smarthost"]) == ("operators@example.vn", "mail.example.vn:587")
    assert mail["auth_password_file"] == "/run/secrets/smtp-password"
    assert found["departments"] == {**found["operators"], "name": "departments"}, "nobody else is named for them"
    assert found["watchdog"] == {"name": "watchdog"}
    answer = run(tool("amtool", "prometheus-alertmanager"), "check-config", config)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("name", "told"),
    [("operators", ["operators", "departments"]), ("departments", ["departments"]), ("watchdog", ["watchdog"])],
)
def test_every_receiver_can_be_given_an_address(tmp_path: Path, name: str, told: list[str]) -> None:
    part = "" if name == "operators" else f"{name.upper()}_"
    code, said, config = started(tmp_path, **{f"MOTCUA_ALERTS_{part}WEBHOOK_URL": HOOK})
    assert code == 0, said
    assert [found for found, receiver in receivers(config).items() if "webhook_configs" in receiver] == told


@pytest.mark.parametrize("missing", ["MOTCUA_ALERTS_EMAIL_FROM", "MOTCUA_ALERTS_SMARTHOST"])
def test_mail_without_a_sender_or_a_server_is_refused_by_name(tmp_path: Path, missing: str) -> None:
    code, said, _ = started(tmp_path, **(MAIL | {missing: ""}))
    assert code != 0
    assert f"set {missing}" in said
