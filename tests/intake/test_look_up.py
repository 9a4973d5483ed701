"""The public look-up: what the holder of a slip learns, and that nobody else learns anything."""

import re
import statistics
import time
from typing import Any

import httpx
import pytest
import structlog

from services.intake.pages.lookup.asking import LookUps, TooManyLookUps
from services.intake.papers.slip import slip_of
from services.intake.settings import IntakeSettings
from shared.contract.http.lookup import LookUpAnswer
from tests.intake.conftest import Start
from tests.intake.sending import CODE, KEY, Sender, cloud_event, received

SLIPS = IntakeSettings(api_key=KEY).key_of_slips
SECRET = slip_of(CODE, SLIPS).grouped
WRONG = "33333-33333"
OF_THE_REQUEST = {"content-length": "", "x-request-id": ""}  # by what was sent, and by chance
OFFICER = "o-17-nguyen"
DOSSIER = [
    received(applicant="Nguyễn Thị Minh Khai"),
    cloud_event("processing_started", "2023-12-08T09:10", unit="Phòng Hộ tịch", officer=OFFICER),
    cloud_event(
        "supplement_requested", "2023-12-11T09:00", missing="bản sao giấy khai sinh", due_at="2023-12-29T17:00:00+07:00"
    ),
]


@pytest.fixture
async def anybody(intake: Sender) -> Sender:
    """Without a key, and with a service that does not make anybody wait."""
    await intake.bulk(*DOSSIER)
    intake.http._transport.app.state.look_ups = LookUps(SLIPS, time.monotonic, answered_after_s=0.0)  # type: ignore[attr-defined]
    del intake.http.headers["Authorization"]
    return intake


async def page(intake: Sender, code: str = CODE, secret: str = SECRET, **more: Any) -> httpx.Response:
    return await intake.http.post("/look-up", data={"code": code, "secret": secret}, **more)


async def call(intake: Sender, code: str = CODE, secret: str = SECRET) -> httpx.Response:
    return await intake.http.post("/v1/look-up", json={"code": code, "secret": secret})


async def test_the_holder_of_a_slip_learns_how_the_dossier_stands(anybody: Sender) -> None:
    answer = await call(anybody)
    assert answer.status_code == 200
    assert answer.json() == {
        "code": CODE,
        "state": "awaiting_supplement",
        "text": "Your dossier waits for papers that you are to bring.",
        "procedure": "Cấp bản sao Trích lục hộ tịch",
        "department": "Sở Tư pháp",
        "submitted_at": None,
        "received_at": "2023-12-08T08:31:00+07:00",
        "promised_at": None,
        "missing": "bản sao giấy khai sinh",
        "missing_until": "2023-12-29T17:00:00+07:00",
        "result_at": None,
        "returned_at": None,
    }
    shown = (await page(anybody)).text
    for told in (
        "Hồ sơ đang chờ bổ sung giấy tờ.",
        "bản sao giấy khai sinh",
        "17 giờ 00 phút, ngày 29 tháng 12 năm 2023",
        "08 giờ 31 phút, ngày 08 tháng 12 năm 2023",
    ):
        assert told in shown
    english = await page(anybody, headers={"Cookie": "motcua_language=en"})
    assert "Your dossier waits for papers that you are to bring." in english.text


async def test_nothing_about_a_person_or_an_officer_is_told(anybody: Sender) -> None:
    told = (await page(anybody)).text + (await call(anybody)).text
    pseudonym = await event_applicant(anybody)
    for hidden in (OFFICER, "Phòng Hộ tịch", "Minh Khai", pseudonym):
        assert hidden not in told


async def event_applicant(intake: Sender) -> str:
    intake.http.headers["Authorization"] = f"Bearer {KEY}"
    (logged, *_) = await intake.log()
    del intake.http.headers["Authorization"]
    return str(logged["event"]["data"]["applicant"])


