"""Treatment days as a journey sees them, without the chair: they wait, close and report.

The journey's own tests use these in place of the real sessions, which have tests of their own.
"""

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow

from clinical.clearance import missing_clearance
from schemas.infusion import DoseOutcome, SessionPhase, SessionPlan, SessionResult
from schemas.preparation import PlanChange

DAY_LENGTH = timedelta(hours=2)
NOBODY_IN_THE_CHAIR_YET = timedelta(minutes=5)
"""A day may be booked for the very next minute; nobody is treated on the stroke of it."""


class StandInDay:
    """Opens at its hour, gives its dose and closes, unless it is told to close otherwise."""

    def __init__(self, plan: SessionPlan) -> None:
        self.plan = plan
        self.offset = timedelta(seconds=plan.clock_offset_s)
        self.told: dict[str, Any] | None = None
        self.heard: list[str] = []
        self.report = False
        self.jumps = 0

    def now(self) -> datetime:
        return workflow.now() + self.offset

    async def live(self) -> SessionResult:
        ends_at = self.plan.scheduled_at + DAY_LENGTH
        while self.told is None and (left := ends_at - self.now()) > timedelta(0):
            jumps = self.jumps
            try:
                await workflow.wait_condition(
                    lambda jumps=jumps: self.told is not None or self.jumps != jumps,  # type: ignore[misc]
                    timeout=left,
                )
            except TimeoutError:
                continue
        result = self._result()
        if self.report:
            journey = workflow.get_external_workflow_handle(self.plan.journey_id)
            await journey.signal("session_closed", result)
        return result

    def _result(self) -> SessionResult:
        told = self.told or self._unless_cleared()
        dosed = told.get("outcome", "completed") not in ("none",)
        start = min(self.plan.scheduled_at, self.now())
        return SessionResult(
            session_id=self.plan.session_id,
            modality=self.plan.modality,
            number=self.plan.number,
            phase=SessionPhase(told.get("phase", "DISCHARGED")),
            outcome=DoseOutcome(told.get("outcome", "completed")),
            ordered_mg=35.0,
            delivered_mg=35.0 if dosed else 0.0,
            weight_kg=70.0,
            scheduled_at=self.plan.scheduled_at,
            dosed_at=start if dosed else None,
            ended_at=max(start, self.now()),
            stop_events=told.get("stop_events", 0),
            adverse_events=told.get("adverse_events", ()),
            pressure_high=told.get("pressure_high", False),
            owed=told.get("owed", ()),
            scores=told.get("scores", ()),
            suicide_risk=told.get("suicide_risk"),
            risks=told.get("risks", ()),
            clearance_voided=told.get("clearance_voided", ()),
            pdmp_queried_at=told.get("pdmp_queried_at"),
        )

    def _unless_cleared(self) -> dict[str, Any]:
        """Nobody is dosed on a clearance that is void, or has ended."""
        missing = missing_clearance(self.plan, self.plan.scheduled_at)
        return {"phase": SessionPhase.ABORTED.value, "outcome": "none"} if missing else {}

    @workflow.signal
    def plan_changed(self, change: PlanChange) -> None:
        self.plan = self.plan.model_copy(update=dict(change))

    @workflow.signal
    def journey_interrupted(self, told: dict[str, str]) -> None:
        self.heard.append(told["event"])
        if self.now() < self.plan.scheduled_at + NOBODY_IN_THE_CHAIR_YET:
            withdrawn = told["event"] == "consent_withdrawn"
            phase = SessionPhase.ABORTED if withdrawn else SessionPhase.RESCHEDULED
            self.told = {"phase": phase.value, "outcome": "none"}

    @workflow.signal
    def report_to_journey(self, _nothing: dict[str, str]) -> None:
        self.report = True
        self.heard.append("report_to_journey")

    @workflow.signal
    def clock_advanced(self, jump: dict[str, Any]) -> None:
        self.offset += timedelta(seconds=jump["by_seconds"])
        self.jumps += 1

    @workflow.signal
    def close_as(self, told: dict[str, Any]) -> None:
        """A test says how this day ends: phase, outcome, stop_events, adverse_events, owed,
        risks, scores."""
        self.told = told

    @workflow.query
    def planned(self) -> SessionPlan:
        """What the journey booked this day on."""
        return self.plan

    @workflow.query
    def heard_so_far(self) -> list[str]:
        return self.heard


@workflow.defn(name="InfusionSession", sandboxed=False)
class StandInInfusion(StandInDay):
    """An infusion as the journey sees it."""

    @workflow.init
    def __init__(self, plan: SessionPlan) -> None:
        super().__init__(plan)

    @workflow.run
    async def run(self, _plan: SessionPlan) -> SessionResult:
        return await self.live()


@workflow.defn(name="NasalSpraySession", sandboxed=False)
class StandInSpray(StandInDay):
    """A nasal-spray session as the journey sees it."""

    @workflow.init
    def __init__(self, plan: SessionPlan) -> None:
        super().__init__(plan)

    @workflow.run
    async def run(self, _plan: SessionPlan) -> SessionResult:
        return await self.live()
