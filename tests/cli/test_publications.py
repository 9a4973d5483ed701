"""`motcua publications` on a real reporting: published, revised and annotated; files that are verified offline."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from motcua.cli import main
from services.reporting.figures.gauges import FigureGauges
from services.reporting.http.app import Reporting, create_app
from services.reporting.intake.client import IntakeLog
from services.reporting.projecting.metrics import ProjectorHealth
from services.reporting.publishing.freezing import Freezing
from services.reporting.publishing.publications import Publications
from services.reporting.read_model.store import migrate, open_engine
from shared import catalogue
from shared.sealing import sealed
from tests.cli.recording_intake import serving
from tests.reporting.published import KEY, NOW, SmallOffice, no_pause, small_office

PERIOD = ("--from", "2023-01-20", "--to", "2023-03-10")
Motcua = Callable[..., int]


@dataclass
class Served:
    """Reporting at its address, and the office that it counts."""

    url: str
    database: str
    office: SmallOffice

    def record(self, number: int) -> None:
        """The next events of the office are recorded and counted."""

        async def counted() -> None:
            engine = open_engine(self.database)
            self.office.topic.engine = engine
            await self.office.record(number)
            await engine.dispose()

        asyncio.run(counted())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    database = f"sqlite+aiosqlite:///{tmp_path}/reporting.db"
    engine, offices = open_engine(database), catalogue.load()

    async def migrated() -> None:
        at_first = open_engine(database)
        await migrate(at_first)
        await at_first.dispose()

    asyncio.run(migrated())
    office = small_office(engine, 21)
    intake = IntakeLog("http://intake", SecretStr(KEY), httpx.MockTransport(office.intake))
    freezing = Freezing(engine, offices, office.now, intake, counted_within_s=0.0, pause=no_pause)
    reporting = Reporting(
        engine,
        offices,
        lambda: NOW,
        SecretStr(KEY),
        ProjectorHealth(),
        CollectorRegistry(),
        FigureGauges(engine, lambda: NOW, None),
        publications=Publications(engine, offices, lambda: NOW, office.now, freezing),
    )
    with serving(create_app(reporting)) as url:
        here = Served(url, database, office)
        here.record(len(office.lines) // 2)
        yield here
    asyncio.run(engine.dispose())


@pytest.fixture
def motcua(monkeypatch: pytest.MonkeyPatch, served: Served) -> Motcua:
    def run(command: str, *arguments: str | Path) -> int:
        here = () if command == "verify" else ("--reporting", served.url, "--key", KEY)
        monkeypatch.setattr(sys, "argv", ["motcua", "publications", command, *map(str, arguments), *here])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return run


def said(capsys: pytest.CaptureFixture[str]) -> str:
    printed = capsys.readouterr()
    assert max(map(len, printed.out.splitlines()), default=0) <= 80 + 64, "a hash is in one piece"
    return " ".join((printed.out + printed.err).split())


def test_a_life_of_a_publication(
    motcua: Motcua, served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, chain = (tmp_path / name for name in ("first.json", "second.json", "chain.ndjson"))
    assert motcua("list") == 0
    assert "nothing was published yet" in said(capsys)
    assert motcua("create", *PERIOD, "--title", "Quý I", "--output", first) == 0
    published = msgspec.json.decode(first.read_bytes())
    told = said(capsys)
    assert told.startswith("publication 1: ")
    assert told.endswith(f"sha256 {published['sha256']}")

    cell = "total.received_total"
    assert motcua("note", "1", cell, "Gồm hồ sơ cũ.", "--author", "cb-0417") == 0
    number = published["total"]["received_total"]
    assert f"note 1 on {cell} of publication 1, {number}; sha256" in said(capsys)
    assert motcua("revise", "1") == 2
    assert "no revision is due" in said(capsys)

    served.record(len(served.office.lines))
    assert motcua("show", "1") == 0
    shown = said(capsys)
    assert shown.startswith("Publication 1: Quý I ")
    assert f"note on {cell}, {number}: Gồm hồ sơ cũ. (cb-0417)" in shown
    assert "`motcua publications revise 1` publishes it" in shown
    assert motcua("revise", "1", "--output", second) == 0
    revision = msgspec.json.decode(second.read_bytes())
    told = said(capsys)
    assert f"{cell}: {number} became {revision['total']['received_total']}" in told
    assert f"{revision['moved'][0]['code']} ({', '.join(revision['moved'][0]['events'])}, known " in told
    assert f"{len(revision['moved'])} dossiers moved, {len(revision['changes'])} numbers changed" in told

    assert motcua("show", "1", "--revision", "1", "--output", tmp_path / "again.json") == 0
    assert (tmp_path / "again.json").read_bytes() == second.read_bytes()
    assert "revision 1 of" in said(capsys)
    for options, figures in (((), published), (("--revision", "1"), revision)):
        assert motcua("open", "1", cell, *options) == 0
        assert f"{cell}: {figures['total']['received_total']} dossiers" in said(capsys)
    assert motcua("list") == 0
    assert "1 Quý I 20/01/23 10/03/23 " in (listed := said(capsys))
    assert listed.endswith(f"1 1 {published['sha256'][:8]}")

    assert motcua("list", "--department", "H59.15") == 0
    assert "nothing was published yet" in said(capsys)

    assert motcua("export", "--output", chain) == 0
    assert "3 documents in" in said(capsys)
    assert motcua("restore", chain) == 0
    assert said(capsys) == "0 documents are back, 3 were there"
    assert motcua("verify", chain) == 0
    told = said(capsys)
    assert "the chain holds from its beginning to 3" in told
    assert "WRONG" not in told
    lines = chain.read_bytes().splitlines(keepends=True)
    chain.write_bytes(lines[0] + lines[2])
    for files in ((first, second), (chain,)):
        assert motcua("verify", *files) == 1
        told = said(capsys)
        assert "WRONG: document 2 is not among the files" in told
        assert "the chain holds" not in told


def test_its_form_is_written_with_number_and_hash(
    motcua: Motcua, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, form = tmp_path / "first.json", tmp_path / "form.txt"
    assert motcua("create", *PERIOD, "--output", document) == 0
    assert motcua("form", "1", "--output", form) == 0
    published = msgspec.json.decode(document.read_bytes())
    text = form.read_text("utf-8")
    assert published["sha256"] in "".join(text.split())
    assert str(published["total"]["received_total"]) in text
    assert motcua("form", "1", "--format", "xml") == 2
    assert "office-csv" in said(capsys), "the formats that there are"


def test_files_that_were_changed_are_told(motcua: Motcua, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "first.json"
    assert motcua("create", *PERIOD, "--output", file, "--by", "month,level") == 0
    capsys.readouterr()
    assert motcua("verify", file) == 0
    assert said(capsys).startswith(f"holds: {file}: publication 1, 2023-01-20 – 2023-03-10: its ")
    file.write_bytes(file.read_bytes() + b"\n")
    assert motcua("verify", file) == 0
    capsys.readouterr()
    document = msgspec.json.decode(file.read_bytes())
    file.write_bytes(file.read_bytes().replace(b'"withdrawn":0', b'"withdrawn":1', 1))
    assert motcua("verify", file) == 1
    assert f"WRONG: {file}: its content was changed: it says sha256 {document['sha256']}" in (told := said(capsys))
    assert told.endswith("1 thing does not hold")
    document["total"]["resolved_early"] += 1
    file.write_bytes(sealed(document).body)
    assert motcua("verify", file) == 1
    assert "total: 7=8+9+10 does not hold, by -1" in said(capsys)
    assert motcua("verify", tmp_path / "none.json") == 2
    assert "none.json cannot be read: No such file or directory" in said(capsys)


def test_what_is_not_published_is_told_with_the_reason(
    motcua: Motcua, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert motcua("create", "--from", "2023-12-01", "--to", "2023-12-31") == 2
    assert "the period ends on 2023-12-31 and today is 2023-12-31" in said(capsys)
    assert motcua("create", "--from", "2023-12-01", "--to", "2023-12-31", "--provisional") == 0
    capsys.readouterr()
    assert motcua("list") == 0
    assert "(provisional)" in said(capsys)
    served.office.recorded += 1
    assert motcua("create", *PERIOD) == 2
    assert "of them are counted; try again in a while" in said(capsys)
    assert motcua("show", "7") == 2
    assert "there is no publication 7" in said(capsys)
    assert motcua("open", "1", "total.colour") == 2
    assert "total.colour is no number of it" in said(capsys)


def test_the_commands_are_listed_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["motcua", "publications", "--help"])
    with pytest.raises(SystemExit):
        main()
    listed = capsys.readouterr().out
    assert not any(each.endswith("...") for each in listed.splitlines()[1:])


@pytest.mark.parametrize("command", ["list", "create", "show", "open", "revise", "note", "export", "restore", "verify"])
def test_each_has_help_in_80_columns(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["motcua", "publications", command, "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
