"""The public keys that signed decisions are verified with, and how a later set replaces them."""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Command

KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""The first half of the SHA-256 of a public key, in hexadecimal: 16 characters."""

PublicKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""An Ed25519 public key: 32 bytes, base64url without padding."""

Seal = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{86}$")]
"""An Ed25519 signature: 64 bytes, base64url without padding."""

MOST_KEYS = 20


class AdoptDecisionKeys(Command):
    """The keys that decisions are signed with from now on, vouched for by keys known before.

    `issued_ms`: when this set was made (milliseconds since 1970); an older set is refused.
    `required`: decisions must be signed from now on; never taken back. `signatures`: key id ->
    signature over the rest, one for each key the deployment still holds.
    """

    issued_ms: Annotated[int, Field(ge=0)]
    keys: Annotated[dict[KeyId, PublicKey], Field(min_length=1, max_length=MOST_KEYS)]
    required: bool = False
    signatures: Annotated[dict[KeyId, Seal], Field(min_length=1, max_length=MOST_KEYS)]
