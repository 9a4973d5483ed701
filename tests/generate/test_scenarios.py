"""Scenarios: those that ship are possible,
and one that cannot be is refused with the identity it breaks and by how much."""

import os
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from motcua.stack.generate.dossiers import Fate
from motcua.stack.generate.scenario import (
    SHIPPED,
    ImpossibleScenario,
    ScenarioError,
    load_scenario,
    parse,
    shipped_scenarios,
)
from motcua.stack.generate.year import Year, generate_file
from shared.catalogue import load

SMALL = "quang-tri-2023"


@pytest.fixture
def document() -> dict[str, Any]:
    return tomllib.loads((SHIPPED / f"{SMALL}.toml").read_text(encoding="utf-8"))


def test_four_scenarios_ship_and_are_possible() -> None:
    assert shipped_scenarios() == ["quang-ngai-2021", "quang-tri-2023", "tra-vinh-2023", "vinh-phuc-2022"]
    assert all(load_scenario(name).name == name for name in shipped_scenarios())


def test_what_tra_vinh_printed_is_kept_beside_what_can_be() -> None:
    scenario = load_scenario("tra-vinh-2023")
    assert scenario.printed["received_in_person_or_postal"] == 28_538
    assert scenario.printed["in_progress_total"] == 1_137
    assert scenario.figures.in_progress_total == 1_337


@pytest.mark.parametrize("name", ["quang-ngai-2021", "vinh-phuc-2022"])
@pytest.mark.slow
def test_the_larger_scenarios_find_a_dossier_for_every_fate(name: str) -> None:
    scenario = load_scenario(name)
    fates = Counter(plan.fate for plan in Year(scenario, load()).planned)
    asked = scenario.figures
    assert fates[Fate.EARLY] == asked.resolved_early
    assert fates[Fate.ON_TIME] == asked.resolved_on_time
    assert fates[Fate.OVERDUE] == asked.resolved_overdue
    assert fates[Fate.OPEN] == asked.in_progress_within
    assert fates[Fate.OPEN_OVERDUE] == asked.in_progress_overdue


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    scenario, catalogue = load_scenario(SMALL), load()
    year = list(Year(scenario, catalogue).events())
    assert year == list(Year(scenario, catalogue).events())
    assert year != list(Year(msgspec.structs.replace(scenario, seed=scenario.seed + 1), catalogue).events())


@pytest.mark.slow
def test_another_process_writes_the_same_file(tmp_path: Path) -> None:
    here, there = tmp_path / "here.ndjson", tmp_path / "there.ndjson"
    generate_file(SMALL, here, None)
    code = (
        "from pathlib import Path; from motcua.stack.generate import year; "
        f"year.generate_file({SMALL!r}, Path({str(there)!r}), None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert here.read_bytes() == there.read_bytes()


def test_progress_ends_at_all_dossiers_and_no_unfinished_file_stays(tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    summary = generate_file(SMALL, tmp_path / "year.ndjson.gz", lambda done, total: progress.append((done, total)))
    assert progress == sorted(progress)
    assert progress[-1] == (summary.dossiers, summary.dossiers)
    assert [file.name for file in tmp_path.iterdir()] == ["year.ndjson.gz"]


def test_a_broken_balance_is_refused_with_its_identity_and_difference(document: dict[str, Any]) -> None:
    document["figures"]["in_progress_total"] += 200
    document["figures"]["in_progress_within"] += 200
    with pytest.raises(ImpossibleScenario, match=r"3=7\+11: received_total is 1,056, .* sum to 1,256: 200 too few"):
        parse(document, "a scenario")


def test_the_printed_tra_vinh_figures_are_refused_with_both_identities() -> None:
    document = tomllib.loads((SHIPPED / "tra-vinh-2023.toml").read_text(encoding="utf-8"))
    document["figures"] |= {
        "received_in_person": 28_538,
        "received_postal": 0,
        "in_progress_total": 1_137,
        "in_progress_within": 1_137,
    }
    with pytest.raises(ImpossibleScenario) as raised:
        parse(document, "the printed report")
    assert "3=4+5+6: received_total is 80,121" in str(raised.value)
    assert "80,139: 18 too few" in str(raised.value)
    assert "79,921: 200 too many" in str(raised.value)


def test_overdue_dossiers_by_department_must_sum_to_the_figure(document: dict[str, Any]) -> None:
    document["overdue_by_department"] = {"H59.02": 1}
    with pytest.raises(ImpossibleScenario, match="sums to 1, resolved_overdue is 3"):
        parse(document, "a scenario")


def test_more_open_dossiers_than_deadlines_allow_are_refused_before_the_first_event(document: dict[str, Any]) -> None:
    document["figures"] |= {
        "in_progress_total": 512,
        "in_progress_within": 512,
        "resolved_on_time": 121,
        "resolved_total": 544,
    }
    with pytest.raises(ImpossibleScenario, match="in_progress_within"):
        Year(parse(document, "a scenario"), load())


def test_a_department_that_the_catalogue_lacks_is_named(document: dict[str, Any]) -> None:
    document["departments"]["H11.99"] = 1
    with pytest.raises(ScenarioError, match=r"H11\.99"):
        Year(parse(document, "a scenario"), load())


def test_an_unknown_name_says_which_scenarios_ship() -> None:
    with pytest.raises(ScenarioError, match="tra-vinh-2023"):
        load_scenario("atlantis-1900")


def test_an_entry_of_the_wrong_kind_is_named(document: dict[str, Any]) -> None:
    document["figures"]["carried_over"] = "nine"
    with pytest.raises(ScenarioError, match=r"figures\.carried_over"):
        parse(document, "a scenario")
