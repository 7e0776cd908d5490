"""What is wrong with a protocol file: the line, the name, the rule that refuses it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` counts from 1; `name` is the parameter or approval; `rule` says what is allowed."""

    line: int
    name: str
    rule: str


class RuleBroken(ValueError):  # noqa: N818 - what happened to the rule
    """A written value that a rule refuses; its text is the rule."""


class ProtocolRefused(Exception):  # noqa: N818 - the word a medical director reads
    """A protocol file that does not load, with every problem found in it."""

    def __init__(self, file_name: str, problems: tuple[Problem, ...]) -> None:
        self.file_name = file_name
        self.problems = problems
        lines = (f"{file_name}:{p.line}: {p.name}: {p.rule}" for p in problems)
        super().__init__("\n".join(lines))
