"""A service that finds a setting it can't use names the variable and stops."""

from pathlib import Path

import pytest

from services.intake.settings import IntakeSettings
from services.processing.settings import ProcessingSettings
from services.reporting.settings import ReportingSettings
from shared.service.settings import UnusableSettings, read_settings, settings_of


def test_each_variable_that_is_missing_or_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_INTAKE_PORT", "eighty")
    monkeypatch.delenv("MOTCUA_INTAKE_API_KEY", raising=False)
    with pytest.raises(SystemExit) as stopped:
        read_settings(IntakeSettings)
    said = str(stopped.value)
    assert "set MOTCUA_INTAKE_API_KEY (a key of at least 16 characters that may do everything)" in said
    assert "MOTCUA_INTAKE_PORT: Input should be a valid integer" in said
    assert "docs/settings.md" in said


def test_a_service_with_a_folder_of_keys_needs_no_key_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTCUA_PROCESSING_ACCESS_DIR", str(tmp_path))
    monkeypatch.delenv("MOTCUA_PROCESSING_API_KEY", raising=False)
    assert read_settings(ProcessingSettings).api_key is None


def test_without_its_own_key_intake_says_that_applicants_need_another_secret(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettings, match="MOTCUA_INTAKE_PSEUDONYM_KEY: .*only where MOTCUA_INTAKE_API_KEY"):
        settings_of(IntakeSettings, access_dir=tmp_path, api_key=None)


def test_without_its_own_key_reporting_says_that_it_needs_one_of_intake(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettings, match="MOTCUA_REPORTING_INTAKE_KEY: .*operator@"):
        settings_of(ReportingSettings, access_dir=tmp_path, api_key=None, intake_url="http://intake:8001")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "can't be used"),
        (b'{"version":2,"keys":[]}', "of version 2"),
        (
            b'{"version":1,"keys":[{"id":"a","name":"b","digest":"c","grants":["king@*"],'
            b'"created_at":"2026-01-01T00:00:00Z"}]}',
            "king@",
        ),
    ],
)
def test_no_service_starts_with_keys_that_it_cannot_read(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "keys.json").write_bytes(content)
    with pytest.raises(UnusableSettings, match=f"MOTCUA_PROCESSING_ACCESS_DIR: .*keys.json.*{said}"):
        settings_of(ProcessingSettings, access_dir=tmp_path, api_key="k" * 16)
