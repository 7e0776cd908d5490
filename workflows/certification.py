"""The site's certification for the spray is lost, or back: what that means for one patient.

Clinical fact sheet, 5.4 and edge case 21. No new spray dose at once; a session under way finishes.
"""

from schemas.approval import ApprovalKind, TaskStatus
from schemas.base import Reason, Role
from schemas.event import EventKind
from schemas.journey import Phase
from schemas.notification import NotificationClass
from schemas.reevaluation import Course
from schemas.safety_program import CertificationNews
from schemas.screening import Modality
from workflows.sessions import SessionDesk
from workflows.story import Story

REPLAN = "certification"
WAIT, SISTER_SITE = "wait", "sister_site"
OTHER_WAYS = ("transfer", "bridge_infusion", "bridge_oral")
SPRAY = frozenset({Phase.SWITCH_ESKETAMINE})


def judge_certification(_story: Story, _command: CertificationNews) -> tuple[Reason, ...]:
    """The news is always taken: told again it changes nothing."""
    return ()


def lose_certification(story: Story, sessions: SessionDesk, command: CertificationNews) -> None:
    """No new dose here from this moment; whoever is affected gets another plan."""
    if story.state.site_certified is False:
        return
    story.state.site_certified = False
    affected = _affected(story)
    story.recorder.note(
        EventKind.CERTIFICATION_LOST, {"reason": command.reason, "affected": affected}, by=command
    )
    sessions.tell_certified(certified=False)
    if affected:
        _ask(story)
        story.tell_patient(
            "spray_paused",
            f"certification:{story.state.version}",
            NotificationClass.ACTION,
            after_hours_phone=story.state.clinic.after_hours_phone or "",
        )


def regain_certification(story: Story, sessions: SessionDesk, command: CertificationNews) -> None:
    """Dosing may go on; nobody need replan any more."""
    if story.state.site_certified is True:
        return
    story.state.site_certified = True
    story.recorder.note(EventKind.CERTIFICATION_REGAINED, {"reason": command.reason}, by=command)
    story.tasks.cancel(REPLAN)
    sessions.tell_certified(certified=True)


async def may_book(story: Story, modality: Modality) -> bool:
    """Whether the next session may be booked; waits while the site is not certified. False when a
    person chose to treat this patient another way."""
    if modality is not Modality.ESKETAMINE:
        return True
    while story.state.site_certified is False:
        _ask(story)
        await story.wait(lambda: story.state.site_certified is not False or _decided(story))
        if not _decided(story):
            continue
        task = story.tasks.take(REPLAN)
        if task.status is TaskStatus.APPROVED and task.votes[-1].choice in OTHER_WAYS:
            return False
        await story.wait(lambda: story.state.site_certified is not False)
    return True


def _ask(story: Story) -> None:
    story.tasks.open(
        ApprovalKind.SPRAY_REPLAN,
        REPLAN,
        "The site lost its certification for the spray: how does this patient go on?",
        options=(WAIT, SISTER_SITE, *OTHER_WAYS),
        slots=(Role.PSYCHIATRIST,),
    )


def _decided(story: Story) -> bool:
    task = story.tasks.find(REPLAN)
    return task is not None and not task.pending


def _affected(story: Story) -> bool:
    """Whether this patient is on the spray or about to be."""
    state = story.state
    booked = state.booking is not None and state.booking.modality is Modality.ESKETAMINE
    back_to = state.hold.back_to if state.hold else None
    return booked or state.course is Course.SWITCH or bool({state.phase, back_to} & SPRAY)
