"""The year that is measured, and the assertion every figure of this benchmark stands on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from motcua.client import Services
from motcua.stack.generate.scenario import Scenario, load_scenario
from motcua.stack.generate.year import generate_file
from shared.contract.http.figures import FiguresAnswer

SCENARIO = "tra-vinh-2023"


@dataclass(frozen=True, slots=True)
class Year:
    """A scenario and its events on disk."""

    scenario: Scenario
    events: Path
    count: int

    @property
    def clock(self) -> str:
        """The end of the year, where the clock of a measured stack stands."""
        return f"{self.scenario.last_day.isoformat()}T23:59:00+07:00"

    @property
    def expected(self) -> dict[str, int]:
        return self.scenario.figures.row()


def prepare(folder: Path) -> Year:
    """Generate the year once (not timed)."""
    scenario = load_scenario(SCENARIO)
    events = folder / f"{scenario.name}.ndjson"
    if not events.exists():
        generate_file(SCENARIO, events)
    with events.open("rb") as lines:
        return Year(scenario, events, sum(1 for _ in lines))


def figures(client: httpx.Client, year: Year) -> dict[str, Any]:
    """The total row of the whole year, as reporting answers now."""
    answer = client.get("/v1/figures", params={"from": str(year.scenario.first_day), "to": str(year.scenario.last_day)})
    return msgspec.json.decode(answer.raise_for_status().content, type=FiguresAnswer).total


def differences(found: dict[str, Any], year: Year) -> list[str]:
    """Where the report is not the scenario's, to the unit."""
    return [
        f"{name}: {found[name]} instead of {count}" for name, count in year.expected.items() if found[name] != count
    ]


def assert_exact(found: dict[str, Any], year: Year) -> None:
    """No time is printed for a wrong report."""
    wrong = differences(found, year)
    assert not wrong, f"the report is wrong, so no figure is worth printing: {wrong}"


def reporting_client(services: Services) -> httpx.Client:
    return httpx.Client(base_url=services.reporting, headers=services.headers, trust_env=False, timeout=60)
