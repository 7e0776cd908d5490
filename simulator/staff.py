"""A synthetic clinic's staff: what people would do on a journey, through whatever door.

The demonstration, the benchmark and the whole-story tests share these hands.
"""

from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from clinical.dosing import standard_dose_mg
from clinical.parameters import Parameters
from schemas.aftercare import ContactWay, Occasion, RecordContact
from schemas.approval import Choice, DecideApproval, PendingApproval
from schemas.authorization import RecordAuthorization
from schemas.base import Actor, Command, Role
from schemas.consent import SignConsent
from schemas.controlled_substance import Waste
from schemas.evaluation import RecordEvaluation
from schemas.infusion import (
    AcknowledgeOrder,
    CheckIn,
    Discharge,
    EndDosing,
    OrderDose,
    RecordVitals,
    ResumeDosing,
    SessionPhase,
    SessionReceipt,
    SessionView,
    StartDosing,
    VitalSigns,
)
from schemas.journey import JourneyView, Phase
from schemas.preparation import PrepareSession
from schemas.reevaluation import RecordScores
from schemas.safety_program import SubmissionWay, SubmitMonitoringForm
from schemas.screening import Modality, RecordScreening
from simulator import papers
from simulator.papers import STAFF

INFUSION_MIN = 40
MOODS = (19, 15, 12, 10, 9, 8)
"""PHQ-9 before each infusion."""
READING_MIN = 10
AFTER_MIN = 15
AUTHORIZED = timedelta(days=180)
LOOKS_AT_ONE_PACE, SLOWEST_PACE = 5, 4
"""After so many looks each pause grows by one moment, up to so many."""


class Door(Protocol):
    """How the staff reach the engine: the API, or the workflows themselves."""

    async def send(self, workflow_id: str, kind: str, command: Command) -> dict[str, Any]:
        """One command; its receipt as JSON. Raises when it is refused."""

    async def journey(self, workflow_id: str) -> JourneyView: ...

    async def session(self, session_id: str) -> SessionView: ...

    async def until(self, workflow_id: str, moment: datetime) -> None:
        """Let the clinical clock of the journey, and of its open session, reach a moment."""

    async def settle(self) -> None:
        """Give the engine a moment between two looks."""


