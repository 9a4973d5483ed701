"""What a role may do, and where: the one table that every service decides by (contract §6)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.errors import Refusal

EVERYWHERE = "*"
RECEIVED_BY = "received_by:"


class Role(StrEnum):
    COUNTER = "counter"
    OFFICER = "officer"
    COMPILER = "compiler"
    OPERATOR = "operator"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a route may ask for."""

    READ_CATALOGUE = "read the catalogue"
    POST_EVENTS = "post events"
    READ_DOSSIERS = "read dossiers"
    READ_APPLICANTS = "read who applied"
    ERASE_APPLICANTS = "erase an applicant"
    ANNOUNCE = "announce days off"
    READ_LOG = "read the event log"
    READ_FIGURES = "read figures"
    PUBLISH = "publish figures"
    ANSWER_FOLLOW_UPS = "answer a follow-up"
    CHECK_REPORTS = "check a report"
    REBUILD = "rebuild the read model"
    READ_METRICS = "read metrics"
    READ_AUDIT = "read the audit"


_P = Permission
IN_VIETNAMESE: Mapping[Permission, str] = {
    _P.READ_CATALOGUE: "xem danh mục",
    _P.POST_EVENTS: "ghi nhận hồ sơ",
    _P.READ_DOSSIERS: "xem hồ sơ",
    _P.READ_APPLICANTS: "xem người nộp hồ sơ",
    _P.ERASE_APPLICANTS: "xóa thông tin người nộp",
    _P.ANNOUNCE: "thông báo ngày nghỉ",
    _P.READ_LOG: "đọc nhật ký sự kiện",
    _P.READ_FIGURES: "xem số liệu",
    _P.PUBLISH: "công bố số liệu",
    _P.ANSWER_FOLLOW_UPS: "trả lời đôn đốc",
    _P.CHECK_REPORTS: "kiểm tra báo cáo",
    _P.REBUILD: "lập lại số liệu từ nhật ký",
    _P.READ_METRICS: "xem chỉ số vận hành",
    _P.READ_AUDIT: "xem nhật ký truy vết",
}
"""What a permission is called in Vietnamese; in English it is called by its value."""
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.COUNTER: frozenset({_P.READ_CATALOGUE, _P.POST_EVENTS, _P.READ_DOSSIERS, _P.READ_APPLICANTS}),
    Role.OFFICER: frozenset(
        {_P.READ_CATALOGUE, _P.POST_EVENTS, _P.READ_DOSSIERS, _P.READ_FIGURES, _P.ANSWER_FOLLOW_UPS}
    ),
    Role.COMPILER: frozenset({_P.READ_CATALOGUE, _P.READ_DOSSIERS, _P.READ_FIGURES, _P.PUBLISH, _P.CHECK_REPORTS}),
    Role.OPERATOR: frozenset(
        {_P.READ_CATALOGUE, _P.READ_DOSSIERS, _P.READ_FIGURES, _P.READ_LOG, _P.REBUILD, _P.READ_METRICS}
    ),
    Role.ADMIN: frozenset(Permission),
}

# what is about all departments at once, so that a role within some of them does not reach it
INDIVISIBLE = frozenset({_P.ANNOUNCE, _P.READ_LOG, _P.REBUILD, _P.READ_METRICS, _P.READ_AUDIT})


@dataclass(frozen=True, slots=True)
class Scope:
    """The dossiers that somebody may see or change: those of some departments, and those that some units received.

    `None` stands for every department.
    """

    departments: frozenset[str] | None = frozenset()
    received_by: frozenset[str] = frozenset()

    @property
    def is_everything(self) -> bool:
        return self.departments is None

    @property
    def is_nothing(self) -> bool:
        return self.departments is not None and not self.departments and not self.received_by

    def covers(self, department: str, received_by: str | None = None) -> bool:
        """Whether a dossier of this department, received by this unit (the department when None), is inside."""
        if self.departments is None or department in self.departments:
            return True
        return (received_by or department) in self.received_by

    def __or__(self, other: "Scope") -> "Scope":
        if self.departments is None or other.departments is None:
            return EVERYTHING
        return Scope(self.departments | other.departments, self.received_by | other.received_by)

    def __str__(self) -> str:
        if self.departments is None:
            return EVERYWHERE
        return ",".join([*sorted(self.departments), *(RECEIVED_BY + unit for unit in sorted(self.received_by))])


EVERYTHING = Scope(None)
NOTHING = Scope()


class InvalidGrant(Refusal):
    code = "invalid_grant"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role within a scope, written `counter@H59.15,received_by:H59.01`, or `admin@*` for all departments."""

    role: Role
    scope: Scope

    @classmethod
    def parse(cls, text: str) -> "Grant":
        """The grant that the text says; raises InvalidGrant, which says how one is written."""
        name, _, where = text.strip().partition("@")
        places = [place.strip() for place in where.split(",") if place.strip()]
        if name not in set(Role) or not places:
            roles = ", ".join(Role)
            raise InvalidGrant(
                f"{text!r} is no grant: write ROLE@DEPARTMENT,DEPARTMENT or ROLE@* (roles: {roles}; "
                f"{RECEIVED_BY}UNIT for what a unit received)"
            )
        if EVERYWHERE in places:
            return cls(Role(name), EVERYTHING)
        received_by = frozenset(place.removeprefix(RECEIVED_BY) for place in places if place.startswith(RECEIVED_BY))
        return cls(Role(name), Scope(frozenset(places) - {RECEIVED_BY + unit for unit in received_by}, received_by))

    def __str__(self) -> str:
        return f"{self.role}@{self.scope}"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: a key or a person, with what was granted to it. `name` is what the audit says."""

    id: str
    name: str
    grants: tuple[Grant, ...]
    expires_at: datetime | None = None

    def scope_of(self, permission: Permission) -> Scope:
        """Where the permission holds; NOTHING for nowhere."""
        return _together(grant.scope for grant in self.grants if permission in PERMISSIONS[grant.role])


def _together(scopes: Iterable[Scope]) -> Scope:
    together = NOTHING
    for scope in scopes:
        together |= scope
    return together
