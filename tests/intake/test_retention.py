"""Applicants are let go of when every dossier of theirs has been closed for as long as its procedure says."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.intake.settings import IntakeSettings
from shared.catalogue import load
from shared.catalogue.loading import SHIPPED
from shared.catalogue.rows import CatalogueError
from shared.service.secret_files import UnusableSettings
from shared.service.settings import settings_of
from tests.intake.conftest import Start
from tests.intake.keys import MasterKeyFile
from tests.intake.sending import CODE, Sender, cloud_event, received

OTHER = "H59.15-231208-0002"
HOA: dict[str, Any] = {"id_number": "084180001234", "name": "Nguyễn Thị Hoa"}
TERM = 'term = { amount = 5, unit = "working_days" }'
OF_NO_END = "2.000488"


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """The shipped one, in which one procedure keeps applicants for two months."""
    folder = tmp_path / "catalogue"
    folder.mkdir()
    before, code, rest = (SHIPPED / "procedures.toml").read_text("utf-8").partition('code = "2.000635"')
    rest = rest.replace(TERM, f'{TERM}\nretention = {{ amount = 2, unit = "months" }}', 1)
    (folder / "procedures.toml").write_text(before + code + rest, "utf-8")
    return folder


@pytest.fixture
async def intake(start: Start, catalogue: Path, tmp_path: Path) -> AsyncIterator[Sender]:
    key_file = MasterKeyFile(tmp_path / "applicants.key")
    clock = "2024-02-11T08:00:00+07:00"
    async with start(catalogue=catalogue, applicants_key_file=key_file.path, clock=clock) as sender:
        yield sender


async def expired(intake: Sender) -> dict[str, int]:
    answer = await intake.http.post("/v1/applicants/expire")
    assert answer.status_code == 200, answer.text
    body: dict[str, int] = answer.json()
    return body


async def kept(intake: Sender) -> dict[str, Any]:
    body: dict[str, Any] = (await intake.http.get(f"/v1/dossiers/{CODE}/applicant")).json()
    return body


def resolved(code: str, day: str) -> dict[str, Any]:
    return cloud_event("resolved", f"2023-12-{day}T08:00", code)


async def test_who_was_kept_long_enough_is_erased_and_nothing_else_changes(intake: Sender) -> None:
    await intake.bulk(received(applicant=HOA), resolved(CODE, "10"))
    log = await intake.log()
    assert await expired(intake) == {"looked_at": 1, "erased": 1}
    assert (await kept(intake))["details"] is None
    assert await intake.log() == log
    assert await expired(intake) == {"looked_at": 0, "erased": 0}


@pytest.mark.parametrize(
    ("more", "until"),
    [
        ([], None),  # still open
        ([resolved(CODE, "11")], "2024-02-11T17:00:00Z"),  # until the end of the day two months later
        ([resolved(CODE, "10"), received(OTHER, applicant=HOA)], None),
        ([resolved(CODE, "10"), received(OTHER, applicant=HOA), resolved(OTHER, "29")], "2024-02-29T17:00:00Z"),
        (
            [
                resolved(CODE, "10"),
                received(OTHER, applicant=HOA, procedure=OF_NO_END, channel="in_person"),
                resolved(OTHER, "10"),
            ],
            None,
        ),
    ],
)
async def test_who_has_a_dossier_that_needs_them_is_kept(
    intake: Sender, more: list[dict[str, Any]], until: str | None
) -> None:
    answer = await intake.bulk(received(applicant=HOA), *more)
    assert answer["rejected"] == 0, answer
    assert await expired(intake) == {"looked_at": 1, "erased": 0}
    view = await kept(intake)
    assert (view["details"], view["kept_until"]) == (HOA, until)


def test_a_retention_is_some_months_or_years(catalogue: Path) -> None:
    file = catalogue / "procedures.toml"
    file.write_text(
        file.read_text("utf-8").replace('amount = 2, unit = "months"', 'amount = 0, unit = "months"'), "utf-8"
    )
    with pytest.raises(CatalogueError, match="2.000635"):
        load(catalogue)


def test_erasures_stand_beside_the_master_key_unless_said_otherwise(tmp_path: Path) -> None:
    key_file = MasterKeyFile(tmp_path / "applicants.key")
    settings = IntakeSettings(api_key="a-key-for-tests-only", applicants_key_file=key_file.path)
    assert settings.erasures == tmp_path / "erasures.ndjson"
    elsewhere = IntakeSettings(api_key="a-key-for-tests-only", erasures_file=tmp_path / "other.ndjson")
    assert elsewhere.erasures == tmp_path / "other.ndjson"
    assert IntakeSettings(api_key="a-key-for-tests-only").erasures is None


@pytest.mark.parametrize("text", ["", "short", "dG9vIHNob3J0", "#" * 44])
def test_what_is_no_master_key_is_told_with_the_way_to_make_one(text: str, tmp_path: Path) -> None:
    file = tmp_path / "applicants.key"
    file.write_text(text)
    for given in ({"applicants_key_file": file}, {"applicants_key": text}):
        with pytest.raises(UnusableSettings, match="openssl rand -base64 32") as wrong:
            settings_of(IntakeSettings, api_key="a-key-for-tests-only", **given)
        assert not text or text not in str(wrong.value)