class NotReached(Exception):  # noqa: N818 - what the staff waited for did not come
    """The journey did not get where its staff expected it."""


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
            RecordEvaluation(**self._by(Role.PSYCHIATRIST), evaluation=papers.evaluation(view.now)),
        )

    async def screen(self, *, finding: bool = False) -> None:
        view = await self.reach(Phase.MED_SCREEN)
        await self.give(
            "record_screening",
            RecordScreening(
                **self._by(Role.MEDICAL_SCREENER),
                screening=papers.screening(view.now, finding=finding),
            ),
        )

    async def sign(self, modality: Modality = Modality.IV_KETAMINE) -> None:
        await self.asked_for("sign_consent")
        await self.give(
            "sign_consent",
            SignConsent(**self._by(Role.PSYCHIATRIST), form=papers.consent(modality)),
        )

    async def authorize(self, valid_for: timedelta = AUTHORIZED) -> None:
        """The insurer approves the spray for so long."""
        await self.asked_for("record_authorization")
        until = (await self.door.journey(self.journey_id)).now + valid_for
        command = RecordAuthorization(
            **self._by(Role.CARE_COORDINATOR), approved=True, valid_until=until.date()
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

    async def asked_for(self, entry: str) -> None:
        """Wait until the journey asks somebody for this entry."""
        await self.wait(lambda v: any(e.kind == entry for e in v.pending_entries))

    async def score(self, phq9: int) -> None:
        view = await self.door.journey(self.journey_id)
        await self.give(
            "record_scores",
            RecordScores(**self._by(Role.NURSE), assessments=(papers.phq9(phq9, view.now),)),
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
                **self._by(Role.CARE_COORDINATOR),
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
                **self._by(Role.NURSE),
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
                    **self._by(Role.NURSE),
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

    def _by(self, role: Role) -> dict[str, Any]:
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


class Bedside:
    """What nurse and prescriber do at the chair."""

    def __init__(self, staff: Staff, day: SessionView) -> None:
        self._staff = staff
        self._day = day
        self.session_id = day.session_id
        self._spray = day.modality is Modality.ESKETAMINE
        self._now = max(day.now, day.scheduled_at)

    async def prepare(self) -> None:
        """Check-in, the baseline reading, the order of today."""
        self._now = (await self._staff.door.session(self.session_id)).now
        await self._give("check_in", self._check_in())
        await self._read(papers.calm(self._now, weight_kg=papers.WEIGHT_KG))
        await self._give(
            "order_dose",
            OrderDose(
                **self._by(Role.PRESCRIBER),
                dose_mg=self._dose_mg,
                weight_kg=papers.WEIGHT_KG,
                duration_min=None if self._spray else INFUSION_MIN,
            ),
        )

    async def start(self) -> None:
        """The dose log goes on record, and the pump is started."""
        await self._give(
            "start_dosing",
            StartDosing(
                **self._by(Role.NURSE),
                lot=papers.lot(self._day.modality, self._now),
                drawn_mg=self._dose_mg,
            ),
        )

    async def dose(self, *, pause: bool = False) -> None:
        """The dose begins, a reading every ten minutes, the dose ends."""
        await self.start()
        minutes = READING_MIN if self._spray else INFUSION_MIN
        for minute in range(READING_MIN, minutes + 1, READING_MIN):
            await self._pass(READING_MIN)
            high = pause and minute == 2 * READING_MIN
            if high:
                await self._high_pressure()
            else:
                await self._read(papers.calm(self._now, systolic=138, diastolic=86, cadss6=4))
        await self._give(
            "end_dosing",
            EndDosing(
                **self._by(Role.NURSE),
                delivered_mg=self._dose_mg,
                devices=2 if self._spray else None,
                waste=Waste(wasted_mg=0, witness=STAFF[Role.PRESCRIBER]),
            ),
        )

    async def observe(self) -> None:
        """A reading every quarter of an hour until the review may open."""
        day = await self._staff.door.session(self.session_id)
        opens_at = day.review_opens_at
        assert opens_at is not None
        while self._now < opens_at:
            due = (await self._staff.door.session(self.session_id)).next_reading_due_at
            step = min(due or opens_at, opens_at) if due and due > self._now else opens_at
            await self._until(step)
            await self._read(papers.calm(self._now))

    async def rest(self, minutes: float) -> None:
        """Stay longer than the observation asks, and be looked at once more."""
        await self._pass(minutes)
        await self._read(papers.calm(self._now))

    async def discharge(self) -> None:
        """Every criterion met, the escort here, two signatures."""
        await self._give(
            "discharge",
            Discharge(
                **self._by(Role.NURSE),
                escort_present=True,
                instructions_given=True,
                aldrete=10,
                gait_steady=True,
                nausea_controlled=True,
                suicide_risk="none",
                line_removed=True,
                waste_reconciled=True,
                second_signature=STAFF[Role.PRESCRIBER],
            ),
        )

    async def _high_pressure(self) -> None:
        """A pressure that is confirmed pauses the infusion; it goes on once it has settled."""
        await self._read(papers.calm(self._now, systolic=184, diastolic=104))
        await self._pass(3)
        receipt = await self._read(papers.calm(self._now, systolic=186, diastolic=106))
        if receipt.phase is not SessionPhase.PAUSED:
            raise NotReached("a confirmed pressure of 186/106 did not pause the infusion")
        assert receipt.order is not None, "a pause that the engine orders is addressed to somebody"
        await self._give(
            "acknowledge_order",
            AcknowledgeOrder(**self._by(Role.NURSE), order_id=receipt.order.order_id),
        )
        await self._pass(5)
        await self._read(papers.calm(self._now, systolic=142, diastolic=88))
        await self._give(
            "resume_dosing",
            ResumeDosing(**self._by(Role.PRESCRIBER), reason="settled below 160/100, at the chair"),
        )

    async def _read(self, vitals: VitalSigns) -> SessionReceipt:
        command = RecordVitals(**self._by(Role.NURSE), vitals=vitals)
        return SessionReceipt.model_validate(await self._give("record_vitals", command))

    async def _pass(self, minutes: float) -> None:
        await self._until(self._now + timedelta(minutes=minutes))

    async def _until(self, moment: datetime) -> None:
        await self._staff.door.until(self.session_id, moment)
        self._now = (await self._staff.door.session(self.session_id)).now

    async def _give(self, kind: str, command: Command) -> dict[str, Any]:
        return await self._staff.give(kind, command, to=self.session_id)

    def _check_in(self) -> CheckIn:
        nurse = STAFF[Role.NURSE]
        return CheckIn(
            **self._by(Role.NURSE),
            escort=papers.ESCORT,
            escort_confirmed=True,
            last_solids_at=self._now - timedelta(hours=12),
            last_liquids_at=self._now - timedelta(hours=3),
            medicines_reconciled=True,
            suicide_risk="none",
            emergency_kit_checked=True,
            observer=nurse.id,
            observer_change="" if self._day.observer in {None, nurse.id} else "swapped today",
            prescriber_on_site=True,
            pulse_oximeter=True,
            mood_scale=papers.phq9(self._mood, self._now),
        )

    @property
    def _mood(self) -> int:
        """A patient who gets better from infusion to infusion, and stays so on the spray."""
        before = len(MOODS) if self._spray else self._day.number
        return MOODS[min(before, len(MOODS)) - 1]

    @property
    def _dose_mg(self) -> float:
        if self._spray:
            return 56.0
        return standard_dose_mg(papers.WEIGHT_KG, Parameters.default())

    def _by(self, role: Role) -> dict[str, Any]:
        return self._staff._by(role)  # noqa: SLF001 - the bedside is the staff's own
