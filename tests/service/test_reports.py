"""Reports at the front desk: whole days at the clinic, small numbers marked, nobody named."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from schemas.base import Role
from service.csv_export import as_csv
from service.errors import Malformed
from service.protocols import Catalogue, load_catalogue
from service.reports import (
    REPORT_READERS,
    Asked,
    ReportName,
    Reports,
    columns_of,
    report_csv,
)

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
NORTH = frozenset({"north"})
MAY = Asked(clinic="north", first_on=date(2026, 5, 1), last_on=date(2026, 5, 31))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(ROOT / "protocols", ROOT / "clinics", NOW.date())


@pytest.fixture
def reports(pool: asyncpg.Pool, catalogue: Catalogue) -> Reports:
    return Reports(pool, catalogue, now=lambda: NOW)


async def dosed(
    pool: asyncpg.Pool, name: str, at: datetime, *, clinic: str = "north", training: bool = False
) -> None:
    await pool.execute(
        "INSERT INTO journeys (journey_id, clinic, phase, training, protocol_version, patient_name)"
        " VALUES ($1, $2, 'INFUSION_SERIES', $3, '1', 'Ottoline Vane')",
        *(name, clinic, training),
    )
    await pool.execute(
        "INSERT INTO sessions (session_id, journey_id, clinic, modality, dosed_at, ended_at,"
        " result) VALUES ($1, $2, $3, 'iv_ketamine', $4, $4, '{\"pauses\": 1}')",
        *(f"{name}-infusion-1", name, clinic, at),
    )


async def dosed_days(reports: Reports, asked: Asked) -> int:
    report = await reports.report(ReportName.SESSIONS, asked, clinics=NORTH)
    assert report is not None
    return sum(line.model_dump()["dosed"] for line in report.lines)


async def test_a_period_is_whole_days_at_the_clinic(reports: Reports, pool: asyncpg.Pool) -> None:
    # 03:30 UTC on 1 June is still the evening of 31 May in New York.
    await dosed(pool, "journey-last-evening", datetime(2026, 6, 1, 3, 30, tzinfo=UTC))
    await dosed(pool, "journey-next-day", datetime(2026, 6, 1, 4, 0, tzinfo=UTC))

    assert await dosed_days(reports, MAY) == 1


async def test_few_are_shown_as_few_and_no_share_is_given(
    reports: Reports, pool: asyncpg.Pool
) -> None:
    at = datetime(2026, 5, 4, 14, tzinfo=UTC)
    for number in range(4):
        await dosed(pool, f"journey-{number}", at)
        for taken_at, total in ((at - timedelta(days=1), 20), (at + timedelta(days=1), 8)):
            await pool.execute(
                "INSERT INTO assessments (workflow_id, sequence, ordinal, journey_id, clinic,"
                " instrument, total, taken_at) VALUES ($1, $4, 0, $1, 'north', 'phq9', $2, $3)",
                *(f"journey-{number}", total, taken_at, total),
            )

    few = await reports.report(ReportName.RESPONSE, MAY, clinics=None)
    await dosed(pool, "journey-fifth", at)
    await pool.execute(
        "INSERT INTO assessments SELECT 'journey-fifth', sequence, ordinal, 'journey-fifth',"
        " clinic, instrument, total, suicidality, taken_at FROM assessments"
        " WHERE journey_id = 'journey-0'"
    )
    enough = await reports.report(ReportName.RESPONSE, MAY, clinics=None)

    assert few is not None
    assert enough is not None
    assert [(x.small, x.model_dump()["responded_percent"]) for x in few.lines] == [(True, None)]
    assert [(x.small, x.model_dump()["responded_percent"]) for x in enough.lines] == [(False, 100)]


async def test_training_journeys_are_reported_only_where_and_when_asked_for(
    pool: asyncpg.Pool, catalogue: Catalogue
) -> None:
    at = datetime(2026, 5, 4, 14, tzinfo=UTC)
    await dosed(pool, "journey-practice", at, training=True)
    training = MAY.model_copy(update={"training": True})
    here = Reports(pool, catalogue, with_training=True, now=lambda: NOW)

    assert await dosed_days(here, MAY) == 0
    assert await dosed_days(here, training) == 1
    with pytest.raises(Malformed):
        await Reports(pool, catalogue).report(ReportName.SESSIONS, training, clinics=None)


@pytest.mark.parametrize("clinic", ["south", "nowhere"])
async def test_a_clinic_that_is_not_ones_own_and_one_that_is_not_there_look_the_same(
    reports: Reports, clinic: str
) -> None:
    asked = MAY.model_copy(update={"clinic": clinic})

    assert await reports.report(ReportName.OVERDUE, asked, clinics=NORTH) is None


@pytest.mark.parametrize(
    ("first_on", "last_on"),
    [
        (date(2026, 6, 1), date(2026, 5, 1)),
        (date(2020, 1, 1), date(2026, 5, 1)),
        (date.min, date.min),
        (date.max, date.max),
    ],
)
async def test_a_period_that_cannot_be_is_refused(
    reports: Reports, first_on: date, last_on: date
) -> None:
    asked = Asked(first_on=first_on, last_on=last_on)

    with pytest.raises(Malformed):
        await reports.report(ReportName.RESPONSE, asked, clinics=None)


@pytest.mark.parametrize("name", ReportName)
async def test_every_report_is_a_table_of_numbers_and_codes_without_a_name(
    reports: Reports, pool: asyncpg.Pool, name: ReportName
) -> None:
    await dosed(pool, "journey-ottoline", datetime(2026, 5, 4, 14, tzinfo=UTC))

    report = await reports.report(name, MAY, clinics=NORTH)

    assert report is not None
    table = report_csv(report)
    assert table.splitlines()[0] == ",".join(columns_of(name))
    assert "Ottoline" not in table + report.model_dump_json()
    assert "journey-" not in table + report.model_dump_json()


def test_what_is_no_formula_stays_as_it_is() -> None:
    lines = [["a-b", -3, 2.5, None, True, date(2026, 5, 4), 'say "=", then'], [""] * 7]

    table = as_csv(tuple("abcdefg"), lines)

    assert table.splitlines()[1] == 'a-b,-3,2.5,,yes,2026-05-04,"say ""="", then"'


def test_nurses_and_patients_read_no_reports() -> None:
    assert frozenset(Role) - REPORT_READERS >= {Role.NURSE, Role.PATIENT, Role.SYSTEM}
