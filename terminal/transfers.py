"""The record of a transferred patient at the command line: a referral on stdout."""

from service.transfer import Transfers
from terminal.front_desk import front_desk
from terminal.output import print_line


async def print_transfer(journey: str) -> None:
    """The referral for the clinic that goes on, as `journey refer -` takes it.

    Raises:
        FrontDeskError, RecordUnavailable: when there is none yet, with the reason.
    """
    async with front_desk() as desk:
        referral = await Transfers(desk.commands, desk.lookups).referral_of(journey, clinics=None)
    print_line(referral.model_dump_json())
