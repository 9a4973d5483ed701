"""`GET /v1/audit`: the entries of a service's audit, byte for byte, for who may read the audit of everything."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query, Request

from shared.access.roles import Permission
from shared.auditing.entries import Act, AuditEntry
from shared.contract.http import answered_lines
from shared.contract.http.audit import AuditLine
from shared.service.access import requires
from shared.service.audit import Audit, AuditQuery, entries
from shared.service.http import Ndjson, declared_parameters_only, documented, invalid

LONGEST = 200
LAST = 2**53 - 1
PositionsOf = Callable[[Request, str], Awaitable[Sequence[int]]]


def audit_of_service(request: Request) -> Audit:
    """The audit of the service that the request came to."""
    return cast("Audit", request.app.state.audit)


async def _no_positions(_request: Request, _subject: str) -> Sequence[int]:
    return ()


def audit_router(positions_of: PositionsOf = _no_positions) -> APIRouter:
    """The route; `positions_of` tells where the log has the events of a subject, where the service has a log."""
    router = APIRouter(
        tags=["audit"], dependencies=[requires(Permission.READ_AUDIT), Depends(declared_parameters_only)]
    )

    @router.get(
        "/v1/audit",
        summary="Who did what when: the entries of the audit in order, NDJSON; reading them is an entry too",
        response_class=Ndjson,
        responses={200: answered_lines(AuditLine), **documented({422: "a parameter is wrong"})},
    )
    async def get_audit(
        request: Request,
        *,
        first: Annotated[date | None, Query(alias="from", description="entries from this day on")] = None,
        to: Annotated[date | None, Query(description="up to this day, inclusive")] = None,
        who: Annotated[
            str | None, Query(description="of this caller, by id or name", min_length=1, max_length=LONGEST)
        ] = None,
        subject: Annotated[
            str | None,
            Query(
                description="about this: a dossier's code finds its accepted events too",
                min_length=1,
                max_length=LONGEST,
            ),
        ] = None,
        cursor: Annotated[int, Query(description="entries after this number", ge=0, le=LAST)] = 0,
    ) -> Ndjson:
        if first is not None and to is not None and to < first:
            raise invalid(
                "to",
                f"{to} lies before from ({first}); swap them",
                f"{to} đứng trước from ({first}); hãy đổi chỗ hai ngày",
            )
        audit = audit_of_service(request)
        asked = {"from": first, "to": to, "who": who, "subject": subject, "cursor": cursor or None}
        details = {name: value if isinstance(value, int) else str(value) for name, value in asked.items() if value}
        await audit.write_alone(AuditEntry(Act.AUDIT_EXPORTED, details=details))
        query = AuditQuery(first, to, who, subject, cursor)
        covering = () if subject is None else await positions_of(request, subject)
        return Ndjson(entries(audit.reader, query, (await audit.head()).number, covering))

    return router
