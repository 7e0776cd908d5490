"""Whether somebody goes and looks: the decision on a welfare check, taken by a clinician.

Clinical fact sheet, sections 6.3, 9 and edge case 16. The engine asks and never decides.
"""

from collections.abc import Mapping
from datetime import datetime

from schemas.approval import ApprovalKind
from schemas.base import Role
from workflows.story import Story


def welfare_key(occasion: str, about: str) -> str:
    """The task of the decision, by what it is about."""
    return f"welfare-{occasion}-{about}"


def ask_welfare_check(
    story: Story,
    about: str,
    occasion: str,
    evidence: Mapping[str, str],
    *,
    opens_at: datetime | None = None,
) -> None:
    """Ask a clinician, once for each occasion, from `opens_at` on when it is given; reminded and
    escalated until one decides."""
    story.tasks.open(
        ApprovalKind.WELFARE_CHECK,
        welfare_key(occasion, about),
        "Nobody was reached: decide on a welfare check or emergency services",
        slots=(Role.PSYCHIATRIST,),
        opens_at=opens_at,
        evidence=evidence,
    )
