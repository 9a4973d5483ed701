"""A service that finds a setting it can't use names the variable and stops."""

import pytest

from services.intake.settings import IntakeSettings
from shared.service.settings import read_settings


def test_each_variable_that_is_missing_or_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_INTAKE_PORT", "eighty")
    monkeypatch.delenv("MOTCUA_INTAKE_API_KEY", raising=False)
    with pytest.raises(SystemExit) as stopped:
        read_settings(IntakeSettings)
    said = str(stopped.value)
    assert "MOTCUA_INTAKE_API_KEY: Field required" in said
    assert "MOTCUA_INTAKE_PORT: Input should be a valid integer" in said
    assert "docs/settings.md" in said
