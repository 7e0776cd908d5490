"""A course that goes its way in a test: people do what they are asked, and the days are given."""

from collections.abc import Callable

from schemas.journey import JourneyView
from schemas.screening import Modality
from simulator.staff import Staff
from tests.workflows.days import given

BETWEEN_DOSES = frozenset({"monitoring_due", "course_review", "patient_contact", "switch_to_spray"})

ENTRIES = frozenset({"sign_consent", "record_authorization", "record_screening"})


async def go_on(
    staff: Staff, over: Callable[[JourneyView], bool], *, signs: Modality = Modality.IV_KETAMINE
) -> JourneyView:
    """Every booked day is given and every question between doses answered, until it is `over`."""
    view = await staff.wait(_something(over))
    while not over(view):
        if asked := {a.kind for a in view.pending_approvals} & BETWEEN_DOSES:
            await staff.approve(min(asked))
        elif any(entry.kind == "sign_consent" for entry in view.pending_entries):
            await staff.sign(signs)
            await staff.wait(lambda v: all(e.kind != "sign_consent" for e in v.pending_entries))
        elif any(entry.kind == "record_authorization" for entry in view.pending_entries):
            await staff.authorize()
        elif any(entry.kind == "record_screening" for entry in view.pending_entries):
            await staff.screen_again()
        else:
            await given(staff)
        view = await staff.wait(_something(over))
    return view


def _something(over: Callable[[JourneyView], bool]) -> Callable[[JourneyView], bool]:
    def look(view: JourneyView) -> bool:
        kinds = {a.kind for a in view.pending_approvals} & BETWEEN_DOSES
        signs = any(entry.kind in ENTRIES for entry in view.pending_entries)
        return over(view) or bool(kinds) or signs or view.open_session is not None

    return look
