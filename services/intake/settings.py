"""What intake is configured with: MOTCUA_INTAKE_<NAME>, read once at start."""

import hashlib
import hmac
from typing import Literal

from pydantic import DirectoryPath, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from shared.service.settings import ServiceSettings

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


class IntakeSettings(ServiceSettings):
    """Settings of the intake service."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="MOTCUA_INTAKE_")

    port: int = Field(8001, description="port to listen on", ge=1, le=65535)
    database_url: str = Field(
        "sqlite+aiosqlite:///.motcua/intake.db",
        description="where the event log lives: `sqlite+aiosqlite:///PATH` or "
        "`postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE`",
        pattern=r"^(sqlite\+aiosqlite|postgresql\+asyncpg)://",
    )
    sqlite_synchronous: Literal["FULL", "NORMAL"] = Field(
        "FULL",
        description="FULL: a 2xx survives a power cut; "
        "NORMAL: it survives a kill, a power cut may lose the last commits",
    )
    catalogue: DirectoryPath | None = Field(
        None, description="folder with departments, procedures and days off; the shipped one when unset"
    )
    pseudonym_key: SecretStr | None = Field(
        None,
        description="secret that turns an applicant into a pseudonym; derived from the API key when unset, and needed "
        "where there is none",
        min_length=16,
        validate_default=True,
    )
    max_event_bytes: int = Field(256 * KIB, description="largest single event", ge=KIB, le=800 * KIB)
    max_bulk_bytes: int = Field(GIB, description="largest body of a bulk call in NDJSON", ge=KIB)
    max_array_bytes: int = Field(16 * MIB, description="largest body of a bulk call as a JSON array", ge=KIB)
    max_batch_events: int = Field(2000, description="most events that share one commit", ge=1, le=20_000)
    relay_batch_events: int = Field(
        5000, description="most events the relay sends before it waits for the broker", ge=1, le=50_000
    )
    drain_seconds: float = Field(5.0, description="how long a stopping service goes on relaying what is logged", ge=0)

    @field_validator("pseudonym_key")
    @classmethod
    def _applicants_have_pseudonyms(cls, key: SecretStr | None, validated: ValidationInfo) -> SecretStr | None:
        data = validated.data
        if key is None and data.get("api_key", ...) is None and data.get("access_dir") is not None:
            raise ValueError(
                "set it to a secret of at least 16 characters, for good (with another one the same applicant gets "
                "another pseudonym); only where MOTCUA_INTAKE_API_KEY is set is it derived from that"
            )
        return key

    @property
    def applicant_key(self) -> bytes:
        """The key of applicants' pseudonyms; bound to its purpose, so that it is no use as an API key."""
        secret = self.pseudonym_key or self.api_key
        assert secret is not None, "one of both is set"
        return hmac.digest(secret.get_secret_value().encode(), b"motcua/intake/applicant", hashlib.sha256)
