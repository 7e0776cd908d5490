"""`journey transfer JOURNEY`: what goes along with a patient to another clinic."""

from collections.abc import Coroutine

from terminal.carrying_out import carry_out


def transfer(journey: str) -> None:
    """Print the record of a transferred patient as the referral for the clinic that goes on, for
    `journey refer -`. First comes `journey send JOURNEY transfer_out FILE`."""

    def run() -> Coroutine[object, object, None]:
        from terminal.transfers import print_transfer

        return print_transfer(journey)

    carry_out("transfer", run)
