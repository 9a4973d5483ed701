"""What a caller that is bound to some departments is told of all others: 403, with what lies outside and the fix."""

from typing import Annotated

from fastapi import Depends, Request

from services.reporting.figures.query import FigureQuery
from services.reporting.figures.reach import EVERYWHERE, Reach, reach_of
from services.reporting.opening.tokens import TokenFigure
from shared.access.roles import NOTHING, RECEIVED_BY, Scope
from shared.service.problems import Problem

Said = tuple[str, str]  # in English and in Vietnamese
_ABOUT = "this is about", "câu hỏi này gồm"
_EVERY_DEPARTMENT = "every department", "mọi cơ quan"
_OTHER_KEY = "ask with a key for all departments", "hãy dùng khóa dành cho mọi cơ quan"


def scope_of(request: Request) -> Scope:
    """What the caller of the route is bound to; nothing where the route asked for no permission."""
    caller = getattr(request.state, "caller", None)
    return NOTHING if caller is None else caller.scope


async def _bound(request: Request) -> Scope:
    return scope_of(request)


Bound = Annotated[Scope, Depends(_bound)]
"""A route's parameter: what its caller is bound to."""


def check_question(scope: Scope, query: FigureQuery) -> None:
    """Refuse a question that can count a dossier outside."""
    reach = reach_of(query)
    if reach.is_within(scope):
        return
    named = Reach(query.filters.departments or None, query.filters.places or None)
    if named.is_within(scope):  # it is who they took over from that lies outside
        fix = (
            "ask with organised=then, or with a key for those too",
            "hãy hỏi với organised=then, hoặc dùng khóa dành cho cả các đơn vị đó",
        )
        taken_over = "as organised now this is about", "tính theo tổ chức hiện nay, câu hỏi này gồm"
        raise forbidden(scope, taken_over, _outside(reach, scope), fix)
    check_reach(scope, named)


def check_reach(scope: Scope, reach: Reach) -> None:
    """Refuse a question of these dossiers, asked by `department` and `received_by`."""
    if not reach.is_within(scope):
        raise forbidden(scope, _ABOUT, _outside(reach, scope), _narrowed(scope, whole=reach == EVERYWHERE))


def check_figure(scope: Scope, figure: TokenFigure) -> None:
    """Refuse a token by what it counts, whoever made it."""
    reach = reach_of(figure.query, figure.key)
    if not reach.is_within(scope):
        counts = "this number counts dossiers of", "con số này tính hồ sơ của"
        raise forbidden(scope, counts, _outside(reach, scope), _narrowed(scope, whole=False))


def check_list(scope: Scope, wanted: Scope) -> None:
    """Refuse a list of what stays within other bounds than the caller's."""
    if scope.is_everything or wanted | scope == scope:
        return
    if wanted.departments is None:
        raise forbidden(scope, _ABOUT, _EVERY_DEPARTMENT, _narrowed(scope, whole=True))
    departments = wanted.departments - (scope.departments or frozenset())
    outside = Reach(departments or None, wanted.received_by or None)
    raise forbidden(scope, _ABOUT, _outside(outside, scope), _narrowed(scope, whole=False))


def check_publication(scope: Scope, number: int, reach: Reach) -> None:
    """Refuse a publication whose question can count a dossier outside."""
    if not reach.is_within(scope):
        about = f"publication {number} is about", f"công bố số {number} gồm"
        filters = _filters(scope)
        lists = (
            f"GET /v1/publications?{filters} lists what you may read",
            f"GET /v1/publications?{filters} liệt kê những công bố bạn được xem",
        )
        raise forbidden(scope, about, _outside(reach, scope), lists)


def check_dossier(scope: Scope, code: str, department: str, received_by: str | None) -> None:
    """Refuse a dossier, by what it is now."""
    if not scope.covers(department, received_by):
        fix = f"ask with a key for {department} too", f"hãy dùng khóa dành cho cả {department}"
        raise forbidden(scope, (f"{code} is of", f"{code} thuộc"), (department, department), fix)


def forbidden(scope: Scope, subject: Said, outside: Said, fix: Said) -> Problem:
    """403: what the subject has to do with whom, what the caller is bound to, and what to do."""
    bounds = str(scope) or "-"
    english = f"{subject[0]} {outside[0]}, and your key is bound to {bounds}: {fix[0]}"
    vietnamese = f"{subject[1]} {outside[1]}, còn khóa của bạn chỉ dùng cho {bounds}: {fix[1]}"
    return Problem(403, "Forbidden", english, vietnamese=vietnamese)


def _outside(reach: Reach, scope: Scope) -> Said:
    """Of a reach that is not within the scope, whose dossiers are outside."""
    if reach.departments is not None and scope.departments is not None:
        departments = ", ".join(sorted(reach.departments - scope.departments))
        return departments, departments
    if reach.received_by is not None:
        units = ", ".join(sorted(reach.received_by - scope.received_by))
        return f"what {units} received", f"hồ sơ do {units} tiếp nhận"
    return _EVERY_DEPARTMENT


def _narrowed(scope: Scope, *, whole: bool) -> Said:
    """How to ask for what is inside; `whole` for a question without filters."""
    filters = _filters(scope)
    if not filters:
        return _OTHER_KEY
    return (f"add {filters}", f"hãy thêm {filters}") if whole else (f"ask for {filters}", f"hãy hỏi với {filters}")


def _filters(scope: Scope) -> str:
    """The parameters that keep a question inside: `department=H59.15`, or else those of places of receipt."""
    if scope.departments:
        return f"department={','.join(sorted(scope.departments))}"
    return f"{RECEIVED_BY.removesuffix(':')}={','.join(sorted(scope.received_by))}" if scope.received_by else ""
