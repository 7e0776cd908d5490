"""Dates are planned inside the workflow sandbox, which hands out wrapped classes."""

from datetime import UTC, datetime

from temporalio.worker.workflow_sandbox import SandboxRestrictions
from temporalio.worker.workflow_sandbox._importer import Importer
from temporalio.worker.workflow_sandbox._restrictions import RestrictionContext

from schemas.protocol import Clinic

NORTH = Clinic(
    code="north",
    name="Northlight Clinic",
    time_zone="America/New_York",
    opening_hours=dict.fromkeys(range(5), ("08:00", "18:00")),
)


def test_a_slot_is_found_from_inside_the_sandbox() -> None:
    restrictions = SandboxRestrictions.default.with_passthrough_modules(
        "pydantic", "pydantic_core", "schemas"
    )
    context = RestrictionContext()
    start = datetime(2027, 1, 4, 10, 0, tzinfo=UTC)

    with Importer(restrictions, context).applied():
        from clinical.parameters import Parameters
        from clinical.schedule import plan_induction

        context.is_runtime = True
        dates = plan_induction(start, NORTH, Parameters.default(), target=1, last_dose_at=None)

    assert dates == (datetime(2027, 1, 4, 13, 0, tzinfo=UTC),)
