"""Nobody learns anything of dossiers outside: whatever is asked, the answer is the same as if there were none.

Who may see what is told here from the sentence that keys are granted by, and not by the service's own decision: a
dossier is covered when its department is granted, or the unit that received it (its department where none is named).
"""

import io
import re
import shutil
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.reporting.read_model.store import open_engine
from services.reporting.read_model.tables import model
from shared.catalogue import Catalogue
from shared.catalogue.units import ChangeKind, Part, UnitChange
from shared.domain.localtime import LOCAL
from tests.builders.histories import OFFICE_DEPARTMENTS, OFFICE_PROCEDURES, Office, office
from tests.builders.wire import travelling
from tests.reporting.bound import KEY, application, caller, first_part, listed, reader
from tests.reporting.delivery import Topic, statuses
from tests.support.recount import RecountedDossier, take

UNITS = (*OFFICE_DEPARTMENTS, "H59.01")
CODE = re.compile(r"H59\.15-230117-\d{4}")
EPOCH = date(2023, 1, 14)
SEEDS = range(3)
DIMENSIONS = ("month", "department", "field", "procedure", "level", "channel", "received_by")
PLAIN_FORMATS = ("json", "csv", "office-csv", "text", "xlsx")
BUCKETS = ("age.0", "age.11", "late.1", "late.11", "today", "left.3", "paused", "none")
Pair = tuple[str, str]  # who answers for a dossier, and who received it


@dataclass(frozen=True)
class Granted:
    """What a key is granted: some departments, or what some units received."""

    departments: frozenset[str]
    units: frozenset[str]

    @property
    def key(self) -> str:
        places = [*sorted(self.departments), *(f"received_by:{unit}" for unit in sorted(self.units))]
        return f"compiler@{','.join(places)}"

    def covers(self, pair: Pair) -> bool:
        department, place = pair
        return department in self.departments or place in self.units


@dataclass(frozen=True)
class Asked:
    """A question, and by whom and where the dossiers may be that it can count; None: anybody, anywhere."""

    path: str
    parameters: dict[str, str] = field(default_factory=dict)
    departments: frozenset[str] | None = None
    places: frozenset[str] | None = None
    organised: bool = False

    @property
    def url(self) -> str:
        return f"{self.path}?{urlencode(self.parameters)}" if self.parameters else self.path


def pairs_of(of: Office) -> dict[str, list[Pair]]:
    """Each dossier's departments and places of receipt, from its first to what they are now."""
    pairs: dict[str, list[Pair]] = {}
    for code, history in of.items():
        dossier = RecountedDossier()
        for event in history:
            take(dossier, travelling(code, event))
            pairs.setdefault(code, []).append((dossier.about["department"], dossier.place_of_receipt))
    return pairs


def any_grant(rng: Random) -> Granted:
    departments, units = (frozenset(rng.sample(UNITS, rng.choice([0, 1, 1, 2]))) for _ in range(2))
    return Granted(departments, units) if departments or units else Granted(frozenset(UNITS[:1]), units)


def any_change(rng: Random) -> tuple[UnitChange, ...]:
    """A department goes into another one, or gives a part of what it does away."""
    unit, heir, other = rng.sample(UNITS, 3)
    day = EPOCH + timedelta(days=rng.randrange(5, 40))
    parts = (Part(other, frozenset(OFFICE_PROCEDURES[:2])),) if rng.random() < 0.5 else ()
    kind = ChangeKind.SPLIT if parts else ChangeKind.MERGE
    return (UnitChange(day, kind, (unit,), heir, "NQ", parts),)


