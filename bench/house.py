"""`make house`: counts how the product is built: modules, lines, and for each package its rooms, arrows and floors.

A room of a package is a file or a folder directly in it; an arrow leads from a room to one that it imports. Rooms
that import each other in a loop stand on one floor; every other room stands one floor above the highest that it
imports, the ground floor is 1.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import grimp
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
PACKAGES = ("services", "shared", "motcua")
HOUSES = ("services.intake", "services.processing", "services.reporting", "shared", "motcua")
BAR_MODULES, BAR_LINES = 200, 19_000


@dataclass(frozen=True, slots=True)
class House:
    """One package: its files with their lines, and which room imports which."""

    name: str
    lines: dict[str, int]
    arrows: frozenset[tuple[str, str]]
    rooms: frozenset[str]

    @property
    def loops(self) -> int:
        """Arrows between rooms that reach each other."""
        reached = {room: _reached(room, self.arrows) for room in self.rooms}
        return sum(one in reached[other] for one, other in self.arrows)

    @property
    def floors(self) -> int:
        """The height of the highest room."""
        heights: dict[str, int] = {}

        def height(room: str, below: frozenset[str] = frozenset()) -> int:
            if room not in heights:
                under = [other for one, other in self.arrows if one == room and other not in below]
                heights[room] = 1 + max((height(other, below | {room}) for other in under), default=0)
            return heights[room]

        return max(map(height, self.rooms), default=0)


def house(name: str, graph: grimp.ImportGraph) -> House:
    """The package as its files stand now."""
    folder = ROOT / name.replace(".", "/")
    lines = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in sorted(folder.rglob("*.py"))}
    rooms: set[str] = set()
    arrows: set[tuple[str, str]] = set()
    for module in graph.find_descendants(name):
        rooms.add(_room(name, module))
        for imported in graph.find_modules_directly_imported_by(module):
            if imported.startswith(f"{name}.") and _room(name, imported) != _room(name, module):
                arrows.add((_room(name, module), _room(name, imported)))
    return House(name, lines, frozenset(arrows), frozenset(rooms))


def _room(package: str, module: str) -> str:
    return module.removeprefix(f"{package}.").split(".")[0]


def _reached(room: str, arrows: frozenset[tuple[str, str]]) -> set[str]:
    under: dict[str, set[str]] = defaultdict(set)
    for one, other in arrows:
        under[one].add(other)
    found: set[str] = set()
    ahead = [room]
    while ahead:
        new = under[ahead.pop()] - found
        found |= new
        ahead += new
    return found


def main() -> None:
    """Count and print."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    houses = [house(name, graph) for name in HOUSES]
    table = Table(
        "package",
        *("modules", "lines", "median", "rooms", "arrows", "in loops", "floors"),
        box=None,
        padding=(0, 2, 0, 0),
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for one in houses:
        lines = one.lines.values()
        counted = (len(lines), sum(lines), round(median(lines)), len(one.rooms), len(one.arrows), one.loops, one.floors)
        table.add_row(one.name, *(f"{number:,}" for number in counted))
    every = [lines for one in houses for lines in one.lines.values()]
    table.add_section()
    table.add_row("all", f"{len(every):,}", f"{sum(every):,}", f"{median(every):.0f}", end_section=True)
    console = Console()
    console.print(table)
    console.print(f"the aim: at most {BAR_MODULES} modules and {BAR_LINES:,} lines")


if __name__ == "__main__":
    main()
