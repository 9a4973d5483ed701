"""The columns of the statutory form II.06a, by the keys of the figures."""

COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("3", "received_total", "to handle, in all"),
    ("4", "received_online", "received online"),
    ("5", "received_in_person_or_postal", "received in person or by post"),
    ("6", "carried_over", "carried over from before"),
    ("7", "resolved_total", "resolved, in all"),
    ("8", "resolved_early", "resolved early"),
    ("9", "resolved_on_time", "resolved on time"),
    ("10", "resolved_overdue", "resolved overdue"),
    ("11", "in_progress_total", "in progress, in all"),
    ("12", "in_progress_within", "in progress, within time"),
    ("13", "in_progress_overdue", "in progress, overdue"),
)
KEYS = tuple(key for _number, key, _meaning in COLUMNS)