async def test_the_promise_is_the_deadline_in_force_or_the_date_of_the_last_apology(anybody: Sender) -> None:
    later = [
        (cloud_event("supplemented", "2023-12-13T15:10"), "2023-12-19T14:41:00+07:00"),
        (
            cloud_event("apologised", "2023-12-19T15:00", reason="chậm", promised_at="2023-12-22T10:00:00+07:00"),
            "2023-12-22T10:00:00+07:00",
        ),
        (
            cloud_event("extended", "2023-12-20T15:00", legal_ground="Điều 5", due_at="2023-12-28T10:00:00+07:00"),
            "2023-12-28T10:00:00+07:00",
        ),
        (cloud_event("resolved", "2023-12-27T10:00"), None),
    ]
    for event, promised in later:
        anybody.http.headers["Authorization"] = f"Bearer {KEY}"
        assert (await anybody.bulk(event))["accepted"] == 1
        del anybody.http.headers["Authorization"]
        assert (await call(anybody)).json()["promised_at"] == promised
    body = (await call(anybody)).json()
    assert (body["text"], body["result_at"], body["missing"]) == (
        "The result is ready.",
        "2023-12-27T10:00:00+07:00",
        None,
    )


async def test_a_code_is_found_however_it_is_typed_and_by_either_form(anybody: Sender) -> None:
    for code in (" h59.15-231208-0001", "000.00.15.H59-231208-0001", "000.00.15.h59 - 231208 - 0001"):
        answer = await call(anybody, code, SECRET.lower().replace("-", " "))
        assert (answer.status_code, answer.json()["code"]) == (200, CODE)


async def test_whatever_is_wrong_is_answered_alike(anybody: Sender) -> None:
    voided, unknown = "H59.15-231208-0002", "H59.15-231208-0099"
    anybody.http.headers["Authorization"] = f"Bearer {KEY}"
    await anybody.bulk(received(voided), cloud_event("voided", "2023-12-08T10:00", voided, reason="nhập nhầm"))
    del anybody.http.headers["Authorization"]
    asked = [
        (CODE, WRONG),
        (unknown, SECRET),
        (unknown, slip_of(unknown, SLIPS).secret),
        (voided, slip_of(voided, SLIPS).secret),
        (voided, WRONG),
        ("nothing", "nothing"),
        ("", ""),
    ]
    for ask in (page, call):
        answers = [await ask(anybody, *each) for each in asked]
        assert {answer.status_code for answer in answers} == {404}
        bodies = {
            answer.text.replace(f'value="{code}"', 'value=""') for (code, _), answer in zip(asked, answers, strict=True)
        }
        assert len(bodies) == 1, "the same body, but for the code that was typed"
        headers = {tuple(sorted((dict(answer.headers) | OF_THE_REQUEST).items())) for answer in answers}
        assert len(headers) == 1, "the same headers"


async def test_wrong_codes_wrong_secrets_and_voided_dossiers_take_as_long(intake: Sender) -> None:
    voided = "H59.15-231208-0002"
    await intake.bulk(*DOSSIER, received(voided), cloud_event("voided", "2023-12-08T10:00", voided, reason="nhầm"))
    app = intake.http._transport.app  # type: ignore[attr-defined]
    asked = {"wrong secret": (CODE, WRONG), "voided": (voided, slip_of(voided, SLIPS).secret), "none": ("H59-1", "")}
    took: dict[str, list[float]] = {what: [] for what in asked}
    for _ in range(15):
        for what, each in asked.items():
            app.state.look_ups = LookUps(SLIPS, time.monotonic, answered_after_s=0.03)
            started = time.perf_counter()
            assert (await page(intake, *each)).status_code == 404
            took[what].append(time.perf_counter() - started)
    medians = {what: statistics.median(times) for what, times in took.items()}
    assert max(medians.values()) - min(medians.values()) < 0.005, medians


async def test_only_the_right_secret_reads_the_log() -> None:
    read: list[object] = []

    async def find(codes: object) -> LookUpAnswer | None:
        read.append(codes)
        return None

    look_ups = LookUps(SLIPS, time.monotonic, answered_after_s=0.0)
    for code, secret in ((CODE, WRONG), ("H59.15-231208-0099", SECRET), ("nothing", "")):
        assert await look_ups.ask("peer", code, secret, find) is None
    assert read == []
    await look_ups.ask("peer", CODE, SECRET, find)
    assert read == [(CODE, "000.00.15.H59-231208-0001")]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def nothing(_codes: object) -> None:
    return None


async def asks_until_refused(look_ups: LookUps, peers: Any, codes: Any, most: int = 1000) -> tuple[int, int]:
    """How many were answered, and after how many seconds to come again."""
    for number in range(most):
        try:
            await look_ups.ask(peers(number), codes(number), WRONG, nothing)
        except TooManyLookUps as many:
            return number, many.retry_after_s
    return most, 0


