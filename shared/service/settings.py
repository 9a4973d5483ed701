"""What every service is configured with; each adds its own and reads MOTCUA_<SERVICE>_<NAME> once, at start."""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    DirectoryPath,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from shared.access.folder import BrokenKeys, KeyFolder
from shared.catalogue import load
from shared.catalogue.rows import CatalogueError
from shared.service.addresses import broker_addresses, database_address
from shared.service.clock import SYSTEM, clock_from
from shared.service.oidc.configuration import (
    ALGORITHMS,
    GRANTS_CLAIM,
    LEEWAY_S,
    SCOPE,
    SESSION_MINUTES,
    Oidc,
    OidcClient,
    algorithms,
    confidential,
    page_address,
)
from shared.service.peers import proxies
from shared.service.secret_files import SECRET, SecretFiles, UnusableSettings, is_secret
from shared.service.tls import DatabaseTls, TlsFiles

DATABASE_URL = r"^(sqlite\+aiosqlite|postgresql\+asyncpg)://"


def _clock(setting: str) -> str:
    clock_from(setting)
    return setting


def _usable_keys(folder: Path) -> Path:
    try:
        KeyFolder(folder).read()
    except BrokenKeys as broken:
        raise ValueError(str(broken)) from broken
    return folder


def _usable_catalogue(folder: Path) -> Path:
    try:
        load(folder)
    except CatalogueError as unusable:
        raise ValueError(str(unusable)) from unusable
    return folder


CatalogueFolder = Annotated[DirectoryPath, AfterValidator(_usable_catalogue)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)]


class ServiceSettings(BaseSettings):
    """Settings shared by the three services, frozen after start."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True)

    host: str = Field(
        "127.0.0.1", description="address to listen on; loopback unless a proxy or a container network guards it"
    )
    port: int = Field(description="port to listen on", ge=1, le=65535)
    trusted_proxies: Annotated[str, AfterValidator(proxies)] = Field(
        "",
        description="addresses or networks, comma separated, of the proxies in front that end TLS: only what they say "
        "in `X-Forwarded-For` and `X-Forwarded-Proto` is believed",
    )
    allowed_hosts: str = Field(
        "",
        description="names under which callers reach the service, comma separated: another `Host` is refused; any when "
        "unset",
    )
    max_requests_at_once: int = Field(
        256, description="requests in work at once, of one caller a quarter; those beyond wait in a fair order", ge=8
    )
    max_requests_per_second: float = Field(
        1000, description="requests a second of one caller, after a burst of ten seconds' worth", ge=1
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
    oidc_issuer: Annotated[str, AfterValidator(confidential)] | None = Field(
        None,
        description="address of an OpenID provider whose tokens are taken and whose people log in, exactly as the "
        "provider writes its issuer (docs/access.md)",
    )
    oidc_audience: str | None = Field(
        None,
        description="what the provider's access tokens for this service must name as their audience; none is taken "
        "when unset",
        min_length=1,
    )
    oidc_grants_claim: str = Field(
        GRANTS_CLAIM, description="claim with the list of grants, such as `officer@H59.15`", min_length=1
    )
    oidc_algorithms: Annotated[str, AfterValidator(algorithms)] = Field(
        ",".join(ALGORITHMS),
        description="signatures that are taken, comma separated; those that need a shared secret can't be",
    )
    oidc_leeway_seconds: int = Field(
        LEEWAY_S, description="how far the provider's clock and ours may be apart", ge=0, le=300
    )
    kafka_bootstrap: Annotated[str, AfterValidator(broker_addresses)] = Field(
        "127.0.0.1:9092", description="broker addresses, HOST:PORT, comma separated"
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    kafka_sasl_username: str | None = Field(None, description="SASL user")
    kafka_sasl_password: SecretStr | None = Field(None, description="SASL password")
    kafka_ssl_cafile: str | None = Field(
        None, description="PEM file of the CA certificates that sign the brokers'; the system's when unset"
    )
    kafka_ssl_certfile: str | None = Field(
        None, description="PEM file of the certificate that the service shows to brokers that ask for one"
    )
    kafka_ssl_keyfile: str | None = Field(None, description="PEM file of its key; unset when the same file holds it")
    kafka_ssl_key_password: SecretStr | None = Field(None, description="password of that key")
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

    @property
    def oidc(self) -> Oidc | None:
        """The provider; None without one."""
        if self.oidc_issuer is None:
            return None
        return Oidc(
            issuer=self.oidc_issuer,
            audience=self.oidc_audience,
            grants_claim=self.oidc_grants_claim,
            algorithms=tuple(self.oidc_algorithms.split(",")),
            leeway_s=self.oidc_leeway_seconds,
        )

    @model_validator(mode="after")
    def _provider_is_told_whole(self) -> Self:
        if self.oidc_audience is not None and self.oidc_issuer is None:
            raise ValueError(self._named("{OIDC_AUDIENCE} is of no use without {OIDC_ISSUER}; set both or neither"))
        return self

    def _named(self, sentence: str) -> str:
        """The sentence with its settings as the environment calls them."""
        return sentence.replace("{", self.model_config.get("env_prefix", "")).replace("}", "")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env is read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a folder of secrets neither
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, then the environment, then the files that it names."""
        return init_settings, env_settings, SecretFiles(settings_cls)

    @model_validator(mode="after")
    def _can_reach_the_broker(self) -> Self:
        prefix = str(self.model_config.get("env_prefix", ""))
        if self.kafka_security_protocol.startswith("SASL"):
            for name in ("kafka_sasl_username", "kafka_sasl_password"):
                if not getattr(self, name):
                    protocol = f"{prefix}KAFKA_SECURITY_PROTOCOL is {self.kafka_security_protocol}"
                    msg = f"{prefix}{name.upper()}: is not set, and {protocol}"
                    raise ValueError(msg)
        self.kafka_tls()
        return self

    def kafka_tls(self) -> ssl.SSLContext | None:
        """How brokers are trusted; None without TLS. Raises UnusableFile."""
        if not self.kafka_security_protocol.endswith("SSL"):
            return None
        return TlsFiles(
            f"{self.model_config.get('env_prefix', '')}KAFKA_SSL_",
            self.kafka_ssl_cafile,
            self.kafka_ssl_certfile,
            self.kafka_ssl_keyfile,
            self.kafka_ssl_key_password,
        ).context()


