"""The day's lists, and whether they moved: several counters see what the others do."""

from fastapi import Request
from starlette.responses import Response

from services.intake.pages.memory import Memory
from services.intake.pages.site import Counter, caller_of, intake_of
from shared.pages.site import HEADERS

NOT_MOVED = 204


async def get_today(site: Counter, request: Request) -> Response:
    """`/today`, and as a part of it `/today/lists`."""
    intake, scope = intake_of(request), caller_of(request).scope
    now = intake.clock()
    day = await site.lists.of_day(intake.database, scope, now, intake.catalogue.calendar_of(""))
    named = sorted(scope.departments or ()) + sorted(scope.received_by)
    template = "part_today.html" if request.url.path.endswith("/lists") else "today.html"
    return site.page(
        request,
        template,
        day_lists=day.lists,
        position=day.position,
        now=now,
        department=named[0] if len(named) == 1 else Memory.of(request).preset.get("department", ""),
        several=len(named) != 1,
    )


async def get_moved(site: Counter, request: Request) -> Response:
    """`/moved?since=POSITION`: 204 while nothing has happened, else how far the log is."""
    position = await site.lists.position(intake_of(request).database)
    if request.query_params.get("since") == str(position):
        return Response(status_code=NOT_MOVED, headers=HEADERS)
    return Response(str(position), headers=HEADERS, media_type="text/plain")
