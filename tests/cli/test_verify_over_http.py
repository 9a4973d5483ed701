"""`motcua verify` over real HTTP: it waits for services that lag, names what differs, and says when all agrees."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from motcua.cli import main
from motcua.verify.questions import row_of
from motcua.verify.recount import Recount, dated, figures_by_row, shares_of, total_of
from shared.auditing.entries import ITSELF, Act, AuditEntry, ChainHead, digest_of, ranges, sealed_entry
from shared.auditing.log_seals import event_in
from shared.contract.http.figures import DossierList, ListedDossier
from shared.contract.status import status_of
from shared.domain.columns import KEYS
from shared.domain.dossier import Dossier
from shared.domain.localtime import LOCAL
from shared.domain.terms import counts_hours
from shared.domain.timeliness import DEFINITIONS
from tests.cli.events import code, year
from tests.cli.recording_intake import serving

Answer = Callable[["HeldServices", dict[str, str]], bytes]
encode = msgspec.json.encode
FIELD = "Công chứng"
LISTED = re.compile(r"/v1/figures/(?P<token>[^/]+)/dossiers")
WORKER = re.compile(r"/(?P<worker>[01])/v1/ledger")


@dataclass
class HeldServices:
    """The three services at one address, all made from one log;
    in `lag` looks at how far reporting is it lacks a dossier's events still. `gone` are dossiers that its model lost.

    `planted` are wrong values in snapshots, `shifted` what is added to a figure, `hidden` dossiers that no list has.
    Processing is also there as two workers below /0 and /1; the dossiers in `on_both` are held by each. `inconsistent`
    is what reporting tells about its own read model, `log_inconsistent` what intake tells about its log.
    """

    log: list[bytes]
    planted: dict[str, dict[str, Any]] = field(default_factory=dict)
    lag: int = 0
    gone: frozenset[str] = frozenset()
    looks: int = 0  # at how far reporting is
    shifted: dict[str, int] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    on_both: frozenset[str] = frozenset()
    inconsistent: tuple[dict[str, Any], ...] = ({"dossiers": 30, "sums": 90, "differences": 0},)
    log_inconsistent: tuple[dict[str, Any], ...] = ({"events": 120, "dossiers": 30, "differences": 0},)
    queries: list[dict[str, str]] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    audited: list[bytes] | None = None  # the log that the audit is of, where it was another one
    may_audit: bool = True
    outlived: int = 0  # the first lists are asked for with tokens of a model that was made anew meanwhile

    def known(self, at: str | None) -> Recount:
        """The recount of what was recorded by the instant."""
        found = Recount()
        for each in self.log:
            if at is None or datetime.fromisoformat(recorded(each)) <= datetime.fromisoformat(at):
                found.take(each)
        return found

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        status, body = 200, self.answer(scope["path"], query)
        if self.outlived and LISTED.fullmatch(scope["path"]):
            self.outlived, status, body = self.outlived - 1, 410, encode({"detail": "ask for the figures again"})
        if scope["path"] == "/v1/audit" and not self.may_audit:
            status, body = 403, encode({"detail": "this key may not read the audit"})
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-length", str(len(body)).encode())]}
        )
        await send({"type": "http.response.body", "body": body})

    def answer(self, path: str, query: dict[str, str]) -> bytes:
        if listed := LISTED.fullmatch(path):
            return _list(self, listed["token"], query)
        if of_worker := WORKER.fullmatch(path):
            return b"\n".join(
                encode(each) for each in self.snapshots() if self._worker_of(each.code) in {of_worker["worker"], "both"}
            )
        return ANSWERS[path](self, query)

    def _worker_of(self, code: str) -> str:
        return "both" if code in self.on_both else str(int(code[-1]) % 2)

    def snapshots(self) -> list[Any]:
        dossiers = self.known(None).dossiers.values()
        held = [
            status_of(each, version=each.sequence, recordedtime=each.last_occurred_at, alerted={}) for each in dossiers
        ]
        return [msgspec.structs.replace(each, **self.planted.get(each.code, {})) for each in held]


def recorded(line: bytes) -> str:
    return str(msgspec.json.decode(line)["event"]["recordedtime"])


def _log(services: HeldServices, query: dict[str, str]) -> bytes:
    after = int(query["after"])
    return b"\n".join(services.log[after : after + int(query["limit"])])


def _head(services: HeldServices, _query: dict[str, str]) -> bytes:
    count = len(services.log)
    return encode({"position": count, "events": count, "relayed": count})


def _ledger(services: HeldServices, _query: dict[str, str]) -> bytes:
    return b"\n".join(map(encode, services.snapshots()))


def _dossiers(services: HeldServices, _query: dict[str, str]) -> bytes:
    held = services.snapshots()[: -1 if services.lag else None]
    return b"\n".join(encode(each) for each in held if each.code not in services.gone)


def _read(services: HeldServices, _query: dict[str, str]) -> bytes:
    services.looks += 1
    lacking = services.snapshots()[-1].sequence if services.lag else 0
    services.lag = max(0, services.lag - 1)
    events = len(services.log) - lacking
    return encode({"events": events, "log_events": events})


def _counted(services: HeldServices, query: dict[str, str], dossiers: list[Any] | None = None) -> dict[str, Any]:
    first, last = (date.fromisoformat(query[name]) for name in ("from", "to"))
    known = services.known(query.get("as_known_at")).dossiers.values() if dossiers is None else dossiers
    by = tuple(query["by"].split(","))
    return dict(
        figures_by_row(dated(known), first, last, DEFINITIONS[query["definition"]], row_of(by, {"2.000635": FIELD}))
    )


def _figures(services: HeldServices, query: dict[str, str]) -> bytes:
    services.queries.append(query)
    by = query["by"].split(",")
    rows = _counted(services, query)
    places = ["total", *(f"rows.{number}" for number in range(len(rows)))]
    total: dict[str, Any] = {name: count + services.shifted.get(name, 0) for name, count in total_of(rows).items()}
    answer = {
        **{name: query[name] for name in ("from", "to", "definition")},
        "as_of": "2023-12-31T23:59:00+07:00",
        "as_known_at": query.get("as_known_at"),
        "by": by,
        "identities": [],
        "total": total | shares_of(total_of(rows)),
        "rows": [
            {"key": dict(zip(by, name.split(", "), strict=True)), **row, **shares_of(row)} for name, row in rows.items()
        ],
        "tokens": {f"{place}.{column}": _token(place, column, query) for place in places for column in KEYS},
    }
    return encode(answer)


def _token(place: str, column: str, query: dict[str, str]) -> str:
    return encode({**query, "place": place, "column": column}).hex()


def _list(services: HeldServices, token: str, query: dict[str, str]) -> bytes:
    """The dossiers that are 1 in the figure when counted alone, in pages."""
    opened_query = msgspec.json.decode(bytes.fromhex(token))
    services.opened.append(f"{opened_query['place']}.{opened_query['column']}")
    found = [
        _listed(each)
        for each in services.known(opened_query.get("as_known_at")).dossiers.values()
        if any(row[opened_query["column"]] for row in _counted(services, opened_query, [each]).values())
        and each.code not in services.hidden
    ]
    start, limit = int(query.get("cursor", "0")), int(query["limit"])
    end = start + limit
    return encode(
        DossierList(
            figure=opened_query["column"],
            first=date.fromisoformat(opened_query["from"]),
            last=date.fromisoformat(opened_query["to"]),
            definition=opened_query["definition"],
            as_of=datetime(2023, 12, 31, 23, 59, tzinfo=LOCAL),
            as_known_at=None,
            key={},
            dossiers=found[start:end],
            cursor=str(end) if end < len(found) else None,
        )
    )


def _listed(dossier: Dossier) -> ListedDossier:
    own = {name: getattr(dossier, name) for name in ListedDossier.__struct_fields__ if hasattr(dossier, name)}
    del own["received_by"]  # no dossier of this office was received elsewhere
    return ListedDossier(**own, in_hours=counts_hours(dossier.term), timeliness="within")


def _consistency(services: HeldServices, _query: dict[str, str]) -> bytes:
    return b"\n".join(map(encode, services.inconsistent))


def _audit(services: HeldServices, query: dict[str, str]) -> bytes:
    """Ten events an entry, every second one by two callers in turns; the audit is of the log as it was first."""
    at = datetime(2023, 12, 9, tzinfo=LOCAL)
    begun = sealed_entry(AuditEntry(Act.AUDIT_BEGUN), ITSELF, "intake", ChainHead(), at)
    head, lines = ChainHead(1, begun.sha256), [begun.body]
    logged = services.audited if services.audited is not None else services.log
    for first in range(0, len(logged), 10):
        part = list(enumerate(logged[first : first + 10], first + 1))
        for events in (part[::2], part[1::2]) if first % 20 else (part,):
            details = {
                "positions": ranges([position for position, _ in events]),
                "events": len(events),
                "events_sha256": digest_of([event_in(line) for _, line in events]),
            }
            entry = AuditEntry(Act.EVENTS_ACCEPTED, details=details)
            seal = sealed_entry(entry, ITSELF, "intake", head, at)
            head = ChainHead(head.number + 1, seal.sha256)
            lines.append(seal.body)
    return b"\n".join(lines[int(query.get("cursor", 0)) :])


ANSWERS: dict[str, Answer] = {
    "/v1/audit": _audit,
    "/v1/log": _log,
    "/v1/log/head": _head,
    "/v1/ledger": _ledger,
    "/v1/dossiers": _dossiers,
    "/v1/dossiers/head": _read,
    "/v1/figures": _figures,
    "/v1/consistency": _consistency,
    "/v1/log/consistency": lambda services, _query: b"\n".join(map(encode, services.log_inconsistent)),
}


def a_log(dossiers: int) -> list[bytes]:
    """Recorded one event a minute."""
    events = (msgspec.json.decode(each) for each in year(dossiers))
    begin = datetime(2023, 12, 9, 8, tzinfo=LOCAL)
    return [
        encode(
            {
                "position": position,
                "event": event
                | {
                    "sequence": int(event["id"].rpartition("/")[2]) + 1,
                    "recordedtime": begin + timedelta(minutes=position),
                },
            }
        )
        for position, event in enumerate(events, 1)
    ]


def verify(
    monkeypatch: pytest.MonkeyPatch, services: HeldServices, *options: str, workers: tuple[str, ...] = ("",)
) -> int:
    with serving(services) as url:
        addresses = ["--intake", url, "--reporting", url, "--key", "the-key", "--wait", "5", "--seed", "7"]
        addresses += [word for path in workers for word in ("--processing", f"{url}{path}")]
        monkeypatch.setattr(sys, "argv", ["motcua", "verify", *addresses, *options])
        with pytest.raises(SystemExit) as ended:
            main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def output(capsys: pytest.CaptureFixture[str]) -> str:
    """What it printed, its lines of 80 columns joined again."""
    printed = capsys.readouterr().out
    assert max(len(each) for each in printed.splitlines()) <= 80
    return printed.replace("\n  ", " ")


COMPARED = "120 events, 30 dossiers, 1,156 figures compared, the log with 18 entries of the audit (seed 7)"


def test_when_all_agrees_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(monkeypatch, HeldServices(a_log(30))) == 0
    assert output(capsys) == f"no difference: {COMPARED}\n"


def test_a_log_that_was_changed_behind_the_audits_back_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The event is the same to every rule, and other bytes than those that were accepted."""
    log = a_log(30)
    changed = [
        line.replace(b'"source":"', b'"source":"/another') if number == 36 else line for number, line in enumerate(log)
    ]
    assert verify(monkeypatch, HeldServices(changed, audited=log)) == 1
    assert "positions 31 to 39: the log disagrees with the audit: not what entry 6 of the audit says was logged" in (
        output(capsys)
    )


