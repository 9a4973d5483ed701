"""What a comparison finds: where two pieces disagree, about which dossier or figure, and how."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """`place` is the piece that disagrees with the log, `about` the dossier's code or the figure; `dossiers` are at fault."""

    place: str
    about: str
    detail: str
    dossiers: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.about}: {self.place} {self.detail}"


def of_dossier(place: str, code: str, detail: str) -> Difference:
    """A difference about one dossier."""
    return Difference(place, code, detail, frozenset({code}))
