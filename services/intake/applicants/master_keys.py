"""The master keys as settings give them; a key file that changes is read again, so that rotation needs no restart."""

import structlog

from services.intake.applicants.encryption import MasterKeys
from services.intake.settings import IntakeSettings, master_keys

LOGGER = structlog.get_logger()


class MasterKeySource:
    """Gives the master keys that hold now; None when none are set."""

    def __init__(self, settings: IntakeSettings) -> None:
        self._file = settings.applicants_key_file
        text = settings.applicants_key
        self._keys = None if text is None else MasterKeys(master_keys(text.get_secret_value()))
        self._read: tuple[int, int] | None = None
        self._has_complained = False

    @property
    def current(self) -> MasterKeys | None:
        """The keys of the file as it stands, or of the settings; the last ones while the file can't be read."""
        if self._file is not None:
            try:
                state = self._file.stat()
                if (found := (state.st_mtime_ns, state.st_size)) != self._read:
                    self._keys = MasterKeys(master_keys(self._file.read_text(encoding="ascii")))
                    self._read, self._has_complained = found, False
            except (OSError, ValueError) as wrong:
                if not self._has_complained:
                    self._has_complained = True
                    LOGGER.warning("master_keys_unreadable", file=str(self._file), why=str(wrong))
        return self._keys
