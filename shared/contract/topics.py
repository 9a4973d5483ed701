"""Every topic: what it carries, its key, who writes and reads it, and where its unreadable records go."""

from dataclasses import dataclass

FOREVER_MS = -1


@dataclass(frozen=True, slots=True)
class Topic:
    """A Kafka topic as the services declare it; `co_partitioned` ones share one number of partitions."""

    name: str
    description: str
    key: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    cleanup_policy: str
    co_partitioned: bool = True
    retention_ms: int = FOREVER_MS
    partitions: int | None = None
    """How many it has always; None: as many as the services are configured with."""
    dead_letters: str | None = None


DEAD_LETTERS = Topic(
    name="motcua.dossier.dead-letters.v1",
    description="what could not be processed: origin topic, partition, offset, reason, raw bytes",
    key="as the original",
    producers=("processing", "reporting"),
    consumers=("intake", "operators"),
    cleanup_policy="delete",
    co_partitioned=False,
)
EVENTS = Topic(
    name="motcua.dossier.events.v1",
    description="every accepted event, in order per dossier",
    key="dossier code",
    producers=("intake",),
    consumers=("processing",),
    cleanup_policy="delete",
    dead_letters=DEAD_LETTERS.name,
)
STATUS = Topic(
    name="motcua.dossier.status.v1",
    description="the dossier after its latest event; the processor's changelog",
    key="dossier code",
    producers=("processing",),
    consumers=("processing", "reporting"),
    cleanup_policy="compact",
    dead_letters=DEAD_LETTERS.name,
)
ALERTS = Topic(
    name="motcua.dossier.alerts.v1",
    description="a dossier became due soon or overdue: one alert per dossier, threshold and deadline",
    key="department",
    producers=("processing",),
    consumers=("operators",),
    cleanup_policy="delete",
    co_partitioned=False,
    dead_letters=DEAD_LETTERS.name,
)
TICKS = Topic(
    name="motcua.processing.ticks.v1",
    description="internal: a deadline's threshold was reached; puts the passing of time into the log",
    key="dossier code",
    producers=("processing",),
    consumers=("processing",),
    cleanup_policy="delete",
    retention_ms=7 * 24 * 3600 * 1000,
    dead_letters=DEAD_LETTERS.name,
)
ANNOUNCEMENTS = Topic(
    name="motcua.calendar.announcements.v1",
    description="days off and swapped days announced late, each announcement once: what of intake's table is in force",
    key="the announcement's number",
    producers=("intake",),
    consumers=("reporting",),
    cleanup_policy="compact",
    co_partitioned=False,
    partitions=1,
    dead_letters=DEAD_LETTERS.name,
)
TOPICS = (EVENTS, STATUS, ALERTS, DEAD_LETTERS, TICKS, ANNOUNCEMENTS)
