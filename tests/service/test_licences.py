"""Whose licence holds until when, by the clinic's file as it stands today (11.33)."""

from datetime import UTC, date, datetime, timedelta

from clinical.standard_protocol import standard_protocol
from records.errors import RecordUnavailable
from schemas.base import Actor, Role
from schemas.infusion import Discharge, OrderDose
from schemas.protocol import Clinic, Credential, StaffMember
from service.clinic_alerts import ClinicAlerts
from service.commands import said
from service.licences import Licences
from service.protocols import Catalogue
from service.rows import JourneyRow

NOW = datetime(2027, 3, 30, 15, tzinfo=UTC)
LAST = date(2027, 3, 29)
SESSION = f"journey-{'a' * 26}-infusion-2"
BRANDT = Actor(id="dr-brandt", role=Role.PRESCRIBER)
HELD = tuple(Credential(kind=kind, expires_on=LAST) for kind in ("licence", "dea"))
NORTH = Clinic(
    code="north",
    name="Northlight Clinic",
    time_zone="America/New_York",
    staff=(StaffMember(id="dr-brandt", name="J. Brandt", role=BRANDT.role, credentials=HELD),),
)
CATALOGUE = Catalogue({"standard": standard_protocol()}, {"north": NORTH})
ORDER = OrderDose(command_id="o", actor=BRANDT, dose_mg=35)


class Lookups:
    """One journey at one clinic; or the record is away."""

    def __init__(self, clinic: str | None = "north") -> None:
        self._clinic = clinic

    async def journey(self, journey_id: str, *, clinics: frozenset[str] | None) -> JourneyRow:
        if self._clinic is None:
            raise RecordUnavailable
        return JourneyRow.model_construct(journey_id=journey_id, clinic=self._clinic)


async def test_edge_33_the_newest_file_says_until_when_an_order_stands() -> None:
    claimed = ORDER.model_copy(update={"licensed_until": LAST + timedelta(days=900)})

    stamped = await Licences(Lookups(), CATALOGUE).stamped(SESSION, claimed)

    assert stamped.licensed_until == LAST, "whatever the sender claims"


async def test_while_the_record_is_away_the_journeys_own_file_holds() -> None:
    stamped = await Licences(Lookups(None), CATALOGUE).stamped(SESSION, ORDER)

    assert stamped.licensed_until is None


async def test_edge_33_a_prescriber_after_the_lapse_signs_nothing() -> None:
    licences = Licences(Lookups(), CATALOGUE)

    refused = await licences.against(SESSION, BRANDT, NOW)
    before = await licences.against(SESSION, BRANDT, NOW - timedelta(days=1))
    nurse = await licences.against(SESSION, Actor(id="dr-brandt", role=Role.NURSE), NOW)

    assert [reason.code for reason in refused] == ["credential_lapsed"]
    assert before == nurse == ()


def test_edge_33_what_has_lapsed_is_told_of_and_marked() -> None:
    alerts = ClinicAlerts(CATALOGUE)

    lapsed = alerts.of("north", now=NOW, clinics=None)
    ahead = alerts.of("north", now=NOW - timedelta(days=25), clinics=frozenset({"north"}))

    assert lapsed is not None
    assert lapsed.lapsed
    assert ahead is not None
    assert not ahead.lapsed
    assert [alert.text for alert in ahead.alerts] == [
        "dr-brandt licence ends within 30 days.",
        "dr-brandt dea ends within 30 days.",
    ]
    assert alerts.of("north", now=NOW, clinics=frozenset({"south"})) is None


async def test_an_order_without_a_licensed_day_is_sent_as_it_came() -> None:
    """A run of an older release refuses a field that it does not know."""
    stamped = await Licences(Lookups(None), CATALOGUE).stamped(SESSION, ORDER)

    assert "licensed_until" not in said(stamped)


GOING = Discharge(
    command_id="d",
    actor=Actor(id="rn-quill", role=Role.NURSE),
    escort_present=True,
    instructions_given=True,
    second_signature=BRANDT,
    disposition_by=Actor(id="dr-never-here", role=Role.PSYCHIATRIST),
)


async def test_the_newest_file_says_who_of_those_named_is_on_the_staff() -> None:
    claimed = GOING.model_copy(update={"on_staff": (GOING.disposition_by,)})

    stamped = await Licences(Lookups(), CATALOGUE).stamped(SESSION, claimed)

    assert stamped.on_staff == (BRANDT,), "whatever the sender claims"


async def test_while_the_record_is_away_nobody_vouches_for_a_name() -> None:
    claimed = GOING.model_copy(update={"on_staff": (GOING.disposition_by,)})
    licences = Licences(Lookups(None), CATALOGUE)

    assert (await licences.stamped(SESSION, claimed)).on_staff is None
    assert "on_staff" not in said(await licences.stamped(SESSION, GOING))


async def test_a_command_that_names_nobody_is_sent_without_a_look_at_the_record() -> None:
    class Untouched:
        async def journey(self, journey_id: str, *, clinics: frozenset[str] | None) -> JourneyRow:
            raise AssertionError("nobody is named")

    alone = GOING.model_copy(update={"second_signature": None, "disposition_by": None})

    assert await Licences(Untouched(), CATALOGUE).stamped(SESSION, alone) == alone