def test_events_that_no_entry_has_and_entries_without_their_events_are_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = a_log(30)
    assert verify(monkeypatch, HeldServices(log, audited=log[:-3])) == 1
    assert "positions 118 to 120: the log disagrees with the audit: no entry of the audit has them" in output(capsys)
    assert verify(monkeypatch, HeldServices(log[:-3], audited=log)) == 1
    said = output(capsys)
    assert "positions 111 to 119: the log disagrees with the audit: 1 event is not there that entry 18 of the" in said
    assert "positions 112 to 120: the log disagrees with the audit: 2 events are not there that entry 19 of the" in said


def test_a_key_that_may_not_read_the_audit_compares_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(monkeypatch, HeldServices(a_log(30), may_audit=False)) == 0
    assert "compared, the log not with the audit, which this key may not read (seed 7)" in output(capsys)


SUM = {
    "span": "2023-12-08",
    "department": "H59.15",
    "procedure": None,
    "channel": "online",
    "measure": "received",
    "definition": None,
}


def test_what_reporting_finds_wrong_in_its_read_model_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told_of = (
        {"about": code(5), "detail": "counted otherwise (closed_day)"},
        {"looked_at": 30, "of": 120},
        {"about": SUM | {"off_by": 1}, "detail": "says 31, its dossiers make 30"},
        {"dossiers": 30, "sums": 90, "differences": 2},
    )
    assert verify(monkeypatch, HeldServices(a_log(30), inconsistent=told_of)) == 1
    assert output(capsys).splitlines() == [
        f"{code(5)}: reporting, beside its own snapshot: counted otherwise (closed_day)",
        "sum of 2023-12-08, H59.15, online, received: reporting says 31, its dossiers make 30",
        f"2 differences: {COMPARED}",
    ]


