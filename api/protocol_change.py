"""A protocol that arrives as content is held to the same rules as one in a file."""

from api.problems import Problem
from clinical.protocol import ProtocolRefused, parse_protocol
from clinical.protocol_text import protocol_yaml
from schemas.base import Reason
from schemas.protocol import Protocol


def insist_on_safe_protocol(protocol: Protocol) -> None:
    """Raise `Problem` 422 with every rule that the protocol breaks: unknown names, values out of
    range, a safety parameter relaxed."""
    unknown = Reason(code="protocol_refused", text="the protocol cannot be read")
    try:
        parse_protocol(protocol_yaml(protocol), "protocol")
    except ProtocolRefused as refused:
        reasons = [
            Reason(code="protocol_refused", text=problem.rule, fact=problem.name)
            for problem in refused.problems
        ]
        raise Problem(422, "protocol_refused", *reasons) from None
    except (TypeError, ValueError, KeyError, AttributeError):
        raise Problem(422, "protocol_refused", unknown) from None
