"""Moving a training journey's clinical clock, so that months pass while someone watches."""

import asyncio
import uuid
from datetime import datetime

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from schemas.journey import ClockAdvanced, JourneyView
from service.errors import UnknownWorkflow
from service.intake import JOURNEY_ID
from terminal.durations import duration
from terminal.failures import CommandFailedError
from terminal.front_desk import front_desk
from terminal.output import print_json, print_line, shown

SEEN_WITHIN_S = 10.0
LOOK_EVERY_S = 0.1


async def fast_forward(
    journey: str, by: str | None, command_id: str | None, *, as_json: bool
) -> None:
    """Advance by a stretch of time, or (`by` is None) to what the journey waits for next.

    Raises:
        CommandFailedError: when the journey treats a real person, or waits for no moment.
        UnknownWorkflow: when there is no such journey.
    """
    if not JOURNEY_ID.match(journey):
        raise UnknownWorkflow
    async with front_desk() as desk:
        client = await desk.engine.client()
        handle = client.get_workflow_handle(journey)
        view = await _state(handle)
        if not (view.training and desk.settings.training):
            raise CommandFailedError("only a training journey's clock can be moved")
        target = _target(view, by)
        key = command_id or str(uuid.uuid4())
        await handle.signal("clock_advanced", _advance(view, by, target, key))
        after = await _seen(handle, target)
    if as_json:
        print_json({"journey_id": journey, "command_id": key, "now": after.now.isoformat()})
    else:
        print_line(f"{journey}: it is {shown(after.now)} now, in {after.phase}")


def _target(view: JourneyView, by: str | None) -> datetime:
    if by is not None:
        return view.now + duration(by)
    if view.next_action_at is None:
        raise CommandFailedError("the journey waits for no moment: a person has to act")
    return view.next_action_at


def _advance(view: JourneyView, by: str | None, target: datetime, key: str) -> ClockAdvanced:
    if by is None:
        return ClockAdvanced(command_id=key, to=target)
    return ClockAdvanced(command_id=key, by_seconds=(target - view.now).total_seconds())


async def _seen(handle: "WorkflowHandle[object, object]", target: datetime) -> JourneyView:
    """The journey after its clock has moved; after a while, as it stands."""
    loop = asyncio.get_running_loop()
    until = loop.time() + SEEN_WITHIN_S
    view = await _state(handle)
    while view.now < target and loop.time() < until:
        await asyncio.sleep(LOOK_EVERY_S)
        view = await _state(handle)
    if view.now < target:
        raise CommandFailedError("the clock has not moved yet: is a worker running?")
    return view


async def _state(handle: "WorkflowHandle[object, object]") -> JourneyView:
    try:
        view: JourneyView = await handle.query("state", result_type=JourneyView)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise UnknownWorkflow from None
        raise
    return view
