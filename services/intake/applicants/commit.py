"""The applicants of one commit: their own details are kept out of its texts, and go into the encrypted table. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.intake.applicants.details import KeptDetails, Recogniser
from shared.contract.applicants import ApplicantDetails


@dataclass(slots=True)
class ApplicantsOfCommit:
    """What is kept of the applicants that a commit names, and what it changes of that, by pseudonym."""

    can_keep: bool = False
    kept: dict[str, KeptDetails] = field(default_factory=dict)
    erased_at: dict[str, float] = field(default_factory=dict)
    changed: dict[str, KeptDetails] = field(default_factory=dict)
    _recognisers: dict[str, tuple[KeptDetails, Recogniser]] = field(default_factory=dict)

    def recognisers(self, given: ApplicantDetails | None, *pseudonyms: str | None) -> Iterator[Recogniser]:
        """Of the details that came with an event, and of what is kept of the applicants."""
        if given is not None:
            yield Recogniser(given)
        for pseudonym in dict.fromkeys(pseudonyms):
            known = None if pseudonym is None else self.kept.get(pseudonym)
            if pseudonym is None or known is None:
                continue
            made = self._recognisers.get(pseudonym)
            if made is None or made[0] is not known:
                made = self._recognisers[pseudonym] = known, Recogniser(known.details)
            yield made[1]

    def keep(self, pseudonym: str, details: ApplicantDetails, as_of: float, came_at: float) -> None:
        """Keep the details that an event gave, unless the person was erased after it or after the dossier came: a
        dossier from before the erasure brings nobody back, whatever is sent of it later."""
        erased_at = self.erased_at.get(pseudonym)
        if erased_at is not None and min(as_of, came_at) <= erased_at:
            return
        known = self.kept.get(pseudonym)
        kept = KeptDetails(details, as_of) if known is None else known.updated(details, as_of)
        if kept != known:
            self.kept[pseudonym] = self.changed[pseudonym] = kept
