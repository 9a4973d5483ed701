"""Every metric of the services, declared once: name, kind, labels, meaning, and how replicas add up.

The services make their metrics from here; `python -m bench.metrics_document` makes deploy/metrics.md of it, and
dashboards and alerts may ask for nothing else.
"""

from shared.contract.topics import TOPICS
from shared.domain.timeliness import THRESHOLDS
from shared.service import figure_metrics
from shared.service.metric_kinds import DECLARED, Labels, Replicas
from shared.service.metric_kinds import counter as _counter
from shared.service.metric_kinds import gauge as _gauge
from shared.service.metric_kinds import histogram as _histogram
from shared.service.metric_labels import (
    COMMANDS,
    COMMITTED,
    DURATION_BUCKETS,
    EVENTS,
    EVERY,
    FROM_DATA,
    INTAKE,
    LAG_BUCKETS,
    PARTS,
    PROCESSING,
    PUT_ASIDE,
    REFUSED_BY_INTAKE,
    REFUSED_BY_THE_RULES,
    REPORTING,
    SESSION_ENDS,
    STAGES,
    STATUSES,
    UNREADABLE_EVENT,
)
from shared.service.refusals import WhyRefused

DEPARTMENT: Labels = figure_metrics.DEPARTMENT


# The chain

EVENTS_ACCEPTED = _counter("motcua_events_accepted", (INTAKE,), "Events written to the log.", event=EVENTS)
EVENTS_DUPLICATE = _counter(
    "motcua_events_duplicate", (INTAKE,), "Events that were there already, same id and content.", event=EVENTS
)
EVENTS_REJECTED = _counter(
    "motcua_events_rejected",
    (INTAKE,),
    "Events refused, by code; event unreadable: its name could not be read.",
    event=(*EVENTS, UNREADABLE_EVENT),
    reason=tuple(sorted(REFUSED_BY_THE_RULES + REFUSED_BY_INTAKE)),
)
LOG_EVENTS = _gauge(
    "motcua_log_events",
    (INTAKE,),
    "Position of the last event in the log: so many it holds, unless somebody took rows away.",
)
COMMITS = _counter(
    "motcua_commits",
    (INTAKE,),
    "Transactions of the log, by what became of them: stored; failed: the database did not take it; refused: the log "
    "is behind the topic; unstorable: the database refuses the content; undecided: a bug.",
    outcome=COMMITTED,
)
COMMIT_DURATION = _histogram(
    "motcua_commit_duration_seconds", (INTAKE,), "How long a transaction of the log took.", DURATION_BUCKETS
)
COMMIT_WAITING = _gauge(
    "motcua_commit_waiting_requests",
    (INTAKE,),
    "Requests whose events wait for the next transaction.",
    replicas=Replicas.SUM,
)
RELAY_REFILLS = _counter(
    "motcua_relay_refills", (INTAKE,), "Times the event topic had lost events and got the log again."
)
RELAY_BACKLOG = _gauge(
    "motcua_relay_backlog_events", (INTAKE,), "Accepted events that the broker has not acknowledged yet."
)
RELAY_OLDEST_AGE = _gauge(
    "motcua_relay_oldest_event_age_seconds",
    (INTAKE,),
    "How long the oldest of them has waited; 0 when none waits.",
)
DEPARTMENT_LAST_ACCEPTED = _gauge(
    "motcua_department_last_accepted_timestamp_seconds",
    (INTAKE,),
    "When the last event of one of the dossiers of a department was accepted; departments with an event in the last 30 "
    "days.",
    DEPARTMENT,
)
DEPARTMENT_SILENT = _gauge(
    "motcua_department_silent_working_seconds",
    (INTAKE,),
    "Working time that has passed since then, by the calendar of the department with its announced days.",
    DEPARTMENT,
    Replicas.MIN,
)
SOURCE_LAST_ACCEPTED = _gauge(
    "motcua_source_last_accepted_timestamp_seconds",
    (INTAKE,),
    "When the last event from a source of CloudEvents was accepted; those of the last 30 days, a hundred by name and "
    "the rest as other.",
    {"source": FROM_DATA},
)
CALENDAR_KNOWN_UNTIL = _gauge(
    "motcua_calendar_known_until_timestamp_seconds",
    (INTAKE,),
    "The end of the last day that the working calendar knows: no deadline can be computed beyond.",
    replicas=Replicas.MIN,
)
PIPELINE_LAG = _histogram(
    "motcua_pipeline_lag_seconds",
    EVERY,
    "From accepted to the end of the stage: acknowledged by the broker (relay), in the ledger (processing), in the "
    "figures (figures). An event counts there once, when it first reaches them, whatever is made anew or read again "
    "later. Not known, and left out: what a read model finds there when it is filled and neither it nor the broker "
    "(group motcua-reporting-v1, which Kafka forgets after a week without reporting) says what had been counted; and "
    "events whose status compaction replaced by a later one before reporting read it.",
    LAG_BUCKETS,
    stage=STAGES,
)
PIPELINE_WAITING = _gauge(
    "motcua_pipeline_waiting_records",
    EVERY,
    "What the stage has still to take: of the log (relay), of the events topic (processing: of the partitions held, so "
    "that several workers add up), of the status topic (figures); absent where the end is not known. A service that "
    "does not answer tells nothing: for processing, log less relay backlog less motcua_log_events_in_ledger does.",
    {"stage": STAGES},
)
PIPELINE_STALLED = _gauge(
    "motcua_pipeline_stalled_seconds",
    EVERY,
    "How long the stage has stood still although something waits for it; 0 when it moves or nothing waits.",
    {"stage": STAGES},
)
CONSUMER_LAG = _gauge(
    "motcua_consumer_lag_records",
    (PROCESSING, REPORTING),
    "What is still to be read, by partition: of the events (processing), of the statuses (reporting).",
    {"topic": FROM_DATA, "partition": FROM_DATA},
)
TOPIC_RECORDS = _gauge(
    "motcua_topic_records",
    EVERY,
    "Records of a topic, its end less its beginning; of a compacted topic an upper bound.",
    {"topic": tuple(topic.name for topic in TOPICS)},
)
DEAD_LETTERS_IN_TOPIC = _gauge(
    "motcua_dead_letters_in_topic", EVERY, "Records of the dead-letter topic, whoever wrote them."
)
DEAD_LETTERS_OPEN = _gauge(
    "motcua_dead_letters_open",
    (INTAKE,),
    "Dead letters in their topic that nobody has sent again or marked as done; absent until the topic was read.",
)
EVENTS_PROCESSED = _counter("motcua_events_processed", (PROCESSING,), "Events taken into the ledger.", event=EVENTS)
DEAD_LETTERS = _counter(
    "motcua_dead_letters",
    (PROCESSING, REPORTING),
    "Records that this process could not use and put aside.",
    reason=PUT_ASIDE,
)
ALERTS = _counter(
    "motcua_alerts", (PROCESSING,), "Alerts raised for dossiers, by threshold.", threshold=tuple(THRESHOLDS)
)
PROCESSING_DOSSIERS = _gauge(
    "motcua_processing_dossiers",
    (PROCESSING,),
    "Dossiers as the processor counts them now: open ones within, due_soon, overdue, suspended, closed ones by class; "
    "overdue is both.",
    figure_metrics.BY_TIMELINESS,
    Replicas.SUM,
)
PROCESSING_IN_PROGRESS = _gauge(
    "motcua_processing_in_progress",
    (PROCESSING,),
    "Open dossiers alone, as the processor counts them now, to compare with motcua_dossiers_in_progress.",
    figure_metrics.BY_TIMELINESS,
    Replicas.SUM,
)
PROCESSING_PARTITIONS = _gauge(
    "motcua_processing_partitions", (PROCESSING,), "Partitions that this worker holds.", replicas=Replicas.SUM
)
READING_AGAIN = _gauge(
    "motcua_processing_partitions_reading_again",
    (PROCESSING,),
    "Partitions whose events are being read again.",
    replicas=Replicas.SUM,
)
LEDGER_DOSSIERS = _gauge(
    "motcua_ledger_dossiers",
    (PROCESSING,),
    "Dossiers held in memory; dossiers closed long ago are not.",
    replicas=Replicas.SUM,
)
LEDGER_EVENTS = _gauge(
    "motcua_ledger_events",
    (PROCESSING,),
    "Events that the ledger stands for, those of forgotten dossiers included.",
    replicas=Replicas.SUM,
)
LEDGER_QUARANTINED = _gauge(
    "motcua_ledger_quarantined_events",
    (PROCESSING,),
    "Events of the log that became dead letters and are not in the ledger.",
    replicas=Replicas.SUM,
)
LEDGER_BATCH = _histogram(
    "motcua_ledger_batch_duration_seconds",
    (PROCESSING,),
    "How long a batch took, from read to durable.",
    DURATION_BUCKETS,
)
LEDGER_REPAIRED = _counter(
    "motcua_ledger_repaired_events", (PROCESSING,), "Events that the ledger lacked and found in the topic."
)
LEDGER_FOREIGN_WRITES = _counter(
    "motcua_ledger_foreign_writes",
    (PROCESSING,),
    "Partitions in which another worker had written; each is read before this one goes on.",
)
EVENTS_SKIPPED = _counter(
    "motcua_events_skipped", (PROCESSING,), "Jumps of the numbers of events; the partition was read again."
)
POISON_IN_A_ROW = _gauge(
    "motcua_poison_in_a_row",
    (PROCESSING, REPORTING),
    "Unusable records since the last usable one; above 100 the reader slows down.",
)
SESSIONS_ENDED = _counter(
    "motcua_processing_sessions_ended",
    (PROCESSING,),
    "Sessions with the broker that trouble ended; the next one read again.",
)
LAST_PROGRESS = _gauge(
    "motcua_processing_last_progress_timestamp_seconds",
    (PROCESSING,),
    "When the event loop last turned.",
    replicas=Replicas.MIN,
)
PROJECTED_STATUSES = _counter(
    "motcua_projected_statuses", (REPORTING,), "Status records read and committed, older versions included."
)
STATUSES_SKIPPED = _counter(
    "motcua_statuses_skipped", (REPORTING,), "Jumps of the marks of the ledger; the partition was read again."
)
PROJECTOR_BATCH = _histogram(
    "motcua_projector_batch_duration_seconds",
    (REPORTING,),
    "How long a batch of statuses took, from read to committed.",
    DURATION_BUCKETS,
)
PROJECTOR_SESSIONS_ENDED = _counter(
    "motcua_projector_sessions_ended",
    (REPORTING,),
    "Sessions of the projector that trouble ended, by what: broker, database, another projector, other partitions.",
    reason=SESSION_ENDS,
)
READ_MODEL_EVENTS = _gauge(
    "motcua_read_model_events", (REPORTING,), "Events that the stored dossiers stand for, counted in the read model."
)
LOG_EVENTS_IN_LEDGER = _gauge(
    "motcua_log_events_in_ledger",
    (REPORTING,),
    "Events of the log that the ledger had read by its furthest marks in the read model: what processing did, told "
    "while it does not answer, too; absent where a partition has no mark or is read from its beginning.",
)
RECONCILIATION = _gauge(
    "motcua_reconciliation_difference",
    EVERY,
    "Differences of counts made independently, always 0: relay: events sent less those that the numbers in the topic "
    "show; processing: numbered events read less held less quarantined, absent while events are read again; figures: "
    "events of the ledger by its furthest marks less those of the stored dossiers, absent where a partition has no "
    "mark or is read from its beginning; sums: received dossiers stored less counted; form: the most by which a "
    "department's row of the year's form, or a column's departments and the office, contradict each other; accepted: "
    "events in the log of intake less those that the ledger has read, the least of three minutes, absent while that "
    "may be on its way, and without MOTCUA_REPORTING_INTAKE_URL.",
    {"stage": ("relay", "processing", "figures", "sums", "form", "accepted")},
)