def test_what_intake_finds_wrong_beside_its_events_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told_of = (
        {"about": code(5), "detail": "the table dossiers says department H59.02, the log H59.15"},
        {"looked_at": 120, "of": 120},
        {"events": 120, "dossiers": 30, "differences": 1},
    )
    assert verify(monkeypatch, HeldServices(a_log(30), log_inconsistent=told_of)) == 1
    assert output(capsys).splitlines() == [
        f"{code(5)}: intake, beside the events themselves: the table dossiers says department H59.02, the log H59.15",
        f"1 difference: {COMPARED}",
    ]
    assert verify(monkeypatch, HeldServices(a_log(30), log_inconsistent=())) == 2, "a look that broke off"


@pytest.mark.parametrize(
    "lines", [(), ({"looked_at": 30, "of": 120},), ({"about": code(5), "detail": "counted otherwise"},)]
)
def test_a_look_at_the_read_model_that_breaks_off_is_no_agreement(
    monkeypatch: pytest.MonkeyPatch, lines: tuple[dict[str, Any], ...]
) -> None:
    assert verify(monkeypatch, HeldServices(a_log(30), inconsistent=lines)) == 2


def test_days_periods_procedures_and_channels_are_drawn_too(monkeypatch: pytest.MonkeyPatch) -> None:
    services, again, other = (HeldServices(a_log(30)) for _ in range(3))
    assert [verify(monkeypatch, services), verify(monkeypatch, again), verify(monkeypatch, other, "--seed", "8")] == [
        0,
        0,
        0,
    ]
    assert {query["by"] for query in services.queries} == {
        "department",
        "procedure",
        "channel,field",
        "department,received_by",
        "field,procedure",
    }
    assert services.queries == again.queries != other.queries


