"""What a stack starts its services with, and what it refuses before it starts anything."""

from pathlib import Path

import pytest

from motcua.failure import Failure
from motcua.stack.data_folder import StackLayout
from motcua.stack.stack import service_children

BROKER = "127.0.0.1:9092"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MOTCUA_INTAKE_MAX_EVENT_BYTES", "1e9"),
        ("MOTCUA_INTAKE_MAX_EVENT_BYTES", "-1"),
        ("MOTCUA_INTAKE_LOG_LEVEL", "loud"),
        ("MOTCUA_INTAKE_CATALOGUE", "/nowhere"),
        ("MOTCUA_PROCESSING_CLOSED_KEPT_DAYS", "some"),
        ("MOTCUA_REPORTING_YEAR", "99999"),
        ("MOTCUA_REPORTING_FIGURES_MAX_ROWS", "0"),
    ],
)
def test_a_variable_that_a_service_cannot_use_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    layout = StackLayout(tmp_path, 8000)
    assert len(service_children(layout, key="k" * 32, bootstrap=BROKER, clock="system", year=None)) == 3
    monkeypatch.setenv(variable, value)
    with pytest.raises(Failure, match=rf"(?s)cannot start like this.*{variable}: "):
        service_children(layout, key="k" * 32, bootstrap=BROKER, clock="system", year=None)