# The processes

READY = _gauge(
    "motcua_ready",
    EVERY,
    "1 where a part of the service is as it should be: the database answers, the log takes events (intake), the broker "
    "answered lately, the partitions are taken over and recovered (processing) or being read (reporting).",
    {"part": PARTS},
    Replicas.MIN,
)
BROKER_HEARD = _gauge(
    "motcua_broker_heard_timestamp_seconds",
    EVERY,
    "When the broker last answered a question that is put to it every few seconds; absent until it first does.",
)
HTTP_REQUESTS = _counter(
    "motcua_http_requests",
    EVERY,
    "Requests answered, by the template of their route; those without one are unmatched.",
    method=FROM_DATA,
    route=FROM_DATA,
    status=STATUSES,
)
HTTP_DURATION = _histogram(
    "motcua_http_request_duration_seconds",
    EVERY,
    "From the head of a request to the beginning of its answer; how long the other end takes to read is not in it.",
    DURATION_BUCKETS,
    method=FROM_DATA,
    route=FROM_DATA,
)
HTTP_IN_PROGRESS = _gauge(
    "motcua_http_requests_in_progress", EVERY, "Requests in work, streams among them.", replicas=Replicas.SUM
)
REQUESTS_REFUSED = _counter(
    "motcua_requests_refused",
    EVERY,
    "Requests refused for who made them: 401 (no_key, unknown_key, expired_key, revoked_key, not_vouched_for) and 403 "
    "(not_permitted, out_of_scope, foreign_page); or turned away by the gate: host (421), rate and crowd (429), busy "
    "and memory (503).",
    reason=tuple(reason.value for reason in WhyRefused),
)
LAPSED_KEYS = _gauge(
    "motcua_lapsed_keys_in_use",
    EVERY,
    "Keys that were revoked or have expired and were refused three times or more within the last half hour: whoever "
    "has them did not get another one.",
    {"reason": (WhyRefused.EXPIRED_KEY.value, WhyRefused.REVOKED_KEY.value)},
)
KEY_EXPIRES = _gauge(
    "motcua_key_expires_timestamp_seconds",
    EVERY,
    "When the first of the keys expires that were sent within 26 hours and still hold; absent where none does.",
    replicas=Replicas.MIN,
)
DATABASE_BYTES = _gauge("motcua_database_bytes", (INTAKE, REPORTING), "Size of the database.")
DATABASE_DISK_FREE = _gauge(
    "motcua_database_disk_free_bytes",
    (INTAKE, REPORTING),
    "Free space where the database of SQLite lies; absent with PostgreSQL.",
    replicas=Replicas.MIN,
)
BUILD_INFO = _gauge("motcua_build_info", EVERY, "1; which version runs.", {"version": FROM_DATA, "commit": FROM_DATA})

# Written into files by commands that a timer runs, for a textfile collector

VERIFY_DIFFERENCES = _gauge(
    "motcua_verify_differences", (COMMANDS,), "Dossiers that the last `motcua verify` found to differ."
)
VERIFY_SUCCESS = _gauge("motcua_verify_success", (COMMANDS,), "1 when it could be done, 0 when not.")
VERIFY_TIMESTAMP = _gauge("motcua_verify_timestamp_seconds", (COMMANDS,), "When it ended.")
VERIFY_DURATION = _gauge("motcua_verify_duration_seconds", (COMMANDS,), "How long it took.")
_OF_BACKUP: Labels = {"database": ("intake", "reporting", "keys")}
BACKUP_TIMESTAMP = _gauge(
    "motcua_backup_timestamp_seconds", (COMMANDS,), "When the last `motcua backup` of it ended well.", _OF_BACKUP
)
BACKUP_BYTES = _gauge("motcua_backup_bytes", (COMMANDS,), "How large that is.", _OF_BACKUP)

CATALOGUE = tuple(DECLARED)
"""All of them, in this order."""
