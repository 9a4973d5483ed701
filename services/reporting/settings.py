"""Settings of reporting: MOTCUA_REPORTING_*."""

from pydantic import DirectoryPath, Field
from pydantic_settings import SettingsConfigDict

from shared.service.settings import DATABASE_URL, SECRET, DatabaseSettings, ServiceSettings


class ReportingSettings(DatabaseSettings, ServiceSettings):
    """Read once at start; see docs/settings.md."""

    model_config = SettingsConfigDict(env_prefix="MOTCUA_REPORTING_", frozen=True, extra="ignore")

    port: int = Field(8003, description="port to listen on", ge=1, le=65535)
    database_url: str = Field(
        "sqlite+aiosqlite:///.motcua/reporting.db",
        description="the read model: `sqlite+aiosqlite:///PATH` or `postgresql+asyncpg://USER:PASSWORD@HOST/NAME`",
        pattern=DATABASE_URL,
        json_schema_extra=SECRET,
    )
    catalogue: DirectoryPath | None = Field(
        None, description="folder with the office's own catalogue files; the shipped ones when unset"
    )
    intake_url: str | None = Field(
        None,
        description="intake's address: the log from which a lost or outdated read model is made anew by itself, "
        "explanations on pages, and whether all is counted that is published",
        pattern=r"^https?://[^/]",
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
    superior: str | None = Field(
        None, description="what stands over the office on its documents, such as ỦY BAN NHÂN DÂN TỈNH TRÀ VINH"
    )
    office: str | None = Field(
        None,
        description="the office whose documents are made, such as TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG; dotted lines for "
        "what is unset",
    )
    place: str | None = Field(None, description="where documents are signed, such as Trà Vinh")
    batch_max_records: int = Field(10_000, description="status records projected in one transaction at most", ge=1)
    fetch_max_wait_ms: int = Field(10, description="how long the broker may hold an empty fetch back", ge=1)