class Questions:
    """Draws questions that an office could be asked."""

    def __init__(self, rng: Random, granted: Granted, now: datetime) -> None:
        self._rng, self._granted, self._now = rng, granted, now

    def _units(self, own: frozenset[str]) -> frozenset[str] | None:
        """Often some of those that are granted."""
        if self._often(0.4):
            return own or None
        chosen = frozenset(self._rng.sample(UNITS, self._rng.choice([0, 0, 1, 1, 2])))
        return chosen or None

    def _often(self, share: float = 0.5) -> bool:
        return self._rng.random() < share

    def _asked(self, path: str, parameters: dict[str, str], *, organised: bool = False) -> Asked:
        """With filters; as organised now with one of them, for units have heirs by procedure."""
        departments, places = self._units(self._granted.departments), self._units(self._granted.units)
        if organised and departments and places:
            places = None
        named = {"department": departments, "received_by": places}
        more = {name: listed(units) for name, units in named.items() if units}
        more |= {"organised": "now"} if organised else {}
        return Asked(path, parameters | more, departments, places, organised)

    def _days(self) -> dict[str, str]:
        first = EPOCH + timedelta(days=self._rng.randrange(40))
        return {"from": f"{first}", "to": f"{first + timedelta(days=self._rng.choice([0, 20, 60]))}"}

    def _instant(self) -> str:
        known = datetime.combine(EPOCH, self._now.timetz()) + timedelta(days=self._rng.randrange(1, 45))
        return min(known, self._now).isoformat()

    def _beside(self) -> dict[str, str]:
        return {"against": self._rng.choice(["last_year", "previous"])} if self._often(0.2) else {}

    def _known(self) -> dict[str, str]:
        return {"as_known_at": self._instant()} if self._often(0.3) else {}

    def figures(self) -> Asked:
        by = self._rng.sample(DIMENSIONS, self._rng.randrange(4))
        more = self._days() | self._known() | ({"by": ",".join(by)} if by else {}) | self._beside()
        return self._asked("/v1/figures", more, organised=self._often(0.3))

    def changes(self) -> Asked:
        return self._asked("/v1/figures/changes", self._days() | {"as_known_at": self._instant()})

    def definitions(self) -> Asked:
        return self._asked("/v1/figures/definitions", self._days() | self._known())

    def form(self) -> Asked:
        more = {"format": self._rng.choice(PLAIN_FORMATS), "by": self._rng.choice(["department", "field"])}
        sections = {"sections": "level"} if self._often(0.3) else {}
        more |= self._days() | sections | self._known() | self._beside()
        return self._asked("/v1/reports/ii06a", more, organised=self._often(0.3))

    def attention(self) -> Asked:
        more = {"within": self._rng.choice(["2d", "40d"])} | ({"idle_months": "1"} if self._often() else {})
        return self._asked("/v1/attention", more)

    def events(self) -> Asked:
        return self._asked("/v1/events", {})

    def any(self, number: int) -> Iterator[Asked]:
        for _ in range(number):
            yield self._rng.choice(
                [self.figures, self.figures, self.changes, self.definitions, self.form, self.form, self.attention]
            )()
        yield from (self.events() for _ in range(2))

    def page(self) -> str:
        """A page's address: somebody chose one department, or left it at what the page asks by itself."""
        kind = self._rng.choice(
            ["/", "/late", "/late/file", "/definitions", "/follow-up", "/open", "/charts", "/download"]
        )
        given = {} if kind == "/follow-up" else self._days()
        if self._often(0.4):
            given["department"] = self._rng.choice(UNITS)
        if self._often(0.2):
            given["received_by"] = self._rng.choice(UNITS)
        if kind in ("/", "/download") and self._often(0.3):
            given["organised"] = "now"
        if kind == "/follow-up":
            given["within"] = "40d"
        if kind == "/open":
            given["bucket"] = self._rng.choice(BUCKETS)
        if kind == "/download":
            given["format"] = self._rng.choice(["csv", "text", "xlsx"])
        if kind == "/late/file":
            given["format"] = self._rng.choice(["office-csv", "xlsx"])
        if kind == "/charts":
            kind = f"/charts/{self._rng.choice(['received', 'timeliness', 'deadline', 'age', 'beside'])}"
        return f"{kind}?{urlencode(given)}"


