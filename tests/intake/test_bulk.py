"""Many events in one call: good lines are accepted whatever their neighbours are."""

from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest

from services.intake.http import bulk
from shared.domain.lifecycle import EventKind
from tests.intake.conftest import Start
from tests.intake.sending import CODE, NDJSON, Sender, cloud_event, lines, received

OTHER = "H59.15-231208-0002"
AS_NDJSON = {"content-type": NDJSON}


async def test_events_of_a_dossier_in_one_call_see_each_other(intake: Sender) -> None:
    answer = await intake.bulk(
        received(), cloud_event("processing_started", "2023-12-11T08:00"), cloud_event("resolved", "2023-12-12T08:00")
    )
    assert answer == {"accepted": 3, "duplicates": 0, "rejected": 0, "rejections": []}
    assert (await intake.dossier())["state"] == "resolved"


async def test_the_same_body_again_adds_nothing(intake: Sender) -> None:
    events = [received(), cloud_event("resolved", "2023-12-12T08:00")]
    await intake.bulk(*events)
    assert await intake.bulk(*events, *events) == {"accepted": 0, "duplicates": 4, "rejected": 0, "rejections": []}
    assert len(await intake.log()) == len(events)
    assert await intake.metric('motcua_events_duplicate_total{event="received"}') == 2


async def test_an_id_twice_in_one_call_counts_once(intake: Sender) -> None:
    event = received()
    answer = await intake.bulk(event, event, event | {"source": "/other"})
    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (1, 1, 1)
    assert answer["rejections"][0]["code"] == "id_reused"


async def test_what_follows_a_refused_event_is_held_back_where_the_sender_asks_for_it(intake: Sender) -> None:
    first = received()
    body = lines(
        first,
        received(OTHER),
        cloud_event("processing_started", "2023-12-11T08:00", officer=5, event_id="bad"),
        cloud_event("resolved", "2023-12-12T08:00", event_id="later"),
        cloud_event("resolved", "2023-12-12T08:00", OTHER, event_id="of-another"),
        first,
    )
    answer = (
        await intake.http.post("/v1/events", params={"hold_back": "later"}, content=body, headers=AS_NDJSON)
    ).json()
    assert (answer["accepted"], answer["duplicates"]) == (3, 1)
    assert [(each["id"], each["code"], each["field"]) for each in answer["rejections"]] == [
        ("bad", "malformed", "data.officer"),
        ("later", "held_back", "subject"),
    ]
    known = lines(first, cloud_event("resolved", "2023-12-12T08:00", event_id="later"))
    answer = (
        await intake.http.post("/v1/events", params={"hold_back": "all"}, content=known, headers=AS_NDJSON)
    ).json()
    assert (answer["duplicates"], [each["code"] for each in answer["rejections"]]) == (1, ["held_back"])
    wrong = await intake.http.post("/v1/events", params={"hold_back": "some"}, content=known, headers=AS_NDJSON)
    assert wrong.status_code == 422, wrong.text


async def test_each_bad_line_is_rejected_alone_with_its_number_and_reason(intake: Sender) -> None:
    answer = await intake.bulk(
        received(),
        b"",
        b'{"id": "broken", ',
        b'{"id": "half", "specversion": "1.0"}',
        received(OTHER, department="H59.99", event_id="no-such-department"),
        received(OTHER, procedure="9.999999", event_id="no-such-procedure"),
        cloud_event("returned", "2023-12-09T08:00", OTHER, "no-dossier"),
        cloud_event("supplemented", "2023-12-09T08:00", event_id="not-paused"),
        cloud_event("processing_started", "2023-12-07T08:00", event_id="back"),
        received(OTHER, time="2999-01-01T00:00", due_at="2999-01-02T00:00:00+07:00", event_id="future"),
        received(OTHER) | {"type": "vn.motcua.dossier.lost.v1", "id": "lost"},
        cloud_event("resolved", "2023-12-12T08:00"),
    )
    assert (answer["accepted"], answer["rejected"]) == (2, 9)
    assert [(each["line"], each["id"], each["code"]) for each in answer["rejections"]] == [
        (3, None, "malformed"),
        (4, "half", "malformed"),
        (5, "no-such-department", "unknown_department"),
        (6, "no-such-procedure", "unknown_procedure"),
        (7, "no-dossier", "unknown_dossier"),
        (8, "not-paused", "transition_not_allowed"),
        (9, "back", "time_goes_back"),
        (10, "future", "in_future"),
        (11, "lost", "unknown_type"),
    ]
    assert all(each["detail"] for each in answer["rejections"])
    assert await intake.metric('motcua_events_rejected_total{event="received",reason="unknown_department"}') == 1
    assert await intake.metric('motcua_events_accepted_total{event="received"}') == 1


async def test_a_body_that_streams_is_committed_while_it_arrives(intake: Sender) -> None:
    """More events than a chunk, cut at random places; the first are in the log before the last are sent."""
    codes = [f"H59.15-231208-{number:04d}" for number in range(1, 2501)]
    body = lines(*(received(code) for code in codes))
    logged_before_the_end: list[int] = []

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 50_001):
            yield body[start : start + 50_001]
        logged_before_the_end.append((await intake.http.get("/v1/log/head")).json()["events"])

    answer = (await intake.http.post("/v1/events", content=chunks(), headers={"content-type": NDJSON})).json()
    assert answer["accepted"] == len(codes)
    assert [entry["position"] for entry in await intake.log()] == list(range(1, len(codes) + 1))
    assert logged_before_the_end[0] >= 1000


