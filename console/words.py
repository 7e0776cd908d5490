"""Codes as words: `INFUSION_SERIES` reads "Infusion series" and is translated like any sentence."""

import re

ABBREVIATIONS = {
    "id": "ID",
    "iv": "IV",
    "rems": "REMS",
    "phq": "PHQ",
    "madrs": "MADRS",
    "sms": "SMS",
    "bp": "BP",
}


def in_words(code: str) -> str:
    """A code of any of our spellings (`SNAKE`, `snake`, `CamelCase`) as a sentence's beginning."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", code.replace("_", " ")).split()
    said = " ".join(ABBREVIATIONS.get(part.lower(), part.lower()) for part in parts)
    return said[:1].upper() + said[1:]


def place(workflow_id: str) -> tuple[str, str]:
    """Where something happened: in the journey, or on which treatment day (word, number)."""
    for word in ("infusion", "spray"):
        _, found, number = workflow_id.partition(f"-{word}-")
        if found:
            return word, number
    return "journey", ""
