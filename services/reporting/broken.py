"""A dossier whose stored row contradicts itself: it is named, for a list that leaves it out would not be as long as its number."""


class BrokenDossier(Exception):
    """What an earlier version stored and this one can't count or read."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(
            f"dossier {code}: {detail}; `motcua verify` names what else is wrong, `motcua rebuild` makes it right from the log"
        )
        self.code = code
