"""Settings of reporting: MOTCUA_REPORTING_*."""

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from shared.service.secret_files import SECRET
from shared.service.settings import DATABASE_URL, CatalogueFolder, DatabaseSettings, PageSettings


class ReportingSettings(DatabaseSettings, PageSettings):
    """Read once at start; see docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix="MOTCUA_REPORTING_", frozen=True, extra="ignore")

    port: int = Field(8003, description="port to listen on", ge=1, le=65535)
    database_url: str = Field(
        "sqlite+aiosqlite:///.motcua/reporting.db",
        description="the read model: `sqlite+aiosqlite:///PATH` or `postgresql+asyncpg://USER:PASSWORD@HOST/NAME`",
        pattern=DATABASE_URL,
        json_schema_extra=SECRET,
    )
    catalogue: CatalogueFolder | None = Field(
        None, description="folder with the office's own catalogue files; the shipped ones when unset"
    )
    intake_url: str | None = Field(
        None,
        description="intake's address: the log from which a lost or outdated read model is made anew by itself, "
        "explanations on pages, and whether all is counted that is published",
        pattern=r"^https?://[^/]",
    )
    intake_key: SecretStr | None = Field(
        None,
        description="the key that reporting calls intake with, of the role operator; its own API key when unset",
        min_length=16,
        validate_default=True,
    )
    year: int | None = Field(None, description="the year /metrics shows; the clock's when unset", ge=1900, le=9998)
    figures_max_rows: int = Field(
        50_000,
        description="rows that one answer of /v1/figures may have without tokens, a tenth of that with them",
        ge=100,
    )
    max_questions_at_once: int = Field(
        4,
        description="figures, lists, documents and charts that are made at once, of one caller half of them; others "
        "wait in a fair order",
        ge=1,
    )
    batch_max_records: int = Field(10_000, description="status records projected in one transaction at most", ge=1)
    fetch_max_wait_ms: int = Field(10, description="how long the broker may hold an empty fetch back", ge=1)

    @field_validator("intake_key")
    @classmethod
    def _intake_can_be_called(cls, key: SecretStr | None, validated: ValidationInfo) -> SecretStr | None:
        data = validated.data
        if key is None and data.get("api_key", ...) is None and data.get("intake_url") is not None:
            raise ValueError(
                "set it to a key of intake (`motcua keys create reporting --grant operator@*` makes one): "
                "MOTCUA_REPORTING_INTAKE_URL is set, and there is no MOTCUA_REPORTING_API_KEY to call it with"
            )
        return key

    @property
    def key_of_intake(self) -> SecretStr:
        """What intake is called with; empty where it is not called."""
        return self.intake_key or self.api_key or SecretStr("")
