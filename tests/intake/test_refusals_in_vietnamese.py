"""Who asks for Vietnamese is refused in Vietnamese, in whole sentences of it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.intake.accepting import refusals
from services.intake.accepting.refusals import HINTS, Forbidden, Malformed, Wrong, wrong_field
from services.intake.http import in_vietnamese
from shared.access.roles import IN_VIETNAMESE, Permission
from shared.domain import errors
from shared.domain.errors import Refusal
from tests.access.made_keys import bearer, make_key
from tests.intake.conftest import Start
from tests.intake.sending import CODE, Sender, cloud_event, received

VIETNAMESE = {"Accept-Language": "vi"}
NEW = {"department": "H59.15", "procedure": "2.000635", "channel": "postal", "received_at": "2023-12-08T08:31:00+07:00"}
# what a sentence of a program's language may hold: names of fields, values, codes, paths, headers
AS_IT_IS = re.compile(
    r"`[^`]*`|'[^']*'|\"[^\"]*\"|\([A-Za-z_]+\)|GET /\S+|/docs|/v1/\S+|[a-z]+(?:[._][a-z_]+)+|T\d\d\S*|\{.*\}"
)
ENGLISH = re.compile(
    r"\b(is|are|not|write|choose|send|ask|of|its|or|the|this|key|may|within|only|read|written|such|leave)\b"
)


def refusals_of(module: Any) -> Iterator[type[Refusal]]:
    for found in vars(module).values():
        if isinstance(found, type) and issubclass(found, Refusal) and found is not Refusal:
            yield found


def in_words(answer: httpx.Response) -> str:
    """The sentence, which is wholly Vietnamese."""
    detail: str = answer.json()["detail"]
    left = AS_IT_IS.sub(" ", detail)
    assert ENGLISH.search(left) is None, detail
    assert not detail.isascii(), detail
    return detail


def test_every_refusal_permission_and_field_has_its_words() -> None:
    codes = {found.code for module in (refusals, errors) for found in refusals_of(module)}
    assert codes - {Malformed.code, Forbidden.code} == set(in_vietnamese.SENTENCES)
    assert set(in_vietnamese._WRONG) == set(Wrong)
    assert set(IN_VIETNAMESE) == set(Permission)
    assert not any(name.isascii() for name in IN_VIETNAMESE.values())
    without = {"data", "data.x", "data.field", "data.deadlines", "data.acceptance_due_at", "data.channel_class"}
    fields = {field.removeprefix("data.") for field in HINTS.keys() - without}
    assert fields <= set(in_vietnamese._FIXES)


@pytest.mark.parametrize("what", Wrong)
def test_what_is_wrong_is_told_apart_from_its_words(what: Wrong, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the English sentence becomes, the Vietnamese one stays."""
    refused = wrong_field("data.score", what, value="'9'")
    before = in_vietnamese.in_vietnamese(refused, "score")
    assert before.startswith(f"score: '9' {in_vietnamese._WRONG[what]}; ")
    monkeypatch.setattr(refused, "detail", "other words")
    assert in_vietnamese.in_vietnamese(refused, "score") == before