def test_an_empty_log_agrees_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(monkeypatch, HeldServices([])) == 0
    assert output(capsys) == (
        "no difference: 0 events, 0 dossiers, 0 figures compared, the log with 0 entries of the audit (seed 7)\n"
    )


def test_every_definition_is_asked_for_and_a_past_instant_too(monkeypatch: pytest.MonkeyPatch) -> None:
    services = HeldServices(a_log(30))
    assert verify(monkeypatch, services) == 0
    assert {query["definition"] for query in services.queries} == set(DEFINITIONS)
    assert {query.get("as_known_at") for query in services.queries} == {None, "2023-12-09T08:59:59.999999+07:00"}


def test_a_sample_of_the_figures_that_agree_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    services = HeldServices(a_log(30))
    assert verify(monkeypatch, services, "--sample", "12") == 0
    assert len(services.opened) == 12


def test_a_seed_draws_the_same_sample_again(monkeypatch: pytest.MonkeyPatch) -> None:
    services, again = HeldServices(a_log(30)), HeldServices(a_log(30))
    assert (verify(monkeypatch, services), verify(monkeypatch, again)) == (0, 0)
    assert services.opened == again.opened


def test_a_list_that_is_not_its_figure_is_found_and_the_dossier_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(monkeypatch, HeldServices(a_log(30), hidden=frozenset({code(3)}))) == 1
    assert f"says 30 as the log does, but its list holds 29; its list lacks {code(3)}" in output(capsys)


