"""The Trà Vinh year, generated once for all tests of a session."""

from pathlib import Path

import pytest

from motcua.generate import Summary, run


@pytest.fixture(scope="session")
def tra_vinh(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return run("tra-vinh-2023", tmp_path_factory.mktemp("generated") / "tra-vinh-2023.ndjson", None)


@pytest.fixture(scope="session")
def tra_vinh_file(tra_vinh: Summary) -> Path:
    return tra_vinh.output
