"""The journal by link, one question a page: what was said so far travels in the form itself.

The question about suicidal thoughts sends the entry as soon as its answer tells of danger: nobody
who says so has to answer one more question before a person hears of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NUMBERS: Final[Mapping[str, int]] = {"mood": 10, "sleep": 10, "energy": 10}
"""Question -> the highest number; the lowest is 0."""
THOUGHTS: Final = "suicidal_thoughts"
MOST_THOUGHTS: Final = 3
TEXTS: Final = ("side_effects", "text")
STEPS: Final = ("mood", "sleep", "energy", "side_effects", THOUGHTS, "text")
LONGEST_TEXT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry on its way. `step`: the question to ask next, None after the last.
    `trouble`: why the last answer cannot be taken."""

    answers: Mapping[str, str] = field(default_factory=dict)
    step: str | None = STEPS[0]
    trouble: str | None = None

    @classmethod
    def of(cls, fields: Mapping[str, str], *, keep_step: bool = False) -> "Entry":
        """What a form says, and which question follows. `keep_step`: ask the same one again."""
        asked = fields.get("step", STEPS[0])
        step = asked if asked in STEPS else STEPS[0]
        skipped = step if fields.get("do") == "skip" and step != THOUGHTS else None
        answers = {
            name: said
            for name in STEPS
            if name != skipped and (said := fields.get(name, "").replace("\0", "").strip())
        }
        if keep_step or "step" not in fields:
            return cls(answers, step)
        trouble = _trouble(answers, step, skipped=skipped is not None)
        if trouble:
            return cls(answers, step, trouble)
        return cls(answers, _after(step, answers))

    @property
    def complete(self) -> bool:
        """Whether nothing more is asked."""
        return self.step is None

    @property
    def tells_danger(self) -> bool:
        """Whether the patient has thought of death or of hurting themselves."""
        return self.answers.get(THOUGHTS, "0") != "0"

    def back(self) -> "Entry":
        """The last question again: what was said could not be taken down just now."""
        return Entry(self.answers, THOUGHTS if self.tells_danger else STEPS[-1])

    def content(self) -> dict[str, object]:
        """The entry as the journey takes it; what was skipped is left out."""
        numbers = {name: int(self.answers[name]) for name in NUMBERS if name in self.answers}
        texts = {name: self.answers[name] for name in TEXTS if name in self.answers}
        return {**numbers, **texts, THOUGHTS: int(self.answers[THOUGHTS])}


def _trouble(answers: Mapping[str, str], step: str, *, skipped: bool) -> str | None:
    """Every answer is held to its range, for a form can be made by anybody."""
    if any(not _in_range(said, NUMBERS[name]) for name, said in answers.items() if name in NUMBERS):
        return "no_number"
    if any(len(answers.get(name, "")) > LONGEST_TEXT for name in TEXTS):
        return "too_long"
    thoughts = answers.get(THOUGHTS)
    if thoughts is not None and not _in_range(thoughts, MOST_THOUGHTS):
        return "no_choice"
    if step == THOUGHTS or STEPS.index(step) > STEPS.index(THOUGHTS):
        return "no_choice" if thoughts is None else None
    return "no_number" if step in NUMBERS and step not in answers and not skipped else None


def _after(step: str, answers: Mapping[str, str]) -> str | None:
    if step == THOUGHTS and answers[THOUGHTS] != "0":
        return None
    following = STEPS.index(step) + 1
    return STEPS[following] if following < len(STEPS) else None


def _in_range(said: str, most: int) -> bool:
    return said.isascii() and said.isdigit() and len(said) < 3 and int(said) <= most
