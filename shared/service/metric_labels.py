"""The values of labels that are known beforehand, and the bounds of histograms."""

from shared.domain.lifecycle import EventKind

INTAKE, PROCESSING, REPORTING = "intake", "processing", "reporting"
COMMANDS = "commands"
EVERY = (INTAKE, PROCESSING, REPORTING)
UNREADABLE_EVENT = "unreadable"  # the event's name where it could not be read
EVENTS = tuple(kind.value for kind in EventKind)
FROM_DATA: tuple[str, ...] = ()
STATUSES = ("2xx", "3xx", "4xx", "5xx")
STAGES = ("relay", "processing", "figures")
PARTS = ("database", "log", "broker", "partitions")
COMMITTED = ("stored", "failed", "refused", "unstorable", "undecided")
SESSION_ENDS = ("broker", "database", "other_projector", "partitions")
LAG_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400)
DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
REFUSED_BY_THE_RULES = (
    "calendar_not_known",
    "correction_does_not_match",
    "deadline_before_receipt",
    "deadline_there",
    "instant_out_of_range",
    "invalid_term",
    "names_itself",
    "time_goes_back",
    "too_long_a_history",
    "transition_not_allowed",
    "unknown_dossier",
)
REFUSED_BY_INTAKE = (
    "channel_not_offered",
    "details_not_kept",
    "dossier_changed",
    "forbidden",
    "held_back",
    "id_reused",
    "idempotency_key_reused",
    "in_future",
    "malformed",
    "no_deadline",
    "no_pause",
    "online_level_not_online",
    "personal_data",
    "too_large",
    "unit_ended",
    "unknown_channel",
    "unknown_department",
    "unknown_procedure",
    "unknown_type",
    "wrong_department",
)
PUT_ASIDE = (
    "contradictory",
    "malformed",
    "not_of_the_log",
    "not_recorded",
    "sequence_gap",
    "status_too_large",
    "unexpected",
    "unknown_type",
    *REFUSED_BY_THE_RULES,
)