def is_inside(asked: Asked, granted: Granted, catalogue: Catalogue, now: datetime) -> bool:
    """Whether each dossier that there could be and that the question counts is covered."""
    judged = asked.parameters.get("as_known_at", now.isoformat())
    organised = catalogue.organised_on(datetime.fromisoformat(judged).date()) if asked.organised else None

    def counted_as(unit: str) -> set[str]:
        if organised is None:
            return {unit}
        return {organised.heir(unit, procedure) for procedure in (*OFFICE_PROCEDURES, "of no part")}

    def among(units: frozenset[str] | None) -> Iterable[str]:
        return [*UNITS, "elsewhere"] if units is None else [one for one in UNITS if counted_as(one) & units]

    return all(granted.covers(pair) for pair in product(among(asked.departments), among(asked.places)))


@asynccontextmanager
async def serving(
    file: Path, empty: Path, of: Office, catalogue: Catalogue, *, now: datetime, state: Any = None
) -> AsyncIterator[tuple[FastAPI, AsyncEngine]]:
    """Reporting of an office, all of which it took in at once; its read model in a given state."""
    shutil.copy(empty, file)
    engine = open_engine(f"sqlite+aiosqlite:///{file}")
    try:
        await Topic(engine).deliver([record for code, history in of.items() for record in statuses(code, history)])
        if state is not None:
            async with engine.begin() as connection:
                await connection.execute(update(model).values(generation=state.generation, revision=state.revision))
        yield application(engine, catalogue, lambda: now), engine
    finally:
        await engine.dispose()


def read(answer: httpx.Response) -> str:
    """All that an answer says, also in the parts of a workbook."""
    if not answer.content.startswith(b"PK"):
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        return "\n".join(parts.read(name).decode(errors="replace") for name in parts.namelist())


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, read(answer)


def refused(answer: httpx.Response) -> tuple[int, str]:
    """It names what the caller is bound to, and no code of any dossier."""
    assert "bound to" in answer.json()["detail"]
    assert not CODE.search(answer.text)
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("seed", SEEDS)
async def test_an_answer_to_a_bound_caller_is_the_same_without_all_other_dossiers(
    seed: int, tmp_path: Path, empty_read_model: Path, shipped: Catalogue
) -> None:
    rng = Random(seed)
    of = office(rng, 40, 20)
    now = datetime(2023, 2, rng.randrange(1, 28), 12, tzinfo=LOCAL)
    catalogue = replace(shipped, unit_changes=any_change(rng))
    pairs, granted = pairs_of(of), any_grant(rng)
    ever = {code for code, known in pairs.items() if any(map(granted.covers, known))}
    inside_now = {code for code, known in pairs.items() if granted.covers(known[-1])}
    async with serving(tmp_path / "whole.db", empty_read_model, of, catalogue, now=now) as (whole, engine):
        async with engine.connect() as connection:
            state = (await connection.execute(select(model))).one()
        less = {code: of[code] for code in ever}
        async with (
            serving(tmp_path / "less.db", empty_read_model, less, catalogue, now=now, state=state) as (reduced, _),
            caller(whole) as everybody,
            caller(whole, granted.key) as somebody,
            caller(reduced, granted.key) as alone,
        ):
            for asked in Questions(rng, granted, now).any(20):
                if asked.path == "/v1/events":
                    answers = [await first_part(app, asked.url, granted.key) for app in (whole, reduced)]
                    assert answers[0] == answers[1], asked
                    assert (answers[0][0] == 200) is is_inside(asked, granted, catalogue, now), asked
                    continue
                answer, unbound = await somebody.get(asked.url), await everybody.get(asked.url)
                assert told(answer) == told(await alone.get(asked.url)), asked
                may = ever if "as_known_at" in asked.parameters else inside_now
                if unbound.status_code == 422:
                    assert answer.status_code in (403, 422), asked
                elif is_inside(asked, granted, catalogue, now):
                    assert told(answer) == told(unbound), asked
                    assert unbound.status_code == 200, (asked, unbound.text)
                    assert set(CODE.findall(read(answer))) <= may, asked
                else:
                    assert refused(answer) == (403, "forbidden"), asked
            async with reader(whole, granted.key) as pages:
                await _lists_of_anybodys_tokens([everybody, somebody, pages], granted, inside_now)
                await _dossiers(pages, list(of), inside_now)
            await _pages(rng, [whole, reduced], granted, now, inside_now)


