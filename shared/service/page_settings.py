"""What services with pages are configured with besides: where browsers reach them, and log-in at a provider."""

from dataclasses import replace
from typing import Annotated, Self

from pydantic import AfterValidator, Field, FilePath, SecretStr, model_validator

from shared.service.oidc.configuration import SCOPE, SESSION_MINUTES, Oidc, OidcClient, page_address
from shared.service.settings import ServiceSettings


class PageSettings(ServiceSettings):
    """Settings of the services that have pages."""

    public_url: Annotated[str, AfterValidator(page_address)] | None = Field(
        None,
        description="address under which browsers reach the pages, such as https://motcua.example; needed for log-in "
        "at a provider",
    )
    oidc_client_id: str | None = Field(
        None, description="how the provider knows these pages; nobody logs in there when unset", min_length=1
    )
    oidc_client_secret: SecretStr | None = Field(
        None, description="the secret that goes with it; none for a public client", min_length=1
    )
    oidc_client_secret_file: FilePath | None = Field(None, description="file with that secret")
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
        if self.oidc_client_secret_file is not None:
            secret = self.oidc_client_secret_file.read_text("utf-8").strip()
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