@pytest.mark.parametrize("content_type", ["application/cloudevents-batch+json", "application/json; charset=utf-8"])
async def test_a_json_array_is_taken_too(intake: Sender, content_type: str) -> None:
    body = msgspec.json.encode([received(), {"id": "bad"}, cloud_event("resolved", "2023-12-12T08:00")])
    answer = (await intake.http.post("/v1/events", content=body, headers={"content-type": content_type})).json()
    assert (answer["accepted"], answer["rejected"], answer["rejections"][0]["line"]) == (2, 1, 2)


async def test_what_is_no_array_is_malformed(intake: Sender) -> None:
    answer = await intake.http.post("/v1/events", json=received())
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_another_media_type_is_unsupported_and_the_right_ones_are_named(intake: Sender) -> None:
    answer = await intake.http.post("/v1/events", content=b"a;b", headers={"content-type": "text/csv"})
    assert answer.status_code == httpx.codes.UNSUPPORTED_MEDIA_TYPE
    assert NDJSON in answer.json()["detail"]


async def test_a_line_that_is_too_long_is_rejected_alone(start: Start) -> None:
    async with start(max_event_bytes=1024) as intake:
        answer = await intake.bulk(received(), received(OTHER, note="x" * 3000), received("H59.15-231208-0003"))
    assert (answer["accepted"], answer["rejected"]) == (2, 1)
    assert (answer["rejections"][0]["line"], answer["rejections"][0]["code"]) == (2, "too_large")


async def test_a_body_over_the_limit_says_what_was_accepted_of_it(start: Start) -> None:
    body = lines(*(received(f"H59.15-231208-{number:04d}") for number in range(1, 101)))

    async def chunks() -> AsyncIterator[bytes]:
        for first in range(0, len(body), 1000):
            yield body[first : first + 1000]

    async with start(max_bulk_bytes=4096) as intake:
        streamed = await intake.http.post("/v1/events", content=chunks(), headers={"content-type": NDJSON})
        assert streamed.status_code == 413
        assert streamed.json()["accepted"] == len(await intake.log()) > 0
        announced = await intake.http.post("/v1/events", content=body, headers={"content-type": NDJSON})
        assert (announced.status_code, announced.json()["accepted"]) == (413, 0)


async def test_what_intake_does_not_know_is_kept_in_the_log(intake: Sender) -> None:
    event = received(x={"counter_window": 7}) | {"traceparent": "00-abc-def-01"}
    await intake.bulk(event)
    (logged,) = await intake.log()
    assert logged["event"]["data"]["x"] == {"counter_window": 7}
    assert logged["event"]["traceparent"] == "00-abc-def-01"


async def test_events_read_back_from_the_log_are_recognised(intake: Sender) -> None:
    """Even where intake had added to them: an exported log can be sent again."""
    await intake.http.post("/v1/dossiers", json={"department": "H59.15", "procedure": "2.000635", "channel": "postal"})
    await intake.bulk(received())
    logged = [entry["event"] for entry in await intake.log()]
    assert await intake.bulk(*logged) == {"accepted": 0, "duplicates": 2, "rejected": 0, "rejections": []}


async def test_a_log_sent_to_an_empty_intake_gives_the_same_dossiers(
    intake: Sender, start: Start, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await intake.bulk(
        received(),
        cloud_event("supplement_requested", "2023-12-11T08:00"),
        cloud_event("supplemented", "2023-12-12T08:00"),
        cloud_event("resolved", "2023-12-12T09:00"),
    )
    other = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('other')}/intake.db"
    async with start(database_url=other) as fresh:
        await fresh.bulk(*[entry["event"] for entry in await intake.log()])
        before, after = await intake.dossier(), await fresh.dossier()
    for recorded in (*before["history"], *after["history"]):
        del recorded["recorded_at"]
    explanations = [[step.pop("text") for step in dossier["explanation"]] for dossier in (before, after)]
    assert before == after
    assert [any("the date came with the event" in text for text in texts) for texts in explanations] == [False, True]
    assert before["code"] == CODE


async def test_every_series_is_there_before_its_first_event(intake: Sender) -> None:
    exposed = (await intake.http.get("/metrics")).text.splitlines()
    for kind in EventKind:
        for metric in ("accepted", "duplicate"):
            assert f'motcua_events_{metric}_total{{event="{kind.value}"}} 0.0' in exposed


@pytest.mark.parametrize(("hold_back", "refused_at_last"), [(None, "unknown_procedure"), ("later", "held_back")])
async def test_many_refusals_hold_back_only_who_asked_for_it(
    intake: Sender, monkeypatch: pytest.MonkeyPatch, hold_back: str | None, refused_at_last: str
) -> None:
    monkeypatch.setattr(bulk, "MOST_HELD", 2)
    monkeypatch.setattr(bulk, "CHUNK_EVENTS", 1)
    body = lines(*(received(f"H59.15-231208-{number:04d}", procedure="9.999999") for number in range(1, 7)))
    query = {} if hold_back is None else {"hold_back": hold_back}
    answer = (await intake.http.post("/v1/events", params=query, content=body, headers=AS_NDJSON)).json()
    assert answer["rejections"][0]["code"] == "unknown_procedure"
    assert answer["rejections"][-1]["code"] == refused_at_last
