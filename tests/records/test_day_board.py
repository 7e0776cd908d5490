"""Who sits in the chairs, read from PostgreSQL in one statement, by clinic."""

from datetime import UTC, datetime

import asyncpg

from records.appointments import AppointmentStore
from service.day_board import RecordedPatients
from tests.records.test_clinic_day import MONDAY, wish

A_MOMENT = datetime(2026, 12, 7, 9, tzinfo=UTC)
JOURNEY = """
INSERT INTO journeys (journey_id, clinic, phase, training, protocol_version, patient_name)
VALUES ($1, 'north', 'INFUSION_SERIES', true, 'standard-1', $2)
"""
SESSION = """
INSERT INTO sessions (session_id, journey_id, clinic, phase, number, checked_in_at)
VALUES ($1, $2, 'north', 'PRE_CHECK', 3, $3)
"""


async def test_the_board_knows_its_patients_and_another_clinic_does_not(pool: asyncpg.Pool) -> None:
    book, patients = AppointmentStore(pool), RecordedPatients(pool)
    for number, name in ((1, "Casimir Quillfeather"), (2, "Ottoline Pennyworth")):
        await book.reserve(wish(number, MONDAY.replace(hour=13 + 4 * number - 4)))
        await pool.execute(JOURNEY, f"journey-{number}", name)
    await pool.execute(SESSION, "journey-1-infusion-1", "journey-1", A_MOMENT)
    ids = ["journey-1-infusion-1", "journey-2-infusion-1"]

    found = {p.session_id: p for p in await patients.of(ids, clinics=frozenset({"north"}))}

    arrived, booked = (found[session] for session in ids)
    assert (arrived.patient_name, arrived.number) == ("Casimir Quillfeather", 3)
    assert arrived.checked_in_at == A_MOMENT
    assert (booked.patient_name, booked.number) == ("Ottoline Pennyworth", None)
    assert await patients.of(ids, clinics=frozenset({"south"})) == ()
