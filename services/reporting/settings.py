"""Settings of reporting: MOTCUA_REPORTING_*."""

import ssl
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    FilePath,
    PrivateAttr,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.reporting.recipients import Recipients, UnusableRecipients, mail_address, read_recipients
from shared.catalogue import load
from shared.service.addresses import web_address
from shared.service.secret_files import SECRET
from shared.service.settings import DATABASE_URL, CatalogueFolder, DatabaseSettings, PageSettings
from shared.service.tls import TlsFiles

_HOUR = r"([01]\d|2[0-3]):[0-5]\d"


class FollowUpSettings(BaseSettings):
    """Whom follow-ups go to, when, and by which mail server (docs/follow-up.md)."""

    follow_up_recipients: FilePath | None = Field(
        None, description="file that says where each department's follow-ups go; none are made when unset"
    )
    follow_up_rounds: str = Field(
        "07:30,13:30",
        description="hours of each department's working days at which slips are made, such as 07:30,13:30",
        pattern=rf"^{_HOUR}(,{_HOUR})*$",
    )
    follow_up_digest: str = Field(
        "mon 07:30",
        description="day (mon to sun) and hour of the weekly mail, on a day off the next working day; or `never`",
        pattern=rf"^((mon|tue|wed|thu|fri|sat|sun) {_HOUR}|never)$",
    )
    follow_up_due_soon_hours: int = Field(
        8, description="working hours before its deadline in which a dossier is due soon", ge=1, le=720
    )
    follow_up_timeout_seconds: float = Field(
        10, description="how long a webhook or the mail server may take to answer", gt=0, le=300
    )
    follow_up_give_up_hours: int = Field(
        72, description="how long what is not taken is tried again, with ever longer pauses", ge=1, le=720
    )
    smtp_host: str | None = Field(None, description="the mail server; needed where a recipient has mail")
    smtp_port: int = Field(587, description="its port", ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls (from the first byte, often port 465), or none"
    )
    smtp_cafile: str | None = Field(
        None, description="PEM file of the CA certificates that sign the mail server's; the system's when unset"
    )
    smtp_username: str | None = Field(None, description="user at the mail server; none when unset")
    smtp_password: SecretStr | None = Field(None, description="that user's password")
    smtp_sender: Annotated[str, AfterValidator(mail_address)] | None = Field(
        None, description="address that mails come from, such as mot-cua@so.example"
    )

    @model_validator(mode="after")
    def _mail_server_is_told_whole(self) -> Self:
        prefix = "MOTCUA_REPORTING_SMTP_"
        if (self.smtp_host is None) != (self.smtp_sender is None):
            raise ValueError(f"{prefix}HOST and {prefix}SENDER: set both or neither")
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError(f"{prefix}USERNAME and {prefix}PASSWORD: set both or neither")
        if self.smtp_password is not None and self.smtp_security == "none":
            raise ValueError(f"{prefix}SECURITY: none would send the password for all to read; set starttls or tls")
        self.smtp_tls()
        return self

    def smtp_tls(self) -> ssl.SSLContext | None:
        """How the mail server is trusted; None without TLS. Raises UnusableFile."""
        if self.smtp_security == "none":
            return None
        return TlsFiles("MOTCUA_REPORTING_SMTP_", self.smtp_cafile).context()


class ReportingSettings(FollowUpSettings, DatabaseSettings, PageSettings):
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
    intake_url: Annotated[str, AfterValidator(web_address)] | None = Field(
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

    _recipients: Recipients = PrivateAttr(default_factory=dict)

    @property
    def recipients(self) -> Recipients:
        """Whom follow-ups go to, by department; nobody where no file is named."""
        return self._recipients

    @model_validator(mode="after")
    def _recipients_can_be_told(self) -> Self:
        if self.follow_up_recipients is None:
            return self
        variable = "MOTCUA_REPORTING_FOLLOW_UP_RECIPIENTS"
        try:
            self._recipients = read_recipients(self.follow_up_recipients, load(self.catalogue))
        except UnusableRecipients as wrong:
            raise ValueError(f"{variable}: {wrong}") from wrong
        if self.smtp_host is None and any(each.mail for each in self._recipients.values()):
            raise ValueError(
                f"{variable}: {self.follow_up_recipients} has mail addresses, and there is no mail server: set "
                "MOTCUA_REPORTING_SMTP_HOST and MOTCUA_REPORTING_SMTP_SENDER"
            )
        return self

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