class PageSettings(ServiceSettings):
    """Settings of the services that have pages."""

    public_url: Annotated[str, AfterValidator(page_address)] | None = Field(
        None,
        description="address under which browsers reach the pages, such as https://motcua.example; needed for log-in "
        "at a provider, and for the look-up that a slip's QR code opens",
    )
    superior: str | None = Field(
        None, description="what stands over the office on its papers, such as ỦY BAN NHÂN DÂN TỈNH TRÀ VINH"
    )
    office: str | None = Field(
        None,
        description="the office whose papers are made, such as TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG; dotted lines for "
        "what is unset",
    )
    place: str | None = Field(None, description="where papers are signed, such as Trà Vinh")
    oidc_client_id: str | None = Field(
        None, description="how the provider knows these pages; nobody logs in there when unset", min_length=1
    )
    oidc_client_secret: SecretStr | None = Field(
        None, description="the secret that goes with it; none for a public client", min_length=1
    )
    oidc_name: str | None = Field(
        None, description="what the sign-in page calls the provider; its host name when unset", min_length=1
    )
    oidc_scope: str = Field(SCOPE, description="scopes asked for at log-in", pattern=r"^openid( \S+)*$")
    oidc_session_minutes: int = Field(
        SESSION_MINUTES,
        description="how long a session lasts that was begun by log-in: so long somebody who was removed at the "
        "provider may still be in",
        ge=1,
        le=SESSION_MINUTES,
    )

    @property
    def oidc(self) -> Oidc | None:
        """The provider, and how it knows these pages."""
        oidc = super().oidc
        if oidc is None or self.oidc_client_id is None or self.public_url is None:
            return oidc
        secret = None if self.oidc_client_secret is None else self.oidc_client_secret.get_secret_value()
        client = OidcClient(
            client_id=self.oidc_client_id,
            secret=secret,
            public_url=self.public_url,
            scope=self.oidc_scope,
            session_s=60 * self.oidc_session_minutes,
        )
        return replace(oidc, client=client, name=self.oidc_name)

    @model_validator(mode="after")
    def _log_in_is_told_whole(self) -> Self:
        if self.oidc_client_id is not None and (self.oidc_issuer is None or self.public_url is None):
            raise ValueError(self._named("{OIDC_CLIENT_ID} needs {OIDC_ISSUER} and {PUBLIC_URL}; set all three"))
        if self.oidc_client_id is not None and self.oidc_client_id == self.oidc_audience:
            raise ValueError(
                self._named(
                    "{OIDC_AUDIENCE} is the same as {OIDC_CLIENT_ID}, so that an ID token could not be told from an "
                    "access token; give the API an audience of its own"
                )
            )
        return self


