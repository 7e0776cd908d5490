"""Dangerous decisions at the console: by somebody who has just shown who they are."""

from typing import Final

from console.office import Office
from console.visitors import Visit
from schemas.base import Reason
from service.commands import wall_clock
from service.errors import Refused

STEP_UP: Final = Reason(
    code="step_up_required",
    text="sign in again in another window, then send this once more: what you wrote is kept",
)


def insist_on_recent_sign_in(office: Office, guest: Visit, approval_id: str) -> None:
    """Raises `Refused` where a decision of this kind asks for a more recent sign-in."""
    if not office.step_up.needed_for(approval_id):
        return
    if not office.step_up.recent(guest.signed_in_at, wall_clock()):
        raise Refused(STEP_UP)