def test_a_figure_that_is_not_the_logs_is_opened_and_its_list_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(monkeypatch, HeldServices(a_log(30), shifted={"resolved_total": 2})) == 1
    said = "2023-12-08..2023-12-08, total, resolved_total: reporting says 32, the log counts 30; its list holds 30\n"
    assert said in output(capsys)


def test_a_service_that_lags_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    services = HeldServices(a_log(30), lag=3)
    assert verify(monkeypatch, services) == 0
    assert services.lag == 0


def test_a_read_model_that_is_made_anew_meanwhile_is_compared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    services = HeldServices(a_log(30), outlived=2)
    assert verify(monkeypatch, services) == 0
    assert services.outlived == 0


def test_one_that_is_made_anew_for_ever_is_no_agreement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(monkeypatch, HeldServices(a_log(30), outlived=1000)) == 2
    assert "a comparison needs a pause" in capsys.readouterr().err


def test_a_service_that_stays_behind_is_a_difference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(monkeypatch, HeldServices(a_log(30), lag=1000), "--wait", "0.2") == 1
    assert f"{code(29)}: reporting does not hold it" in output(capsys)


def test_a_dossier_that_the_read_model_lost_is_named_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    services = HeldServices(a_log(30), gone=frozenset({code(3)}))
    assert verify(monkeypatch, services) == 1
    assert f"{code(3)}: reporting does not hold it" in output(capsys)
    assert services.looks == 1, "what reporting had read already was waited for"


def test_several_workers_hold_a_part_each(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verify(monkeypatch, HeldServices(a_log(30)), workers=("/0", "/1")) == 0


def test_a_worker_that_is_not_named_is_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(monkeypatch, HeldServices(a_log(30)), "--wait", "0", workers=("/0",)) == 1
    assert f"{code(1)}: processing does not hold it" in output(capsys)


def test_a_dossier_on_two_workers_is_a_difference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(monkeypatch, HeldServices(a_log(30), on_both=frozenset({code(4)})), workers=("/0", "/1")) == 1
    assert f"{code(4)}: processing holds it more than once\n1 difference: {COMPARED}\n" == output(capsys)


def test_the_first_differences_are_named_and_the_rest_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = {code(number): {"state": "stopped"} for number in range(15)}
    assert verify(monkeypatch, HeldServices(a_log(30), planted)) == 1
    lines = output(capsys).splitlines()
    assert lines[0] == f"{code(0)}: processing says state stopped, the log returned"
    assert lines[20] == "... and 10 more"
    assert lines[21] == f"15 dossiers at fault: {', '.join(planted)}"
    assert lines[22:] == [f"30 differences: {COMPARED}"]
