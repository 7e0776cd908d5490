"""What a clinic must renew: credentials, emergency items, the spray certificate, a drill."""

from datetime import date, datetime

from clinical.clinic import clinic_alerts
from clinical.clinic_hours import local_date
from clinical.parameters import Parameters
from schemas.base import Reason
from service.protocols import Catalogue
from service.rows import Row


class Alerts(Row):
    """What ends soon or has ended at one clinic, on a day of its own calendar. `lapsed`: something
    has ended already."""

    clinic: str
    on: date
    alerts: tuple[Reason, ...]
    lapsed: bool = False


class ClinicAlerts:
    """Reads the clinic files as they stand, by each clinic's own protocol."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def of(self, code: str, *, now: datetime, clinics: frozenset[str] | None) -> Alerts | None:
        """A clinic's alerts today; None for one that does not exist or may not be seen."""
        if not self._catalogue.shows(code, clinics):
            return None
        clinic = self._catalogue.clinic(code)
        today = local_date(now, clinic)
        parameters = Parameters(self._catalogue.protocol_of(code).parameters)
        found = clinic_alerts(clinic, today, parameters)
        lapsed = any(
            alert.code == "expires_soon" and alert.fact and date.fromisoformat(alert.fact) < today
            for alert in found
        )
        return Alerts(clinic=code, on=today, alerts=found, lapsed=lapsed)
