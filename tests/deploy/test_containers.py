"""Tests that ask for containers get them or say what is missing: nothing falls back unseen."""

from pathlib import Path

import pytest

from tests.support import docker_engine
from tests.support.docker_engine import NoContainers


def test_containers_are_taken_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOTCUA_TEST_BROKER", raising=False)
    assert not docker_engine.wanted()
    monkeypatch.setenv("MOTCUA_TEST_BROKER", "containers")
    assert docker_engine.wanted()


def test_a_word_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_TEST_BROKER", "docker")
    with pytest.raises(NoContainers, match="set it to 'containers'"):
        docker_engine.wanted()


def test_without_an_engine_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(NoContainers, match="start one, or unset MOTCUA_TEST_BROKER"):
        docker_engine.image("kafka")
