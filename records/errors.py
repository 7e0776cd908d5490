"""What can go wrong with the record, told without a word about anybody in it."""


class RecordError(Exception):
    """The record could not be read or written."""

    def __str__(self) -> str:
        return " ".join((self.__doc__ or "").split())


class SequenceConflict(RecordError):  # noqa: N818 - named for what happened
    """A different fact is on record under this sequence; the record keeps what it has."""


class SequenceGap(RecordError):  # noqa: N818
    """Facts before this batch are not on record yet; try again after them."""


class RecordUnavailable(RecordError):  # noqa: N818
    """The database is away or read-only. What was under way is unknown until it is looked up."""