class DatabaseSettings(BaseSettings):
    """How a service reaches its database, for the services that have one."""

    database_url: str = Field(
        description="where the data live: `sqlite+aiosqlite:///PATH` or "
        "`postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE`",
        pattern=DATABASE_URL,
        json_schema_extra=SECRET,
    )
    database_ssl: Literal["prefer", "verify-full"] = Field(
        "prefer",
        description="verify-full: only a PostgreSQL that shows a certificate for its name, signed by who is trusted; "
        "prefer: encrypted if it offers that, by whomever",
    )
    database_ssl_cafile: str | None = Field(
        None, description="PEM file of the CA certificates that sign PostgreSQL's; the system's when unset"
    )
    database_ssl_certfile: str | None = Field(
        None, description="PEM file of the certificate that the service shows to a PostgreSQL that asks for one"
    )
    database_ssl_keyfile: str | None = Field(None, description="PEM file of its key; unset when the same file holds it")
    database_ssl_key_password: SecretStr | None = Field(None, description="password of that key")

    @field_validator("database_url", mode="before")
    @classmethod
    def _with_our_driver(cls, url: object) -> object:
        """An address as others write it too, such as a cluster's operator into its secret."""
        if isinstance(url, str) and url.startswith(("postgresql://", "postgres://")):
            return f"postgresql+asyncpg://{url.partition('://')[2]}"
        return url

    @field_validator("database_url")
    @classmethod
    def _can_be_read(cls, url: str) -> str:
        return database_address(url)

    @model_validator(mode="after")
    def _can_trust_the_database(self) -> Self:
        if self.database_ssl == "prefer":
            prefix = str(self.model_config.get("env_prefix", ""))
            for name in ("database_ssl_cafile", "database_ssl_certfile", "database_ssl_keyfile"):
                if getattr(self, name):
                    msg = f"{prefix}DATABASE_SSL: set verify-full; {prefix}{name.upper()} is not looked at without it"
                    raise ValueError(msg)
        self.database_tls()
        return self

    def database_tls(self) -> DatabaseTls | None:
        """How PostgreSQL is trusted; None where that was not asked for. Raises UnusableFile."""
        if self.database_ssl == "prefer":
            return None
        prefix = str(self.model_config.get("env_prefix", ""))
        files = TlsFiles(
            f"{prefix}DATABASE_SSL_",
            self.database_ssl_cafile,
            self.database_ssl_certfile,
            self.database_ssl_keyfile,
            self.database_ssl_key_password,
        )
        return DatabaseTls(files.context(), prefix)


def variables(settings: type[ServiceSettings]) -> Iterator[str]:
    """Every variable that the settings are read from."""
    for name, field in settings.model_fields.items():
        variable = f"{settings.model_config.get('env_prefix', '')}{name}".upper()
        yield variable
        if is_secret(field):
            yield f"{variable}_FILE"


def unread(settings: type[ServiceSettings], environ: Mapping[str, str]) -> Iterator[str]:
    """Variables that begin as the service's do, and that nobody reads; `…_URL` tells the command line where it is."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    known = {*variables(settings), f"{prefix}URL"}
    yield from sorted(name for name in environ if name.startswith(prefix) and name not in known)


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


def settings_of(settings: type[SettingsT], **given: Any) -> SettingsT:
    """The settings by the environment; what is `given` stands before it. Raises UnusableSettings."""
    try:
        return settings(**given)
    except ValidationError as invalid:
        prefix = settings.model_config.get("env_prefix", "")
        lines = [
            f"{prefix}{'_'.join(map(str, where)).upper()}: {said}" if where else said  # that one names them itself
            for where, said in (
                (error["loc"], error["msg"].removeprefix("Value error, ")) for error in invalid.errors()
            )
        ]
        raise UnusableSettings(*lines) from invalid
