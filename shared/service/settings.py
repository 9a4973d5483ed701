"""What every service is configured with; each adds its own and reads MOTCUA_<SERVICE>_<NAME> once, at start."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    DirectoryPath,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.access.folder import BrokenKeys, KeyFolder
from shared.service.clock import SYSTEM, clock_from
from shared.service.peers import proxies


def _clock(setting: str) -> str:
    clock_from(setting)
    return setting


def _usable_keys(folder: Path) -> Path:
    try:
        KeyFolder(folder).read()
    except BrokenKeys as broken:
        raise ValueError(str(broken)) from broken
    return folder


LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)]


class ServiceSettings(BaseSettings):
    """Settings shared by the three services, frozen after start."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    host: str = Field(
        "127.0.0.1", description="address to listen on; loopback unless a proxy or a container network guards it"
    )
    port: int = Field(description="port to listen on", ge=1, le=65535)
    trusted_proxies: Annotated[str, AfterValidator(proxies)] = Field(
        "",
        description="addresses or networks, comma separated, of the proxies in front that end TLS: only what they say "
        "in `X-Forwarded-For` and `X-Forwarded-Proto` is believed",
    )
    api_key: SecretStr | None = Field(
        None,
        description="a key that may do everything, sent as `Authorization: Bearer KEY`; needed where there is no "
        "folder of keys",
        min_length=16,
    )
    access_dir: Annotated[DirectoryPath, AfterValidator(_usable_keys)] | None = Field(
        None,
        description="folder of the keys that `motcua keys` makes, each for a purpose (docs/access.md); with it "
        "/metrics needs a key too",
        validate_default=True,
    )
    clock: Annotated[str, AfterValidator(_clock)] = Field(
        SYSTEM, description="`system`, or an ISO 8601 instant at which the clock stands still (replays and tests)"
    )
    log_level: LogLevel = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    kafka_bootstrap: str = Field("127.0.0.1:9092", description="broker addresses, HOST:PORT, comma separated")
    kafka_security_protocol: str = Field("PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL")
    kafka_sasl_mechanism: str = Field("PLAIN", description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
    kafka_sasl_username: str | None = Field(None, description="SASL user")
    kafka_sasl_password: SecretStr | None = Field(None, description="SASL password")
    kafka_ssl_cafile: str | None = Field(
        None, description="CA certificates that sign the brokers'; the system's when unset"
    )
    kafka_partitions: int = Field(4, description="partitions of each topic, the same for every service", ge=1)
    kafka_replication_factor: int = Field(1, description="replicas of topics that do not exist yet", ge=1)

    @field_validator("access_dir")
    @classmethod
    def _somebody_may_call(cls, access_dir: Path | None, validated: ValidationInfo) -> Path | None:
        if access_dir is None and validated.data.get("api_key", ...) is None:
            prefix = cls.model_config.get("env_prefix", "")
            raise ValueError(
                f"set {prefix}API_KEY (a key of at least 16 characters that may do everything), {prefix}ACCESS_DIR "
                "(the folder that `motcua keys` makes keys in), or both: nobody could call the service otherwise"
            )
        return access_dir


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


class UnusableSettings(Exception):
    """Variables that are missing or wrong; the message has a line for each."""


def settings_of(settings: type[SettingsT], **given: Any) -> SettingsT:
    """The settings by the environment; what is `given` stands before it. Raises UnusableSettings."""
    try:
        return settings(**given)
    except ValidationError as invalid:
        prefix = settings.model_config.get("env_prefix", "")
        lines = [
            f"  {prefix}{'_'.join(str(part) for part in error['loc']).upper()}: {error['msg']}"
            for error in invalid.errors()
        ]
        raise UnusableSettings(
            "\n".join(["set these variables right (docs/settings.md has them all):", *lines])
        ) from invalid


def read_settings(settings: type[SettingsT]) -> SettingsT:
    """The settings of this process; ends it with a line for each variable that is missing or wrong."""
    try:
        return settings_of(settings)
    except UnusableSettings as wrong:
        sys.exit(str(wrong))