@pytest.mark.parametrize(
    ("peers", "codes", "answered", "wait_s"),
    [
        (lambda _: "one", lambda n: f"H59.15-231208-{n:04d}", 30, 2),
        (lambda n: f"peer {n}", lambda n: CODE if n % 2 else "000.00.15.h59-231208-0001", 20, 30),
        (lambda n: f"peer {n}", lambda n: f"H59.15-231208-{n:04d}", 500, 1),
    ],
    ids=["of one peer", "for one code, in either form", "in all"],
)
async def test_look_ups_are_limited(peers: Any, codes: Any, answered: int, wait_s: int) -> None:
    clock = Clock()
    look_ups = LookUps(SLIPS, clock, answered_after_s=0.0)
    assert await asks_until_refused(look_ups, peers, codes) == (answered, wait_s)
    clock.now += wait_s
    assert (await asks_until_refused(look_ups, peers, codes))[0] >= 1, "it was said when to come again"


async def test_what_is_remembered_of_callers_is_bounded() -> None:
    clock = Clock()
    look_ups = LookUps(SLIPS, clock, answered_after_s=0.0)
    for number in range(12_000):
        clock.now += 1
        await look_ups.ask(f"peer {number}", f"{number}{'x' * 100_000}", "", nothing)
    assert len(look_ups._peers._buckets) == 10_000
    assert max(len(str(key)) for key in look_ups._codes._buckets) <= 100


async def test_too_many_are_told_when_to_come_again(anybody: Sender) -> None:
    for _ in range(20):
        assert (await page(anybody, secret=WRONG)).status_code == 404
    shown, said = await page(anybody), await call(anybody)
    assert (shown.status_code, shown.headers["Retry-After"]) == (429, "30")
    assert "Hãy thử lại sau 30 giây" in shown.text
    assert (said.status_code, said.headers["Retry-After"], said.json()["code"]) == (429, "30", "too_many_requests")


async def test_the_page_is_kept_by_nobody_and_sends_nothing_on(anybody: Sender) -> None:
    for answer in (await anybody.http.get("/look-up"), await page(anybody), await page(anybody, secret=WRONG)):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert not {SECRET, SECRET.replace("-", "")} & set(re.split(r"[^A-Z0-9-]", answer.text))
    for file in re.findall(r'"(/look-up/static/[^"]+)"', (await anybody.http.get("/look-up")).text):
        assert (await anybody.http.get(file)).status_code == 200, file


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"[]", {"content-type": "application/json"}, 422),
        (b'{"code":"x"}', {"content-type": "application/json"}, 422),
        (b'{"code":"x","secret":1}', {"content-type": "application/json"}, 422),
        (b'{"code":"\xff","secret":""}', {"content-type": "application/json"}, 422),
        (b"[" * 2000, {"content-type": "application/json"}, 422),
        (b"x" * 3000, {"content-type": "application/json"}, 413),
        (b"{}", {"content-type": "text/plain"}, 415),
    ],
)
async def test_a_body_that_is_none_is_refused(
    anybody: Sender, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert (await anybody.http.post("/v1/look-up", content=body, headers=headers)).status_code == status


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"code=" + b"x" * 5000, b"&".join([b"a=1"] * 50), b"code=%zz"])
async def test_a_form_that_is_none_finds_nothing(anybody: Sender, body: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert (await anybody.http.post("/look-up", content=body, headers=headers)).status_code == 404


async def test_neither_secrets_nor_keys_get_into_a_log(
    start: Start, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    slip_key = "a key for slips alone"
    with structlog.testing.capture_logs() as lines:
        async with start(slip_key=slip_key, log_level="DEBUG") as intake:
            await intake.bulk(*DOSSIER)
            secret = slip_of(CODE, intake.service.settings.key_of_slips).grouped
            for given in (secret, WRONG, secret.lower()):
                await page(intake, secret=given)
                await call(intake, secret=given)
            assert (await intake.http.get(f"/v1/dossiers/{CODE}/forms/01")).status_code == 200
    written = f"{lines}{caplog.text}{capsys.readouterr()}".upper()
    for hidden in (secret, secret.replace("-", ""), WRONG, slip_key):
        assert hidden.upper() not in written


async def test_another_key_makes_every_slip_useless(start: Start) -> None:
    async with start(slip_key="the first key of slips") as intake:
        await intake.bulk(*DOSSIER)
        secret = slip_of(CODE, intake.service.settings.key_of_slips).secret
        assert (await call(intake, secret=secret)).status_code == 200
    async with start(slip_key="another key of slips") as intake:
        assert (await call(intake, secret=secret)).status_code == 404
