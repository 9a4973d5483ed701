"""Random offices: dossiers of several departments, procedures and channels, from a few up to hundreds."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random

from hypothesis import strategies as st

from tests.builders.histories import EPOCH, History, history

DEPARTMENTS = ("H59.15", "H59.02", "H59.03")
PROCEDURES = ("2.000635", "1.004616", "1.004650", "2.002311", "9.999999")  # the last one is not in the catalogue
Office = Mapping[str, History]  # a dossier's code -> its events
OF_HUNDREDS = range(200, 401)


def office(rng: Random, size: int, days: int = 1) -> Office:
    """`size` dossiers whose first events lie within `days` days and a bit."""
    found = {}
    for number in range(size):
        start = EPOCH + timedelta(days=rng.randrange(days))
        _, found[f"H59.15-230117-{number:04}"] = history(rng, start, DEPARTMENTS, PROCEDURES)
    return found


def offices() -> st.SearchStrategy[Office]:
    """A few dossiers, which hypothesis can make fewer and simpler."""
    return st.builds(office, st.randoms(use_true_random=False), st.integers(1, 6))
