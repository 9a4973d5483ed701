"""What intake is configured with: MOTCUA_INTAKE_<NAME>, read once at start."""

import base64
import binascii
import hashlib
import hmac
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.intake.erasures import ErasuresFile, ErasuresUnreadable
from shared.service.secret_files import SECRET
from shared.service.settings import DATABASE_URL, CatalogueFolder, DatabaseSettings, PageSettings

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


MASTER_KEY_BYTES = 32


def master_keys(text: str) -> list[bytes]:
    """32 random bytes each in base64, on lines of their own or with blanks between. ValueError says which is none."""
    words = text.split()
    if not words:
        raise ValueError(f"there is no master key; {_HOW_A_KEY_IS_WRITTEN}")
    return [_master_key(number, word) for number, word in enumerate(words, start=1)]


def _master_key(number: int, word: str) -> bytes:
    try:
        key = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError(f"number {number} is no master key; {_HOW_A_KEY_IS_WRITTEN}")
    return key


_HOW_A_KEY_IS_WRITTEN = (
    f"write {MASTER_KEY_BYTES} random bytes in base64, as `openssl rand -base64 {MASTER_KEY_BYTES}` prints them"
)


def _keys_in_text(text: SecretStr) -> SecretStr:
    master_keys(text.get_secret_value())
    return text


def _keys_in_file(file: Path) -> Path:
    try:
        master_keys(file.read_text(encoding="ascii"))
    except OSError as failure:
        raise ValueError(f"{file} can't be read: {failure.strerror or failure}") from failure
    except UnicodeDecodeError as failure:
        raise ValueError(f"{file} is no file of master keys; {_HOW_A_KEY_IS_WRITTEN}") from failure
    return file


class IntakeSettings(DatabaseSettings, PageSettings):
    """Settings of the intake service."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="MOTCUA_INTAKE_")

    port: int = Field(8001, description="port to listen on", ge=1, le=65535)
    database_url: str = Field(
        "sqlite+aiosqlite:///.motcua/intake.db",
        description="where the event log lives: `sqlite+aiosqlite:///PATH` or "
        "`postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE`",
        pattern=DATABASE_URL,
        json_schema_extra=SECRET,
    )
    sqlite_synchronous: Literal["FULL", "NORMAL"] = Field(
        "FULL",
        description="FULL: a 2xx survives a power cut; "
        "NORMAL: it survives a kill, a power cut may lose the last commits",
    )
    catalogue: CatalogueFolder | None = Field(
        None, description="folder with departments, procedures and days off; the shipped one when unset"
    )
    pseudonym_key: SecretStr | None = Field(
        None,
        description="secret that turns an applicant into a pseudonym; derived from the API key when unset, and needed "
        "where there is none",
        min_length=16,
        validate_default=True,
    )
    slip_key: SecretStr | None = Field(
        None,
        description="secret that the slips' look-up secrets are derived with; derived from the API key when unset, "
        "or from that of pseudonyms where there is none. Another one makes every slip that was printed useless",
        min_length=16,
    )
    applicants_key: Annotated[SecretStr, AfterValidator(_keys_in_text)] | None = Field(
        None,
        description="master key of applicants' details: 32 random bytes in base64; several lines while keys rotate, "
        "the first one encrypts. Without one no details are kept",
    )
    applicants_key_file: Annotated[FilePath, AfterValidator(_keys_in_file)] | None = Field(
        None, description="file with the same, read again when it changes; stands before the text"
    )
    erasures_file: Path | None = Field(
        None,
        description="where erasures are written down, so that they outlast a restored backup; erasures.ndjson beside "
        "the key file, or in the folder of keys, when unset",
    )
    max_event_bytes: int = Field(256 * KIB, description="largest single event", ge=KIB, le=800 * KIB)
    max_bulk_bytes: int = Field(GIB, description="largest body of a bulk call in NDJSON", ge=KIB)
    max_array_bytes: int = Field(16 * MIB, description="largest body of a bulk call as a JSON array", ge=KIB)
    max_bulk_at_once: int = Field(
        8, description="bulk calls that are read at once, of one caller half of them; others wait in a fair order", ge=1
    )
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

    @model_validator(mode="after")
    def _erasures_are_known(self) -> Self:
        if self.erasures is not None:
            variable = "MOTCUA_INTAKE_ERASURES_FILE"
            try:
                ErasuresFile(self.erasures).read()
            except ErasuresUnreadable as unknown:
                raise ValueError(f"{variable}: {unknown}") from unknown
            except OSError as failure:
                raise ValueError(f"{variable}: {self.erasures} can't be read ({failure.strerror})") from failure
        return self

    @property
    def erasures(self) -> Path | None:
        """Where erasures are written down; None: nowhere, so nothing can be erased for good."""
        folder = self.access_dir if self.applicants_key_file is None else self.applicants_key_file.parent
        return self.erasures_file or (None if folder is None else folder / "erasures.ndjson")

    @property
    def applicant_key(self) -> bytes:
        """The key of applicants' pseudonyms; bound to its purpose, so that it is no use as an API key."""
        return self._derived(self.pseudonym_key, b"motcua/intake/applicant")

    @property
    def key_of_slips(self) -> bytes:
        """The key of the slips' secrets."""
        return self._derived(self.slip_key, b"motcua/intake/slip")

    def _derived(self, own: SecretStr | None, purpose: bytes) -> bytes:
        secret = own or self.api_key or self.pseudonym_key
        assert secret is not None, "without an API key there is one of pseudonyms"
        return hmac.digest(secret.get_secret_value().encode(), purpose, hashlib.sha256)
