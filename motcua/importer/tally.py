"""What became of the lines so far: the numbers behind the progress bar and the summary."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Counts of lines; `waiting` ones were refused only because their dossier was not there yet and are sent again.

    `held_back` ones are rejected for an earlier line of their dossier was. `sorted_lines` are all lines of a file that had to be put in
    order first.
    """

    read_bytes: int = 0
    sorted_lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    held_back: int = 0
    waiting: int = 0
    note: str = ""

    @property
    def settled(self) -> int:
        return self.accepted + self.duplicates + self.rejected
