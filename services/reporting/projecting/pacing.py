"""How long records may gather before the next batch: hardly at an office's pace, half a second in a flood."""

A_RECORD_S = 0.001  # below a thousand records a second each pause is shorter than the one before, until it is the shortest
SHORTEST_S, LONGEST_S = 0.02, 0.5


def gathering_s(records: int, since_s: float) -> float:
    """The pause before the next fetch: by how many records the last batch had, less the time since its own fetch began.

    Large batches are cheaper: transactions are fewer, and of several snapshots of a dossier only the newest is counted.
    """
    if records == 0:
        return 0.0
    return max(0.0, min(LONGEST_S, max(SHORTEST_S, records * A_RECORD_S)) - since_s)