async def test_who_may_not_is_told_so_in_vietnamese(start: Start, tmp_path: Path) -> None:
    async with start(access_dir=tmp_path) as intake:
        for key, status, said in (
            ({}, 401, "hãy gửi kèm khóa API"),
            ({"Authorization": "Bearer none"}, 401, "không có khóa này"),
            (bearer(make_key(tmp_path, "counter@H59.15")), 403, "không có quyền đọc nhật ký sự kiện"),
            (
                bearer(make_key(tmp_path, "operator@H59.15")),
                403,
                "chỉ có quyền đọc nhật ký sự kiện trong phạm vi H59.15",
            ),
        ):
            headers = {**VIETNAMESE, "Authorization": "", **key}
            if not key:
                del headers["Authorization"]
            client = httpx.AsyncClient(transport=intake.http._transport, base_url="http://intake")
            async with client:
                answer = await client.get("/v1/log", headers=headers)
            assert (answer.status_code, said in in_words(answer)) == (status, True), answer.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_refused_receipt_or_event_says_what_to_do_in_vietnamese(intake: Sender) -> None:
    await intake.bulk(received())
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"procedure": "x"}, "procedure: viết chưa đúng"),
        ({"department": ""}, "department"),
        ({"department": "H59.999"}, "department: cơ quan không có trong danh mục"),
        ({"channel": "smoke"}, "channel"),
        ({"received_at": "yesterday"}, "received_at: "),
        ({"received_at": "2023-12-08T08:31:00"}, "received_at: hãy ghi thời điểm kèm múi giờ"),
        ({"due_at": "2023-12-01T08:31:00+07:00"}, "due_at: hạn trả trước lúc tiếp nhận"),
        ({"nonsense": 1}, "nonsense: không phải trường được nhận ở đây"),
        ({"online_level": "full"}, "online_level: chỉ hồ sơ nộp trực tuyến"),
        ({"applicant": {}}, "applicant: "),
        ({"applicant": {"name": "Hoa", "birthday": "x"}}, "applicant.birthday: "),
        ({"code": "x"}, "code: "),
        ({"follows": "x"}, "follows: "),
    ]  # fmt: skip
    for changed, said in wrong:
        answer = await intake.http.post("/v1/dossiers", json=NEW | changed, headers=VIETNAMESE)
        assert answer.status_code == 422, answer.text
        assert in_words(answer).startswith(said), answer.text
        english = await intake.http.post("/v1/dossiers", json=NEW | changed)
        assert english.json()["detail"].isascii()
        assert english.json()["field"] == answer.json()["field"]
    events: list[tuple[dict[str, Any], str]] = [
        ({"event": "nonsense"}, "event: không phải sự kiện của hồ sơ"),
        ({}, "event: chưa có"),
        ({"event": "rated", "score": 9}, "score: quá lớn; hãy ghi số nguyên từ 1 đến 5"),
        ({"event": "rated", "score": "5"}, "score: là một đoạn chữ; hãy ghi số nguyên từ 1 đến 5"),
        ({"event": "rated"}, "score: chưa có; hãy ghi số nguyên từ 1 đến 5"),
        ({"event": "suspended"}, "ground: chưa có; hãy ghi một đoạn chữ"),
        ({"event": "assigned", "unit": "gọi 0912345678"}, "unit: có dữ liệu cho biết một người là ai"),
        ({"event": "assigned", "officer": "o-1", "y": 1}, "y: không phải trường được nhận ở đây"),
        ({"event": "resumed"}, "event: trạng thái hiện nay của hồ sơ không cho phép sự kiện này; được phép: "),
        ({"event": "resolved", "occurred_at": "2023-12-01T08:00:00+07:00"}, "occurred_at: thời điểm này trước"),
        ({"event": "resolved", "occurred_at": "2999-12-01T08:00:00+07:00"}, "occurred_at: "),
    ]  # fmt: skip
    for event, said in events:
        answer = await intake.http.post(f"/v1/dossiers/{CODE}/events", json=event, headers=VIETNAMESE)
        assert answer.status_code in (409, 422), answer.text
        assert in_words(answer).startswith(said), answer.text
    for body in (b"{", b"[]", b"\xff"):
        headers = VIETNAMESE | {"content-type": "application/json"}
        in_words(await intake.http.post("/v1/dossiers", content=body, headers=headers))
    whole = await intake.http.post(
        f"/v1/dossiers/{CODE}/events",
        json=cloud_event("resolved", "2023-12-12T08:00", specversion="2") | {"specversion": "2"},
        headers=VIETNAMESE,
    )
    assert in_words(whole).startswith("data.specversion: "), whole.text
