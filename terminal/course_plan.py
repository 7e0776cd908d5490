"""What-if at the command line: a course's dates, tasks and checks before anybody commits to it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from schemas.base import Reason
from schemas.course_plan import CoursePlan, Gate, PlannedCourse, PlannedTask
from terminal.front_desk import front_desk
from terminal.output import print_json, print_line, print_table


async def show_plan(journey: str, course: str, *, as_json: bool) -> None:
    """The course as the journey itself plans it from this moment on.

    Raises:
        UnknownWorkflow: when there is no such journey.
        Refused: when the journey cannot show a plan.
        Unavailable: while the engine cannot be asked.
    """
    async with front_desk() as desk:
        plan = await desk.commands.plan(journey, PlannedCourse(course))
    if as_json:
        print_json(plan)
        return
    print_plan(plan)


def print_plan(plan: CoursePlan) -> None:
    """The plan for a person to read, in the clinic's own time."""
    if plan.training:
        print_line("TRAINING: nobody real")
    print_line(
        f"{plan.course.value} of {plan.journey_id} as of {_clock(plan.as_of, plan)} "
        f"({plan.time_zone}); nothing of this is booked"
    )
    print_table("In the way", ("what", "why", ""), [_gate(gate) for gate in plan.gates])
    rows = [(s.number, s.modality, _clock(s.scheduled_at, plan)) for s in plan.sessions]
    print_table("Sessions", ("no.", "medicine", "planned for"), rows)
    columns = ("from", "by", "what", "whom", "day", "why")
    print_table("Tasks", columns, [_task(task, plan) for task in plan.tasks])
    checks = [
        (check.due_at.date(), check.kind, check.role, _before(check.before_session))
        for check in plan.monitoring
    ]
    print_table("Periodic checks", ("due", "what", "whom", "asked for"), checks)
    again = [(_before(r.before_session), r.modality, _why(r.reasons)) for r in plan.reconsent]
    print_table("Consent asked for again", ("when", "medicine", "why"), again)


def _gate(gate: Gate) -> tuple[object, ...]:
    reason = gate.reason
    words = f"{reason.text} ({reason.fact})" if reason.fact else reason.text
    return (reason.code, words, "rules it out" if gate.lasting else "")


def _task(task: PlannedTask, plan: CoursePlan) -> tuple[object, ...]:
    day = _before(task.before_session)
    if task.after_session is not None:
        day = f"after {task.after_session}"
    opens, due = _clock(task.opens_at, plan), _clock(task.due_at, plan)
    return (opens, due, task.kind, task.roles, day, _why(task.reasons))


def _why(reasons: tuple[Reason, ...]) -> str:
    return ", ".join(reason.code for reason in reasons)


def _before(session: int | None) -> str:
    return "" if session is None else f"before {session}"


def _clock(at: datetime, plan: CoursePlan) -> str:
    return at.astimezone(ZoneInfo(plan.time_zone)).strftime("%Y-%m-%d %H:%M")
