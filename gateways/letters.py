"""Where letters are filed: as FHIR R4 Communications in a folder that the other side collects."""

import asyncio
import hashlib
import os
import threading
from pathlib import Path

from fhir.resources.R4B.communication import Communication

from schemas.health_record import Letter, Milestone

WORDS = {
    Milestone.EVALUATED: "has been evaluated and goes on to medical screening",
    Milestone.SERIES_FINISHED: "has finished a series and is being reevaluated",
    Milestone.TREATMENT_ENDED: "is no longer treated here and is referred onward",
    Milestone.CLOSED: "has left our follow-up; the course is closed",
    Milestone.SESSIONS_MISSED: "has missed sessions one after the other; please reach out",
    Milestone.PRESSURE_HIGH: "needs blood pressure and medicines reviewed before the next session",
    Milestone.SUICIDE_RISK_MODERATE: "has shown signs of a moderate suicide risk; please call us",
    Milestone.SUICIDE_RISK_HIGH: "has shown signs of a high suicide risk; please call us today",
    Milestone.SERIOUS_EVENT: "has had a serious adverse event; please call us today",
}


class NoLetterBox(Exception):  # noqa: N818 - how the deployment is, not a fault
    """No folder for letters is configured."""

    final = True


class LetterFolder:
    """A folder that a health record's own import collects. One file for one letter: written whole
    under the letter's own name, so that filing twice leaves one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def file(self, letter: Letter) -> str:
        """Write the letter; its file name is the reference."""
        return await asyncio.to_thread(self._write, letter)

    def _write(self, letter: Letter) -> str:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = hashlib.sha256(letter.letter_id.encode()).hexdigest()[:32] + ".json"
        beside = self._folder / f".{name}.{os.getpid()}.{threading.get_ident()}"
        beside.write_text(as_communication(letter).model_dump_json(indent=1))
        beside.chmod(0o600)
        beside.replace(self._folder / name)
        return name


class NoFolder:
    """A deployment that names no folder: letters cannot be filed, and the journey says so."""

    async def file(self, _letter: Letter) -> str:
        raise NoLetterBox


def as_communication(letter: Letter) -> Communication:
    """The letter as a FHIR R4 Communication, patient and recipient contained."""
    name = f"{letter.patient.given_name} {letter.patient.family_name}"
    watermark = "TRAINING, about nobody real. " if letter.training else ""
    return Communication.model_validate(
        {
            "resourceType": "Communication",
            "status": "completed",
            "identifier": [{"system": "urn:treatment-journey:letters", "value": letter.letter_id}],
            "contained": [
                {
                    "resourceType": "Patient",
                    "id": "patient",
                    "name": [
                        {
                            "family": letter.patient.family_name,
                            "given": [letter.patient.given_name],
                        }
                    ],
                    "birthDate": letter.patient.birth_date.isoformat(),
                },
                {
                    "resourceType": "Practitioner",
                    "id": "provider",
                    "name": [{"text": letter.to.name}],
                },
            ],
            "subject": {"reference": "#patient"},
            "recipient": [{"reference": "#provider"}],
            "sender": {"display": letter.clinic_name},
            "sent": letter.written_at.isoformat(),
            "payload": [{"contentString": f"{watermark}{name} {WORDS[letter.milestone]}."}],
        }
    )
