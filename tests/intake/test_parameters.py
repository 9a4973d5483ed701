"""A misspelt parameter is refused: a dry run that takes effect, or a filter that filters nothing,
would not be noticed."""

import pytest

from tests.intake.sending import CODE, Sender, lines, received

ANNOUNCEMENTS = "/v1/calendar/announcements"
DECREE = {"source": "QĐ 99", "days": [{"day": "2023-12-13", "works": False, "name": "Nghỉ bão"}]}
PERIOD = {"from": "2023-12-01", "to": "2023-12-02"}


@pytest.mark.parametrize("wrong", ["?dryrun=true", "?dry_run=true&dry_run=false", "?dry-run=1"])
async def test_a_misspelt_dry_run_does_not_take_effect(intake: Sender, wrong: str) -> None:
    answer = await intake.http.post(ANNOUNCEMENTS + wrong, json=DECREE)
    assert answer.status_code == 422
    assert answer.json()["parameter"] == wrong[1:].partition("=")[0]
    assert (await intake.http.get(ANNOUNCEMENTS)).json() == []


@pytest.mark.parametrize(
    ("path", "known"),
    [
        (f"/v1/dossiers/{CODE}", {"definition": "instant/1"}),
        ("/v1/departments", {"date": "2023-12-01"}),
        ("/v1/procedures", {"date": "2023-12-01", "department": "H59.15"}),
        ("/v1/calendar", PERIOD | {"department": "H59.15"}),
        ("/v1/log", {"after": "0", "limit": "1"}),
        ("/v1/log/head", {}),
        (ANNOUNCEMENTS, {}),
        (f"{ANNOUNCEMENTS}/decree-99", {"limit": "1", "cursor": CODE, "outcome": "overdue"}),
    ],
)
async def test_what_reads_takes_each_of_its_parameters_once_and_no_other(
    intake: Sender, path: str, known: dict[str, str]
) -> None:
    await intake.bulk(received())
    assert (await intake.http.post(ANNOUNCEMENTS, json=DECREE | {"id": "decree-99"})).status_code == 201
    assert (await intake.http.get(path, params=known)).status_code == 200
    unknown = await intake.http.get(path, params=known | {"datum": "x"})
    assert (unknown.status_code, unknown.json()["parameter"]) == (422, "datum")
    for name, value in known.items():
        twice = await intake.http.get(path, params=[*known.items(), (name, value)])
        assert (twice.status_code, twice.json()["detail"]) == (422, f"{name}: given 2 times; give it once")


@pytest.mark.parametrize("path", ["/v1/departments?date=0", "/v1/procedures?date=20260101", "/v1/calendar?from=0&to=1"])
async def test_a_number_is_no_date(intake: Sender, path: str) -> None:
    answer = await intake.http.get(path)
    assert (answer.status_code, "is not a date; write one" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        ("/v1/events", "not a parameter of this address; known: hold_back"),
        ("/v1/dossiers", "this address takes no parameters; leave it out"),
        (f"/v1/dossiers/{CODE}/events", "this address takes no parameters; leave it out"),
    ],
)
async def test_what_takes_events_takes_no_other_parameter(intake: Sender, path: str, fix: str) -> None:
    answer = await intake.http.post(path, params={"dry_run": "true"}, content=lines(received()))
    assert (answer.status_code, answer.json()["detail"]) == (422, f"dry_run: {fix}")
    assert await intake.log() == []
