"""How much chance draws: so much in the suite, ten times as much for `--thorough`."""

times = 1


def drawn(examples: int) -> int:
    """So many examples of a property in the suite."""
    return examples * times
