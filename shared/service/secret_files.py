"""Secrets out of files: which settings may come from one, and how it is read."""

import os
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

SECRET: dict[str, Any] = {"secret": True}


class UnusableSettings(Exception):
    """Variables that are missing or wrong: `problems` has a sentence for each."""

    def __init__(self, *problems: str) -> None:
        head = "set these variables right (docs/settings.md has them all):"
        super().__init__("\n  ".join([head, *problems]))
        self.problems = problems


class SecretFiles(PydanticBaseSettingsSource):
    """Secrets out of files: `MOTCUA_INTAKE_API_KEY_FILE` names the file that holds the value of MOTCUA_INTAKE_API_KEY,
    and so for every setting that is a secret. The line break at its end is no part of it."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The secret, its name, and that it is no JSON."""
        variable = f"{self.config.get('env_prefix', '')}{field_name}".upper()
        path = os.environ.get(f"{variable}_FILE") if is_secret(field) else None
        if not path:
            return None, field_name, False
        if os.environ.get(variable):
            raise UnusableSettings(f"set {variable} or {variable}_FILE, not both")
        try:
            secret = Path(path).read_text("utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as wrong:
            why = getattr(wrong, "strerror", None) or "it is no text"
            raise UnusableSettings(f"{variable}_FILE: {path} can't be read ({why})") from wrong
        if not secret:
            raise UnusableSettings(f"{variable}_FILE: {path} is empty")
        return secret, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: secret for name, secret in found.items() if secret is not None}


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting may come from a file: keys, passwords, and addresses that hold one."""
    return field.json_schema_extra == SECRET or field.annotation in (SecretStr, SecretStr | None)
