"""A worker that keeps nothing in memory tells a day as one that remembers it, whatever it is handed
together (decision 27); and an alert waits for no alert before it.

The real workflow, without a server: a day is read anew wherever that is not the same as to go on.
"""

import pytest

from schemas.adverse_event import AdverseEvent
from schemas.infusion import SessionPhase
from tests.workflows.bare_chair import BareChair

SYNCOPE = AdverseEvent(code="syncope", grade=3, serious=True, description="fainted on the way out")


@pytest.fixture
def chair() -> BareChair:
    chair = BareChair()
    chair.day.forgetful = True
    return chair


def read_anew(chair: BareChair) -> None:
    """Raises where what is told again is not what was told."""
    chair.day.leave()
    chair.day.come_back()


def batches_sent(chair: BareChair) -> list[str]:
    """What the mailbox was asked to send, batch after batch."""
    return [
        " ".join(message.occurrence for message in errand.argument.notifications)
        for errand in chair.day.worker.errands
        if errand.name == "send_notifications"
    ]


def test_a_start_after_the_records_return_is_judged_by_the_return(chair: BareChair) -> None:
    chair.prepare()
    chair.day.settle()
    chair.day.record_away = True
    refused = chair.say("start_dosing", **chair.draws())
    chair.day.pass_(30)
    assert refused.codes == ("record_away",)

    chair.day.record_away = False
    chair.day.settle()
    chair.start()
    chair.day.settle()
    read_anew(chair)

    assert chair.day.phase is SessionPhase.DOSING


def test_alerts_one_after_the_other_leave_in_the_same_order(chair: BareChair) -> None:
    chair.day.record_first = True
    chair.dose()
    chair.day.settle()
    before = len(batches_sent(chair))

    for _ in range(3):
        chair.give("report_adverse_event", event=SYNCOPE)
        chair.day.settle()
    read_anew(chair)

    assert len(batches_sent(chair)) == before + 3


def test_an_alert_does_not_wait_for_a_mailbox_that_does_not_answer_the_one_before(
    chair: BareChair,
) -> None:
    chair.dose()
    chair.day.settle()
    before = len(batches_sent(chair))
    chair.day.mailbox_away = True

    for _ in range(2):
        chair.give("report_adverse_event", event=SYNCOPE)
        chair.day.pass_(60)

    first, second = batches_sent(chair)[before:]
    assert first != second
    chair.day.mailbox_away = False
    chair.day.settle()
    told = [message.occurrence for message in chair.day.sent]
    assert len(told) == len({*told}), "each alert is handed over once"