async def _lists_of_anybodys_tokens(clients: list[httpx.AsyncClient], granted: Granted, may: set[str]) -> None:
    """A token opens by what it counts, whoever had it made; on a page too."""
    everybody, somebody, pages = clients
    asked = {"from": "2023-01-01", "to": "2023-03-01", "by": "department,received_by"}
    found = (await everybody.get("/v1/figures", params=asked)).json()
    tokens: list[tuple[dict[str, str] | None, str]] = [(None, found["tokens"]["total.received_total"])]
    tokens += [(row["key"], found["tokens"][f"rows.{index}.received_total"]) for index, row in enumerate(found["rows"])]
    for key, token in tokens:
        answer, page = await somebody.get(f"/v1/figures/{token}/dossiers"), await pages.get(f"/dossiers?token={token}")
        assert page.status_code == answer.status_code, key
        assert set(CODE.findall(page.text)) == set(CODE.findall(answer.text)), key
        if key is not None and granted.covers((key["department"], key["received_by"])):
            assert answer.content == (await everybody.get(f"/v1/figures/{token}/dossiers")).content
            assert set(CODE.findall(answer.text)) <= may
        else:
            assert refused(answer) == (403, "forbidden"), key


async def _pages(rng: Random, apps: list[FastAPI], granted: Granted, now: datetime, may: set[str]) -> None:
    """What a reader sees is the same without all other dossiers; a department that is not theirs is no page."""
    readers = [reader(app, granted.key) for app in apps]
    async with readers[0] as whole, readers[1] as reduced:
        for _ in range(12):
            address = Questions(rng, granted, now).page()
            page = await whole.get(address)
            assert told(page) == told(await reduced.get(address)), address
            assert page.status_code in (200, 403, 422), (address, page.text)
            assert set(CODE.findall(read(page))) <= may, address
        for address in ("/", "/late", "/follow-up", "/definitions", "/publications"):
            assert (await whole.get(address)).status_code == 200, address
        outside = sorted(set(UNITS) - granted.departments)
        for unit in outside if not granted.units else ():
            assert (await whole.get(f"/?department={unit}")).status_code == 403


async def _dossiers(pages: httpx.AsyncClient, codes: list[str], may: set[str]) -> None:
    """A dossier opens by what it is now."""
    for code in codes:
        answer = await pages.get(f"/dossiers/{code}")
        assert answer.status_code == (200 if code in may else 403), code
    assert (await pages.get("/dossiers/H59.15-230117-9999")).status_code == 404


@pytest.mark.parametrize("path", ["/v1/dossiers", "/v1/consistency", "/v1/publications/documents"])
async def test_what_is_about_all_departments_is_for_nobody_who_is_bound(
    path: str, tmp_path: Path, empty_read_model: Path, shipped: Catalogue
) -> None:
    now = datetime(2023, 2, 20, 12, tzinfo=LOCAL)
    async with serving(tmp_path / "reporting.db", empty_read_model, {}, shipped, now=now) as (app, _):
        answers = {}
        for key in ("admin@H59.15", "admin@*", KEY):
            async with caller(app, key) as client:
                answers[key] = (await client.get(path)).status_code
    assert answers == {"admin@H59.15": 403, "admin@*": 200, KEY: 200}
