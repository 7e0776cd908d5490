"""`InfusionSession`: one day of intravenous ketamine, from booking to discharge."""

from temporalio import workflow

from schemas.infusion import SessionPlan, SessionResult
from workflows.code_versions import PINNED
from workflows.session import TreatmentDay


@workflow.defn(name="InfusionSession")
class InfusionSession(TreatmentDay):
    """An infusion under supervision."""

    versioning_behavior = PINNED

    @workflow.init
    def __init__(self, plan: SessionPlan) -> None:
        super().__init__(plan)

    @workflow.run
    async def run(self, _plan: SessionPlan) -> SessionResult:
        """Watch over the day until the patient has gone."""
        return await self._live()
