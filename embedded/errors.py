"""Why a stack could not be run; each message is written for the person who started it."""


class StackError(Exception):
    """The embedded stack could not run."""
