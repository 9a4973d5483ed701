"""What a comparison finds: where two pieces disagree, about which dossier or figure, and how."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """`place` is the piece that disagrees with the log, `about` the dossier's code or the figure."""

    place: str
    about: str
    detail: str

    def __str__(self) -> str:
        return f"{self.about}: {self.place} {self.detail}"
