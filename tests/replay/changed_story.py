"""The workflows as a careless release might change them: one more wait before the story begins.

The replay gate must refuse these; a gate that lets them pass guards nothing.
"""

from datetime import timedelta

from temporalio import workflow

from schemas.drug_cabinet import CabinetInput
from schemas.infusion import SessionPlan, SessionResult
from schemas.journey import JourneyInput, JourneyOutcome
from workflows import drug_cabinet, infusion_session, journey, nasal_spray_session

A_MOMENT = timedelta(seconds=1)


@workflow.defn(name="PatientJourney")
class ChangedJourney(journey.PatientJourney):
    @workflow.init
    def __init__(self, start: JourneyInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: JourneyInput) -> JourneyOutcome:
        await workflow.sleep(A_MOMENT)
        return await super().run(start)


@workflow.defn(name="InfusionSession")
class ChangedInfusion(infusion_session.InfusionSession):
    @workflow.init
    def __init__(self, plan: SessionPlan) -> None:
        super().__init__(plan)

    @workflow.run
    async def run(self, plan: SessionPlan) -> SessionResult:
        await workflow.sleep(A_MOMENT)
        return await super().run(plan)


@workflow.defn(name="NasalSpraySession")
class ChangedSpray(nasal_spray_session.NasalSpraySession):
    @workflow.init
    def __init__(self, plan: SessionPlan) -> None:
        super().__init__(plan)

    @workflow.run
    async def run(self, plan: SessionPlan) -> SessionResult:
        await workflow.sleep(A_MOMENT)
        return await super().run(plan)


@workflow.defn(name="DrugCabinet")
class ChangedCabinet(drug_cabinet.DrugCabinet):
    @workflow.init
    def __init__(self, start: CabinetInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CabinetInput) -> None:
        await workflow.sleep(A_MOMENT)
        await super().run(start)


CHANGED = (ChangedJourney, ChangedInfusion, ChangedSpray, ChangedCabinet)
