"""Settings of the processor: MOTCUA_PROCESSING_*."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.service.settings import ServiceSettings


class ProcessingSettings(ServiceSettings):
    """Read once at start; see docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix="MOTCUA_PROCESSING_", frozen=True, extra="ignore")

    port: int = Field(8002, description="port to listen on", ge=1, le=65535)
    application_id: str = Field("motcua-processing-v1", description="consumer group of the workers")
    due_soon_hours: float = Field(24, description="how long before its deadline a dossier is due soon", ge=0)
    alert_grace_seconds: float = Field(
        10,
        description="how long a dossier must have been quiet before an alert is raised: late events come first",
        ge=0,
    )
    instance: str | None = Field(
        None,
        description="a name of this worker that outlives it: "
        "started again under it, it has its partitions back at once (KIP-345)",
    )
    batch_max_events: int = Field(2000, description="events handled at once", ge=1)
    batch_linger_ms: float = Field(
        20, description="how long a batch of a hundred events or more waits for company", ge=0
    )
    session_timeout_seconds: float = Field(
        10, description="after which the group gives a dead worker's partitions away", ge=1
    )
    max_questions_at_once: int = Field(
        2,
        description="ledgers that are read out at once, to one caller half of them; others wait in a fair order",
        ge=1,
    )
    closed_kept_days: float = Field(
        30,
        description="how long a closed dossier stays in memory after its last event; later ones are looked up",
        ge=0,
    )
