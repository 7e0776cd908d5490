"""A person asks that the record of their treatment be deleted."""

from datetime import date

from schemas.base import Command, ShortText


class RequestDeletion(Command):
    """The request as staff received it. `received_on`: the day, in the clinic's calendar, from
    which the time to answer counts. `words`: what was asked, if more than the whole record."""

    received_on: date
    words: ShortText = ""
