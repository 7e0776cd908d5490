"""Values that many journeys carry alike, kept once for all journeys of a worker.

A protocol is forty kilobytes in memory; a worker holds hundreds of sleeping journeys on a handful
of versions. Only equal, frozen values are ever shared, so nothing a journey can see depends on it.
"""

from schemas.protocol import Clinic, Protocol

_protocols: dict[tuple[str, str], Protocol] = {}
_clinics: dict[str, Clinic] = {}


def shared_protocol(protocol: Protocol) -> Protocol:
    """This protocol, or the equal one that another journey brought first."""
    known = _protocols.setdefault((protocol.code, protocol.version), protocol)
    return known if known == protocol else protocol


def shared_clinic(clinic: Clinic) -> Clinic:
    """This clinic, or the equal one that another journey brought first."""
    known = _clinics.setdefault(clinic.code, clinic)
    return known if known == clinic else clinic
