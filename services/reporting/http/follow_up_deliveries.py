"""`/v1/follow-ups/given-up`: mails and webhooks of follow-ups that nobody took, and having them tried again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.reporting.follow_up.given_up import GivenUp, given_up, send_again
from services.reporting.http.bodies import message_in, takes
from services.reporting.http.follow_ups import FollowUpSources
from shared.access.roles import Permission
from shared.contract.http import answered
from shared.contract.http.follow_ups import (
    MOST_DELIVERIES,
    DeliveriesSentAgain,
    DeliveriesToSend,
    GivenUpAnswer,
    GivenUpDelivery,
)
from shared.service.access import requires
from shared.service.http import declared_parameters_only, documented, json_response
from shared.service.problems import Problem

PATH = "/follow-ups/given-up"


def router(to: FollowUpSources) -> APIRouter:
    """The routes, for operators: they are about all units."""
    routes = APIRouter(prefix="/v1", tags=["follow-up"])

    @routes.get(
        PATH,
        dependencies=[requires(Permission.READ_LOG), Depends(declared_parameters_only)],
        summary="Mails and webhooks that nobody took and that are not tried again, the newest first",
        responses={200: answered(GivenUpAnswer), **documented({422: "a parameter is wrong"})},
        response_class=Response,
    )
    async def get_given_up(
        limit: Annotated[int, Query(ge=1, le=MOST_DELIVERIES, description="how many at most")] = 100,
    ) -> Response:
        count, found = await given_up(to.engine, limit)
        return json_response(GivenUpAnswer(given_up=count, deliveries=[_line(one) for one in found]))

    @routes.post(
        f"{PATH}/send-again",
        dependencies=[requires(Permission.REBUILD), Depends(declared_parameters_only)],
        summary="Try again to send what was given up; what was taken meanwhile is left alone",
        responses={
            200: answered(DeliveriesSentAgain),
            **documented({409: "follow-up is off", 422: "a member is wrong: `field` names it"}),
        },
        openapi_extra=takes(DeliveriesToSend),
        response_class=Response,
    )
    async def post_send_again(request: Request) -> Response:
        asked = (await message_in(request, DeliveriesToSend)).deliveries
        if not to.sends:
            raise _off()
        sent = await send_again(to.engine, asked, to.clock())
        left = [each for each in dict.fromkeys(asked) if each not in sent]
        return json_response(DeliveriesSentAgain(sent_again=sent, left=left))

    return routes


def _off() -> Problem:
    return Problem(
        409,
        "Conflict",
        "follow-up is off here, so nobody would send it; name recipients (MOTCUA_REPORTING_FOLLOW_UP_RECIPIENTS), "
        "start reporting again, then have it sent",
        code="follow_up_off",
        vietnamese="nơi này đang tắt đôn đốc nên không gửi được; hãy đặt tệp nơi nhận "
        "(MOTCUA_REPORTING_FOLLOW_UP_RECIPIENTS), khởi động lại phân hệ báo cáo rồi gửi",
    )


def _line(one: GivenUp) -> GivenUpDelivery:
    return GivenUpDelivery(
        id=one.id,
        department=one.department,
        way=one.way.value,
        made_at=one.made_at,
        attempts=one.attempts,
        problem=one.problem,
        slips=[str(slip) for slip in one.slips],
    )
