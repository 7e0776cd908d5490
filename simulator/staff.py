"""A synthetic clinic's staff: what people would do on a journey, through whatever door.

The demonstration, the benchmark and the whole-story tests share these hands.
"""

from datetime import timedelta
from typing import Any, Protocol
from uuid import uuid4

from clinical.parameters import Parameters
from schemas.aftercare import ContactWay, Occasion, RecordContact
from schemas.approval import Choice, DecideApproval, PendingApproval
from schemas.authorization import RecordAuthorization
from schemas.base import Actor, Command, Role
from schemas.consent import SignConsent
from schemas.evaluation import RecordEvaluation
from schemas.infusion import (
    SessionView,
)
from schemas.journey import JourneyView, Phase
from schemas.preparation import PrepareSession
from schemas.reevaluation import RecordScores
from schemas.safety_program import SubmissionWay, SubmitMonitoringForm
from schemas.screening import Modality, RecordScreening
from simulator import papers
from simulator.bedside import Bedside
from simulator.door import Door, NotReached
from simulator.papers import STAFF

AUTHORIZED = timedelta(days=180)
LOOKS_AT_ONE_PACE, SLOWEST_PACE = 5, 4
"""After so many looks each pause grows by one moment, up to so many."""


class Staff:
    """The people of one clinic at work on one journey."""

    def __init__(self, door: Door, journey_id: str) -> None:
        self.door = door
        self.journey_id = journey_id
        self._count = 0

    # -- from referral to the first dose --------------------------------------------------------

    async def prepare(
        self, *, finding: bool = False, reaches: Phase = Phase.INFUSION_SERIES
    ) -> None:
        """Triage, evaluation, screening, consent, clearance by two people, start of the series."""
        await self.approve("referral_triage")
        await self.evaluate()
        await self.screen(finding=finding)
        if finding:
            await self.approve("screening_finding")
        await self.sign()
        await self.approve("treatment_clearance")
        await self.approve("series_start")
        await self.reach(reaches)

    async def evaluate(self) -> None:
        view = await self.reach(Phase.PSYCH_EVAL)
        await self.give(
            "record_evaluation",
            RecordEvaluation(**self.by(Role.PSYCHIATRIST), evaluation=papers.evaluation(view.now)),
        )

    async def screen(self, *, finding: bool = False) -> None:
        view = await self.reach(Phase.MED_SCREEN)
        await self.give(
            "record_screening",
            RecordScreening(
                **self.by(Role.MEDICAL_SCREENER),
                screening=papers.screening(view.now, finding=finding),
            ),
        )

    async def screen_again(self, **facts: Any) -> None:
        """The medical screener examines a patient under treatment again, with every result of
        yesterday; `facts` are what else was found."""
        view = await self.door.journey(self.journey_id)
        screening = papers.screening(view.now).model_copy(update=facts)
        command = RecordScreening(**self.by(Role.MEDICAL_SCREENER), screening=screening)
        await self.give("record_screening", command)

    async def sign(self, modality: Modality = Modality.IV_KETAMINE) -> None:
        view = await self.asked_for("sign_consent")
        form = papers.consent(modality, maintenance=view.phase is Phase.MAINTENANCE)
        await self.give("sign_consent", SignConsent(**self.by(Role.PSYCHIATRIST), form=form))

    async def authorize(self, valid_for: timedelta = AUTHORIZED) -> None:
        """The insurer approves the spray for so long."""
        await self.asked_for("record_authorization")
        until = (await self.door.journey(self.journey_id)).now + valid_for
        command = RecordAuthorization(
            **self.by(Role.CARE_COORDINATOR), approved=True, valid_until=until.date()
        )
        await self.give("record_authorization", command)

    # -- deciding -------------------------------------------------------------------------------

    async def approve(self, kind: str, choice: str | None = None) -> None:
        """Every person that this kind needs approves it, each in their own role."""
        pending = await self.pending(kind)
        for role in pending.still_needed:
            await self.decide(pending, STAFF[role], Choice.APPROVE, choice)

    async def decline(self, kind: str) -> None:
        pending = await self.pending(kind)
        await self.decide(pending, STAFF[pending.still_needed[0]], Choice.DECLINE)

    async def decide(
        self, pending: PendingApproval, actor: Actor, decision: Choice, choice: str | None = None
    ) -> None:
        command = DecideApproval(
            command_id=self._key(),
            actor=actor,
            approval_id=pending.approval_id,
            decision=decision,
            reason="seen and considered",
            choice=choice,
        )
        await self.door.send(pending.approval_id.split("~")[0], "decide_approval", command)

    async def pending(self, kind: str) -> PendingApproval:
        """The approval of this kind, once it is asked for and, when its moment has come, told."""
        view = await self.wait(lambda v: any(a.kind == kind for a in v.pending_approvals))
        asked = next(a for a in view.pending_approvals if a.kind == kind)
        if not _is_told(view, asked.approval_id):
            await self.wait(lambda v: _is_told(v, asked.approval_id))
        return asked

    async def asked_for(self, entry: str) -> JourneyView:
        """Wait until the journey asks somebody for this entry."""
        return await self.wait(lambda v: any(e.kind == entry for e in v.pending_entries))

    async def score(self, phq9: int) -> None:
        view = await self.door.journey(self.journey_id)
        await self.give(
            "record_scores",
            RecordScores(**self.by(Role.NURSE), assessments=(papers.phq9(phq9, view.now),)),
        )

    # -- a treatment day --------------------------------------------------------------------------

    async def booked(self) -> SessionView:
        """The session that is open, once it is; a review of the course before it lets it go on."""
        view = await self.wait(_booked_or_reviewed)
        while view.open_session is None:
            await self.approve("course_review")
            view = await self.wait(_booked_or_reviewed)
        return await self.door.session(view.open_session)

    async def treat(self, *, pause: bool = False, rests_min: float = 0) -> None:
        """One treatment day from check-in to discharge; `pause` raises the blood pressure, and
        whoever needs it rests longer than they must."""
        day = await self.booked()
        await self.arrange(day.session_id)
        bedside = Bedside(self, day)
        await self.door.until(day.session_id, day.scheduled_at)
        await bedside.prepare()
        await bedside.dose(pause=pause)
        await bedside.observe()
        if rests_min:
            await bedside.rest(rests_min)
        await bedside.discharge()
        await self.wait(lambda v: v.open_session != day.session_id)

    async def arrange(self, session_id: str) -> None:
        """The coordinator arranges the way home before the day."""
        await self.give(
            "prepare_session",
            PrepareSession(
                **self.by(Role.CARE_COORDINATOR),
                session_id=session_id,
                escort=papers.ESCORT,
                escort_confirmed=True,
                instructions_given=True,
            ),
        )

    async def miss(self) -> None:
        """Nobody comes; the coordinator reaches the patient and rebooks."""
        day = await self.booked()
        await self.door.until(self.journey_id, day.scheduled_at + timedelta(minutes=21))
        await self.approve("missed_session")

    async def evening(self) -> None:
        """The evening after a treatment day: the patient is asked whether they are home safe and
        writes back; a nurse notes it."""
        (owed,) = (await self.door.journey(self.journey_id)).follow_ups
        assert owed.discharged_at is not None, "asked after a discharge"
        asks_after = Parameters.default().duration("after.contact_from")
        await self.door.until(self.journey_id, owed.discharged_at + asks_after)
        await self.wait(lambda v: any(one.home_asked for one in v.follow_ups))
        await self.give(
            "record_contact",
            RecordContact(
                **self.by(Role.NURSE),
                occasion=Occasion.EVENING,
                session_id=owed.session_id,
                reached=True,
                how=ContactWay.MESSAGE,
            ),
        )

    async def follow_up(self) -> None:
        """Make every safety follow-up that is owed, in its time."""
        view = await self.door.journey(self.journey_id)
        for owed in view.follow_ups:
            if view.now < owed.from_at:
                await self.door.until(self.journey_id, owed.from_at)
            await self.approve("safety_follow_up")
            view = await self.wait(lambda v, o=owed.session_id: _is_made(v, o))
        await self.call()

    async def third_day(self) -> None:
        """The extra call after a first dose is made, in its time."""
        view = await self.door.journey(self.journey_id)
        calls = [asked for asked in view.pending_approvals if asked.kind == "patient_contact"]
        await self.door.until(self.journey_id, max(one.opens_at or view.now for one in calls))
        await self.call()

    async def call(self) -> None:
        """Make every other call that is asked for by now: after a first dose, for a silent
        journal."""
        for asked in _asked_calls(await self.door.journey(self.journey_id)):
            await self.wait(lambda v, one=asked.approval_id: _is_told(v, one))
            await self.decide(asked, STAFF[asked.still_needed[0]], Choice.APPROVE)
            await self.wait(lambda v, one=asked.approval_id: not _is_asked(v, one))

    async def send_forms(self) -> None:
        """Every monitoring form that is owed goes to the programme; the receipt closes it."""
        for owed in (await self.door.journey(self.journey_id)).monitoring_forms:
            session_id = owed.form.session_id
            await self.give(
                "submit_monitoring_form",
                SubmitMonitoringForm(
                    **self.by(Role.NURSE),
                    session_id=session_id,
                    how=SubmissionWay.ONLINE,
                    receipt="PMF-" + "-".join(session_id.split("-")[-2:]),
                ),
            )
            await self.wait(lambda v, s=session_id: not _is_owed(v, s))

    # -- inside -----------------------------------------------------------------------------------

    async def give(self, kind: str, command: Command, to: str | None = None) -> dict[str, Any]:
        return await self.door.send(to or self.journey_id, kind, command)

    async def reach(self, phase: Phase) -> JourneyView:
        return await self.wait(lambda v: v.phase is phase)

    async def wait(self, until: "Look", tries: int = 1000) -> JourneyView:
        """Look until the journey stands where it should, less and less often."""
        for looked in range(tries):
            view = await self.door.journey(self.journey_id)
            if until(view):
                return view
            for _ in range(min(1 + looked // LOOKS_AT_ONE_PACE, SLOWEST_PACE)):
                await self.door.settle()
        waits = ", ".join(asked.kind for asked in view.pending_approvals) or "nobody"
        raise NotReached(f"the journey stands in {view.phase} and waits for {waits}")

    def by(self, role: Role) -> dict[str, Any]:
        """A new command's number and who gives it: whoever of the staff has this role."""
        return {"command_id": self._key(), "actor": STAFF[role]}

    def _key(self) -> str:
        self._count += 1
        return f"staff-{self._count}-{uuid4().hex[:12]}"


def _asked_calls(view: JourneyView) -> list[PendingApproval]:
    return [
        asked
        for asked in view.pending_approvals
        if asked.kind == "patient_contact" and (asked.opens_at or view.now) <= view.now
    ]


def _is_asked(view: JourneyView, approval_id: str) -> bool:
    return any(asked.approval_id == approval_id for asked in view.pending_approvals)


def _is_told(view: JourneyView, approval_id: str) -> bool:
    """Whether whoever it is owed to has heard of it: people act on what they are told, so that a
    story reads the same however late the engine wakes. What opens later is not spoken of yet."""
    return all(
        asked.opens_at is None
        or not asked.requested_at < asked.opens_at <= view.now
        or asked.reminded + asked.escalated > 0
        for asked in view.pending_approvals
        if asked.approval_id == approval_id
    )


def _is_owed(view: JourneyView, session_id: str) -> bool:
    return any(owed.form.session_id == session_id for owed in view.monitoring_forms)


def _is_made(view: JourneyView, session_id: str) -> bool:
    return all(owed.session_id != session_id for owed in view.follow_ups)


def _booked_or_reviewed(view: JourneyView) -> bool:
    reviewed = any(a.kind == "course_review" for a in view.pending_approvals)
    return view.open_session is not None or reviewed


class Look(Protocol):
    def __call__(self, view: JourneyView, /) -> bool: ...
