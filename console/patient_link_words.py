"""What was explained before a consent, in a patient's words."""

from collections.abc import Mapping
from typing import Final


def N_(sentence: str) -> str:  # noqa: N802 - the name by which sentences are found
    """Marks a sentence that a page translates."""
    return sentence


ELEMENTS: Final[Mapping[str, str]] = {
    "status": N_("Ketamine is approved as an anaesthetic; for depression it is used off-label."),
    "status_esk": N_("What esketamine nasal spray is approved for, and what it is not."),
    "evidence_limits": N_("What is known of how well and how long it helps, and what is not."),
    "alternatives": N_("Other treatments, and no treatment."),
    "procedure": N_("How a treatment day goes, how many there are, how you are watched."),
    "dissociation": N_("Feeling detached or dreamlike for a while."),
    "sedation": N_("Being very sleepy, rarely passing out."),
    "respiratory_depression": N_("Breathing may become too slow."),
    "bp": N_("Blood pressure rises for a while."),
    "abuse": N_("It can be misused, and some people come to depend on it."),
    "bladder": N_("Harm to the bladder, mostly with long or heavy use."),
    "liver": N_("Harm to the liver with repeated use."),
    "cognition": N_("Thinking is impaired that day; long-term effects are uncertain."),
    "suicidality": N_("Thoughts of suicide can come or come back; your safety plan."),
    "worsening": N_("Some people feel worse afterwards."),
    "pregnancy": N_("Harm to an unborn child; tell us at once of a pregnancy."),
    "driving": N_("No driving, machines or important decisions until the next day."),
    "escort": N_("An adult takes you home each time."),
    "contacts": N_("Whom to call at night and in a crisis."),
    "collaboration": N_("With whom we share what about your treatment."),
    "rems": N_("The safety programme, its forms, and at least two hours of watching."),
    "withdraw": N_("You may stop at any time, without losing other care."),
    "costs": N_("What it costs and what insurance pays."),
}
"""Element of a consent -> what it is about."""
