"""The periodic checks of one journey, as its screening and its people left them."""

from datetime import timedelta

import pytest

from clinical.course_checks import checks_at
from clinical.parameters import Parameters
from schemas.journey import JourneyState
from schemas.screening import WorkUp
from tests.workflows.conftest import a_journey
from tests.workflows.places import now, treated

P = Parameters.default()


@pytest.mark.parametrize("word", ["pending", "refused", "indeterminate"])
def test_a_check_that_nobody_has_read_was_not_done(word: str) -> None:
    state: JourneyState = a_journey("journey-pavel", **treated())
    assert state.screening is not None
    unread = WorkUp(kind="ua", taken_at=now(), result=word)
    last = {item.kind: item.last_at for item in checks_at(state, now(), P)}

    state.screening = state.screening.model_copy(
        update={"work_up": (*state.screening.work_up, unread)}
    )

    assert {item.kind: item.last_at for item in checks_at(state, now(), P)} == last
    assert last["ua"] is not None
    assert last["ua"] < now() - timedelta(hours=1)
