"""LibreOffice without a window: opens a file as an office's spreadsheet does, and writes it in another format."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from shared.papers.printable import FONTS

PROGRAM = shutil.which("soffice") or shutil.which("libreoffice")
WITHIN_S = 120.0
VIETNAMESE = "vi-VN"
CSV_OF_AN_OFFICE = "CSV:59,34,76,1,,1066,false,true"
"""Semicolons, quotes, UTF-8, from the first line, Vietnamese; numbers are recognised as a spreadsheet would."""

needs_libreoffice = pytest.mark.skipif(
    PROGRAM is None, reason="LibreOffice is not installed (Debian: libreoffice-calc-nogui, libreoffice-writer-nogui)"
)

_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse">
<value>{locale}</value></prop></item>
</oor:items>
"""


def convert(file: Path, to: str, infilter: str | None = None, *, locale: str = VIETNAMESE) -> Path:
    """The file in the format `to` (an ending, or an ending and its filter), written beside it.

    Each call has a profile of its own, set to the locale: another LibreOffice that runs doesn't take the work over. It
    has the documents' fonts, which stand for Times New Roman: what fits into a column doesn't depend on the machine.
    """
    assert PROGRAM is not None, "mark the test with needs_libreoffice"
    with TemporaryDirectory(prefix="libreoffice-") as profile:
        settings = Path(profile) / "user" / "registrymodifications.xcu"
        settings.parent.mkdir()
        (Path(profile) / ".fonts").symlink_to(FONTS)
        settings.write_text(_SETTINGS.format(locale=locale), encoding="utf-8")
        command = [PROGRAM, f"-env:UserInstallation={Path(profile).as_uri()}", "--headless", "--norestore"]
        command += [f"--infilter={infilter}"] if infilter else []
        command += ["--convert-to", to, "--outdir", str(file.parent), str(file)]
        environment = os.environ | {"LC_ALL": "C.UTF-8", "HOME": profile}
        done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, env=environment, check=False)
    made = file.with_suffix(f".{to.partition(':')[0]}")
    assert made.is_file(), f"LibreOffice made no {made.name}: {done.stdout}{done.stderr}"
    return made
