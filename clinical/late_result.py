"""What an abnormal result that came late forbids (11.48)."""

from collections.abc import Mapping

from schemas.approval import ApprovalKind, Task, TaskStatus


def reviews_in(tasks: Mapping[str, Task]) -> list[Task]:
    """The results that people were asked to assess and whose answer still counts (11.48)."""
    return [task for task in tasks.values() if task.kind is ApprovalKind.RESULT_REVIEW]


def forbids_dose(tasks: Mapping[str, Task]) -> bool:
    """Whether a result stands in the way of a dose: not assessed yet, or nobody said yes to going
    on (11.48)."""
    return any(task.status is not TaskStatus.APPROVED for task in reviews_in(tasks))
