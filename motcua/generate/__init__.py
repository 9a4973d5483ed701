"""Makes a whole, possible year of dossiers whose figures are exactly those a scenario asks for."""

from motcua.generate.run import Summary, run
from motcua.generate.scenario import ImpossibleScenario, Scenario, ScenarioError, load_scenario, shipped_scenarios
from motcua.generate.stream import generate

__all__ = ["ImpossibleScenario", "Scenario", "ScenarioError", "Summary", "generate", "load_scenario", "run", "shipped_scenarios"]
