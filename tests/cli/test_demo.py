"""The demo's folder plays one scenario, and what it says to type works from where it stands."""

from pathlib import Path

import pytest

from motcua.failure import Failure
from motcua.stack.demo import prepare


def test_a_year_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    events = tmp_path / "tra-vinh-2023.ndjson"
    events.write_text("made before\n")
    played = prepare(tmp_path, "tra-vinh-2023")
    assert played.events.read_text() == "made before\n"
    assert played.clock == "2023-12-31T23:59:00+07:00"


def test_a_folder_that_holds_another_year_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vinh-phuc-2022.ndjson").touch()
    with pytest.raises(Failure, match="choose another folder"):
        prepare(tmp_path, "tra-vinh-2023")


def test_a_scenario_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot read scenario"):
        prepare(tmp_path, "nowhere-2023")
