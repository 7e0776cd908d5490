"""Workers share our deterministic modules between workflows; here nothing of ours is shared, so a
stray clock call, random number or piece of the outside in them is refused as it happens."""

import pytest
from temporalio.testing import WorkflowEnvironment

from schemas.infusion import SessionPhase
from tests.workflows.conftest import Clinical, serving
from tests.workflows.outside import Outside


@pytest.mark.slow
@pytest.mark.usefixtures("uncounted")
async def test_a_journey_reaches_home_after_its_first_infusion_in_the_strict_sandbox(
    real_server: WorkflowEnvironment,
) -> None:
    outside = Outside()
    async with serving(real_server, outside, strict=True):
        clinical = Clinical(real_server, outside)
        staff = await clinical.refer()

        await staff.prepare(finding=True)
        await staff.treat(pause=True)

        view = await staff.wait(lambda v: bool(v.sessions))
        assert view.sessions[0].phase is SessionPhase.DISCHARGED
        await clinical.put_away()
