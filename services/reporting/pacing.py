"""How long records may gather before the next batch: hardly at an office's pace, half a second in a flood."""

A_RECORD_S = 0.001  # below a thousand records a second each pause is shorter than the one before, and soon there is none
LONGEST_S = 0.5


def gathering_s(records: int, since_s: float) -> float:
    """The pause before the next fetch: by how many records the last batch had, less the time since its own fetch began.

    Large batches are cheaper: transactions are fewer, and of several snapshots of a dossier only the newest is counted.
    """
    return max(0.0, min(LONGEST_S, records * A_RECORD_S) - since_s)
