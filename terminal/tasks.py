"""What waits on people, as a list at the command line."""

import time
from datetime import UTC, datetime

from service.rows import TaskRow
from terminal.failures import CommandFailedError
from terminal.front_desk import FrontDesk, front_desk
from terminal.output import print_json, print_table
from terminal.people import role_of

PAGE = 500


async def list_tasks(role: str | None, clinic: str | None, *, overdue: bool, as_json: bool) -> None:
    """Every pending task, by deadline."""
    wanted = role_of(role).value if role else None
    async with front_desk() as desk:
        if clinic is not None and clinic not in desk.clinic_codes:
            raise CommandFailedError(
                f"there is no clinic {clinic!r}; there are {', '.join(desk.clinic_codes)}"
            )
        found = await _all(desk, wanted, clinic, overdue=overdue)
    if as_json:
        print_json(found)
        return
    rows = [
        (task.task_id, task.title, task.still_needed or task.owed_to, task.due_at, task.clinic)
        for task in found
    ]
    print_table("Waiting on people", ("id", "what", "whom", "due", "clinic"), rows)


async def _all(
    desk: FrontDesk, role: str | None, clinic: str | None, *, overdue: bool
) -> list[TaskRow]:
    found: list[TaskRow] = []
    cursor: str | None = None
    now = datetime.fromtimestamp(time.time(), UTC)
    while True:
        page = await desk.lookups.tasks(
            clinics=None,
            now=now,
            role=role,
            clinic=clinic,
            overdue=overdue,
            cursor=cursor,
            limit=PAGE,
        )
        found.extend(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return found
