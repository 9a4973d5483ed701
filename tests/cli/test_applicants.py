"""`motcua applicants` against a real intake: shown, erased, rotated, let go of."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from motcua.cli import main
from tests.cli.real_intake import KEY, real_intake
from tests.intake.keys import MasterKeyFile

ABOUT = {"department": "H59.15", "procedure": "2.000635", "channel": "online", "code": "H59.15-231208-0001"}
RECEIVED = ABOUT | {"received_at": "2023-12-08T08:31:00+07:00"}
CODE, HEADERS = ABOUT["code"], {"Authorization": f"Bearer {KEY}"}
HOA = {"id_number": "084180001234", "name": "Nguyễn Thị Hoa"}


@pytest.fixture
def key_file(tmp_path: Path) -> MasterKeyFile:
    return MasterKeyFile(tmp_path / "applicants.key")


@pytest.fixture
def intake(tmp_path: Path, key_file: MasterKeyFile) -> Iterator[str]:
    with real_intake(tmp_path, applicants_key_file=key_file.path) as url:
        body = RECEIVED | {"applicant": HOA}
        assert httpx.post(f"{url}/v1/dossiers", json=body, headers=HEADERS).status_code == 201
        yield url


def test_an_applicant_is_shown_rotated_kept_and_erased(
    intake: str, key_file: MasterKeyFile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def motcua(*arguments: str) -> tuple[int, str]:
        command = ["motcua", "applicants", *arguments, "--intake", intake, "--key", KEY]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), " ".join((printed.out + printed.err).split())

    status, shown = motcua("show", CODE)
    assert (status, "name Nguyễn Thị Hoa" in shown, "kept until it is erased" in shown) == (0, True, True)
    key_file.put_new_first()
    assert "1 data keys were wrapped anew" in motcua("rotate")[1]
    assert motcua("expire")[1].endswith("0 of 1 applicants were erased")
    status, told = motcua("erase", CODE, "--reason", "theo yêu cầu")
    assert (status, "by settings: theo yêu cầu" in told) == (0, True), told
    pseudonym = next(word for word in told.split() if word.startswith("p-"))
    assert motcua("erase", pseudonym, "--reason", "lần nữa")[1].endswith("nothing was kept any more")
    status, shown = motcua("show", CODE)
    assert (status, "Hoa" in shown, "no details are kept; erased" in shown) == (0, False, True)
    status, refused = motcua("erase", CODE, "--reason", "0912 345 678")
    assert (status, "holds a phone number" in refused) == (2, True)
