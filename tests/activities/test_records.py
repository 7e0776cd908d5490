"""The records queue tells errors by their class and never by their content."""

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.records import RecordsActivities, RecordsPort
from records.errors import SequenceGap
from records.store import RecordStore
from schemas.event import Appended, AppendEvents
from schemas.infusion import SessionResult

BATCH = AppendEvents(workflow_id="journey-a", journey_id="journey-a", clinic="north", facts=())


class FakeRecords:
    """A record that answers, or fails as it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    async def append(self, batch: AppendEvents) -> Appended:
        if self._error is not None:
            raise self._error
        return Appended(last_sequence=len(batch.facts))

    async def session_result(self, session_id: str) -> SessionResult | None:
        assert session_id
        if self._error is not None:
            raise self._error
        return None


async def test_an_append_answers_with_the_last_sequence() -> None:
    activities = RecordsActivities(FakeRecords())

    assert await ActivityEnvironment().run(activities.append_events, BATCH) == Appended(
        last_sequence=0
    )
    assert await ActivityEnvironment().run(activities.session_result, "journey-a-spray-1") is None


@pytest.mark.parametrize("name", ["append_events", "session_result"])
async def test_an_error_names_its_class_and_quotes_nobody(name: str) -> None:
    error = ValueError("Wilhelmina Quokka, born 1984-05-17")
    activities = RecordsActivities(FakeRecords(error))
    argument = BATCH if name == "append_events" else "journey-a-spray-1"

    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(getattr(activities, name), argument)

    assert caught.value.type == "ValueError"
    assert "Quokka" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_a_gap_may_be_tried_again() -> None:
    activities = RecordsActivities(FakeRecords(SequenceGap()))

    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(activities.append_events, BATCH)

    assert caught.value.type == "SequenceGap"
    assert not caught.value.non_retryable


def test_the_real_store_has_the_shape_of_the_port(pool: object) -> None:
    port: RecordsPort = RecordStore(pool)  # type: ignore[arg-type]

    assert RecordsActivities(port)
