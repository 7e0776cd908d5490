"""A course of one journey before anybody commits to it, asked of the journey itself."""

import asyncio
from typing import Final

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from schemas.base import Reason
from schemas.course_plan import CoursePlan, PlannedCourse
from service.engine_errors import translate
from service.errors import Refused, Unavailable

ANSWER_WITHIN_S: Final = 5.0
NOT_SHOWN: Final = Reason(
    code="plan_not_shown",
    text="this journey cannot look ahead now: the release that tells it does not know how to",
)


async def course_plan(client: Client, journey: str, course: PlannedCourse) -> CoursePlan:
    """What the journey's own rules plan, on its own state and clock. Raises `UnknownWorkflow`,
    `Refused` where its release cannot look ahead, `Unavailable` while nobody can be asked."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            plan: CoursePlan = await client.get_workflow_handle(journey).query(
                "plan", course, result_type=CoursePlan
            )
    except WorkflowQueryFailedError:
        raise Refused(NOT_SHOWN) from None
    except (RPCError, TimeoutError) as error:
        raise translate(error) from None
    except ValueError:
        # An operator has paused it: the client has no word for that status yet.
        raise Unavailable from None
    return plan
