"""Events as they travel: one envelope of every kind with every field filled in,
and the CloudEvent of any domain event."""

from typing import Any

import msgspec

from shared.contract.envelope import event_type
from shared.domain.lifecycle import EventKind
from tests.builders.events import Dated

DUE = "2023-12-15T08:31:00+07:00"
_ABOUT = {
    "department": "H59.15",
    "procedure": "2.000635",
    "channel": "online",
    "online_level": "full",
    "applicant": "k-7f3a",
}

FULL_DATA: dict[EventKind, dict[str, Any]] = {
    EventKind.SUBMITTED: _ABOUT,
    EventKind.RECEIVED: _ABOUT | {"due_at": DUE, "term": {"amount": 5, "unit": "working_days"}},
    EventKind.DECLINED: {"reason": "thành phần hồ sơ không đúng"},
    EventKind.PROCESSING_STARTED: {"unit": "Phòng Đăng ký kinh doanh", "officer": "o-12"},
    EventKind.SUPPLEMENT_REQUESTED: {"missing": "bản sao giấy khai sinh"},
    EventKind.SUPPLEMENTED: {"due_at": DUE},
    EventKind.PAYMENT_REQUESTED: {"amount_vnd": 50_000},
    EventKind.PAYMENT_SETTLED: {"amount_vnd": 50_000, "paid_online": True, "due_at": DUE},
    EventKind.EXTENDED: {"due_at": DUE, "legal_ground": "khoản 3 Điều 15"},
    EventKind.APOLOGISED: {"reason": "chờ ý kiến liên ngành", "promised_at": DUE},
    EventKind.FORWARDED: {"agency": "H59.16", "due_at": DUE},
    EventKind.FORWARD_ANSWERED: {"agency": "H59.16"},
    EventKind.WITHDRAWN: {"reason": "công dân đề nghị rút", "due_at": DUE},
    EventKind.STOPPED: {"reason": "hết thời hạn bổ sung", "due_at": DUE},
    EventKind.RESOLVED: {"outcome": "granted", "electronic_result": True, "due_at": DUE},
    EventKind.RETURNED: {"channel": "postal"},
    EventKind.RATED: {"score": 5},
    EventKind.FEE_PAID: {"amount_vnd": 50_000, "paid_online": True},
    EventKind.CORRECTED: {"field": "channel", "old_value": "online", "new_value": "postal", "reason": "nhập nhầm"},
}


def cloud_event(kind: EventKind, **changes: Any) -> dict[str, Any]:
    """A whole event as intake publishes it."""
    return {
        "specversion": "1.0",
        "id": f"01JGX5-{kind.value}",
        "source": "/centres/tra-vinh/counters/07",
        "type": event_type(kind.value),
        "subject": "H59.15-231208-0001",
        "time": "2023-12-08T08:31:00+07:00",
        "datacontenttype": "application/json",
        "sequence": 1,
        "recordedtime": "2023-12-08T08:31:02+07:00",
        "data": FULL_DATA[kind],
    } | changes


def envelope_of(kind: EventKind, **changes: Any) -> bytes:
    return msgspec.json.encode(cloud_event(kind, **changes))


def travelling(code: str, event: Dated) -> dict[str, Any]:
    """The CloudEvent of a domain event, as a dict."""
    data = msgspec.to_builtins(event.event)
    return {"subject": code, "type": event_type(event.kind.value), "time": event.occurred_at.isoformat(), "data": data}
