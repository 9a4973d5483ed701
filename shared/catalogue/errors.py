"""What is wrong in a catalogue: the file, the entry and how to put it right."""

from pathlib import Path


class CatalogueError(Exception):
    """A catalogue that cannot be used; the message names the file, the entry and the fix."""

    def __init__(self, file: Path, entry: str, fix: str) -> None:
        super().__init__(f"{file}: {entry}: {fix}" if entry else f"{file}: {fix}")
        self.file = file
        self.entry = entry
        self.fix = fix
