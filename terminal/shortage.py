"""The proposed order of doses in a shortage at the command line (fact sheet 11.32)."""

import time
from datetime import UTC, datetime

from schemas.screening import Modality
from service.shortage import ShortageOrder, Shortages
from terminal.failures import CommandFailedError
from terminal.front_desk import front_desk
from terminal.output import print_json, print_line, print_table

COLUMNS = ("place", "dose", "day", "booked for", "because")


async def show_shortage(clinic: str, doses: int, modality: str, *, as_json: bool) -> None:
    """Every booked day of one medicine in the proposed order; nothing is changed.

    Raises:
        CommandFailedError: for a clinic or a medicine that does not exist.
    """
    if modality not in set(Modality):
        known = ", ".join(Modality)
        raise CommandFailedError(f"there is no medicine {modality!r}; there are {known}")
    now = datetime.fromtimestamp(time.time(), UTC)
    async with front_desk() as desk:
        shortages = Shortages(desk.pool, desk.catalogue, with_training=desk.settings.training)
        found = await shortages.order(clinic, doses, Modality(modality), now=now, clinics=None)
        if found is None:
            known = ", ".join(desk.clinic_codes)
            raise CommandFailedError(f"there is no clinic {clinic!r}; there are {known}")
    if as_json:
        print_json(found)
        return
    _print(found)


def _print(found: ShortageOrder) -> None:
    short = f"short by {found.short_by}" if found.short_by else "enough for every day"
    title = f"{found.clinic}, {found.modality.value}: {found.doses} doses, {short}"
    if not found.days:
        print_line(f"{title}: no day is booked")
        return
    rows = [
        (str(day.position), "yes" if day.dose else "no", day.session_id,
         f"{day.scheduled_at:%Y-%m-%d %H:%M}Z", "; ".join(reason.text for reason in day.reasons))
        for day in found.days
    ]  # fmt: skip
    print_table(title, COLUMNS, rows)
    print_line("This is a proposal: a person decides, and nothing has been cancelled.")
