"""The week's overrides at the command line, for a medical director."""

import time
from datetime import UTC, datetime

from service.override_report import BadWeekError, OverrideReport, OverrideReports
from terminal.failures import CommandFailedError
from terminal.front_desk import front_desk
from terminal.output import print_json, print_line, print_table

COLUMNS = ("when", "override", "of", "agreed by", "where")


async def show_overrides(clinic: str, week: str | None, *, as_json: bool) -> None:
    """Every override that took effect in one week.

    Raises:
        CommandFailedError: for a clinic that does not exist or a week that is none.
    """
    now = datetime.fromtimestamp(time.time(), UTC)
    async with front_desk() as desk:
        training = desk.settings.training
        reports = OverrideReports(desk.pool, desk.catalogue, with_training=training)
        try:
            report = await reports.of(clinic, week, now=now, clinics=None)
        except BadWeekError as error:
            raise CommandFailedError(str(error)) from None
        if report is None:
            known = ", ".join(desk.clinic_codes)
            raise CommandFailedError(f"there is no clinic {clinic!r}; there are {known}")
    if as_json:
        print_json(report)
        return
    _print(report)


def _print(report: OverrideReport) -> None:
    title = f"{report.clinic}, {report.week} ({report.from_on} to {report.to_on})"
    if not report.overrides:
        print_line(f"{title}: no override was used")
        return
    rows = [
        (f"{used.at:%Y-%m-%d %H:%M}Z", used.kind, used.item, ", ".join(used.people),
         used.workflow_id)
        for used in report.overrides
    ]  # fmt: skip
    print_table(title, COLUMNS, rows)
