"""Forged, foreign, old and odd tokens: none opens the door, and none is told why."""

import base64
import hashlib
import hmac
import json
import time
import warnings
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import RSAAlgorithm

from api.auth import FetchedKeys, FixedKeys, IssuerUnreachable, Unauthenticated, Verifier
from schemas.base import Role

ISSUER = "https://issuer.example/"
AUDIENCE = "journey-engine"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
SMALL_RSA_KEY = rsa.generate_private_key(65537, 1024)
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def public(key: Any, kid: str, **more: str) -> dict[str, str]:
    algorithm = jwt.algorithms.ECAlgorithm if kid.startswith("ec") else RSAAlgorithm
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **more}


KEYS = [
    public(EC_KEY, "ec", use="sig"),
    public(EC_KEY, "ec-enc", use="enc"),
    public(EC_KEY, "ec-es512", alg="ES512"),
    public(RSA_KEY, "rsa", alg="RS256"),
    public(SMALL_RSA_KEY, "rsa-small"),
]
VERIFIER = Verifier(FixedKeys(KEYS), ISSUER, AUDIENCE)


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "dr-lee",
        "iat": now,
        "exp": now + 600,
        "roles": ["psychiatrist"],
        "clinic": "north",
    }
    return {name: value for name, value in (whole | changed).items() if value is not None}


def signed(
    content: Mapping[str, Any] | None = None,
    *,
    key: Any = EC_KEY,
    algorithm: str = "ES256",
    **headers: Any,
) -> str:
    header = {"kid": "ec", "typ": "at+jwt"} | headers
    header = {name: value for name, value in header.items() if value is not None}
    with warnings.catch_warnings(action="ignore"):  # a weak key on purpose
        return jwt.encode(dict(content or claims()), key, algorithm=algorithm, headers=header)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(algorithm: str) -> str:
    return f"{part({'alg': algorithm, 'kid': 'ec', 'typ': 'at+jwt'})}.{part(claims())}."


def signed_with_public_key_as_secret() -> str:
    pem = EC_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = f"{part({'alg': 'HS256', 'kid': 'ec', 'typ': 'at+jwt'})}.{part(claims())}"
    tag = hmac.new(pem, head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(tag).decode().rstrip('=')}"


def altered() -> str:
    head, _, signature = signed().split(".")
    return f"{head}.{part(claims(roles=['medical_director']))}.{signature}"


def embedded_key() -> str:
    own = public(OTHER_EC_KEY, "ec-own")
    return signed(key=OTHER_EC_KEY, jwk=own)


NOW = time.time()
FORGED: dict[str, str] = {
    "nothing": "",
    "no token at all": "x",
    "three dots": "a.b.c",
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "public key as a secret": signed_with_public_key_as_secret(),
    "HS256": signed(key="s" * 64, algorithm="HS256"),
    "ES512 key": signed(kid="ec-es512"),
    "EdDSA": signed(key=ED_KEY, algorithm="EdDSA"),
    "RS512": signed(key=RSA_KEY, algorithm="RS512", kid="rsa"),
    "RSA signature named by an EC key": signed(key=RSA_KEY, algorithm="RS256", kid="ec"),
    "EC signature named by an RSA key": signed(kid="rsa"),
    "weak RSA key": signed(key=SMALL_RSA_KEY, algorithm="RS256", kid="rsa-small"),
    "encryption key": signed(kid="ec-enc"),
    "another's key": signed(key=OTHER_EC_KEY),
    "its own key in the header": embedded_key(),
    "its own key set": signed(key=OTHER_EC_KEY, jku="https://evil.example/keys"),
    "its own certificate": signed(key=OTHER_EC_KEY, x5u="https://evil.example/cert"),
    "unknown key id": signed(kid="nobody"),
    "no key id": signed(kid=None),
    "key id as a path": signed(kid="../../dev/null"),
    "altered claims": altered(),
    "cut signature": signed()[:-6],
    "no signature": signed().rpartition(".")[0] + ".",
    "critical header": signed(crit=["exp"], exp=1),
    "logout token": signed(typ="logout+jwt"),
    "ID-token type of another kind": signed(typ="id+jwt"),
    "no type": signed(typ=""),
    "other issuer": signed(claims(iss="https://evil.example/")),
    "issuer without slash": signed(claims(iss=ISSUER.rstrip("/"))),
    "no issuer": signed(claims(iss=None)),
    "other audience": signed(claims(aud="billing")),
    "no audience": signed(claims(aud=None)),
    "many audiences and no party": signed(claims(aud=[AUDIENCE, "billing"])),
    "expired": signed(claims(iat=NOW - 900, exp=NOW - 120)),
    "no expiry": signed(claims(exp=None)),
    "expiry as text": signed(claims(exp="tomorrow")),
    "never ends": signed(claims(exp=1e30)),
    "lives longer than a day": signed(claims(exp=NOW + 25 * 3600)),
    "ends before it began": signed(claims(iat=NOW + 30, exp=NOW + 10)),
    "from the future": signed(claims(iat=NOW + 600, exp=NOW + 900)),
    "not yet valid": signed(claims(nbf=NOW + 600)),
    "no beginning": signed(claims(iat=None)),
    "beginning as truth": signed(claims(iat=True)),
    "no subject": signed(claims(sub=None)),
    "subject is empty": signed(claims(sub="")),
    "subject with a newline": signed(claims(sub="dr-lee\nrole=ops")),
    "endless subject": signed(claims(sub="x" * 500)),
    "roles as a number": signed(claims(roles=7)),
    "roles with an object": signed(claims(roles=[{"role": "ops"}])),
    "sign-in as text": signed(claims(auth_time="yesterday")),
    "sign-in as truth": signed(claims(auth_time=True)),
    "sign-in beyond all time": signed(claims(auth_time=1e30)),
    "too long": signed(claims(padding="x" * 9000)),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
async def test_a_token_that_cannot_be_trusted_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        await VERIFIER.verify(f"Bearer {token}")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic YTpi", "bearer ", "Bearer  "])
async def test_a_header_without_a_bearer_token_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        await VERIFIER.verify(header)


async def test_a_good_token_says_who_and_in_which_roles_and_where() -> None:
    token = signed(claims(roles=["psychiatrist", "astrologer"], clinic=["north", "south"]))

    identity = await VERIFIER.verify(f"Bearer {token}")

    assert identity.subject == "dr-lee"
    assert identity.roles == {Role.PSYCHIATRIST}
    assert identity.clinics == {"north", "south"}


async def test_when_somebody_signed_in_is_read_from_the_token_or_unknown() -> None:
    known = await VERIFIER.verify(f"Bearer {signed(claims(auth_time=NOW - 60))}")
    unknown = await VERIFIER.verify(f"Bearer {signed()}")

    assert known.signed_in_at is not None
    assert known.signed_in_at.timestamp() == pytest.approx(NOW - 60, abs=0.001)
    assert unknown.signed_in_at is None


async def test_an_rsa_signed_token_is_as_good() -> None:
    token = signed(key=RSA_KEY, algorithm="RS256", kid="rsa", typ="JWT")

    assert (await VERIFIER.verify(f"bearer {token}")).subject == "dr-lee"


async def test_a_token_a_minute_off_is_still_good() -> None:
    token = signed(claims(iat=NOW + 30, nbf=NOW + 30, exp=NOW + 600))

    assert (await VERIFIER.verify(f"Bearer {token}")).subject == "dr-lee"


class Issuer:
    """Counts how often its keys are asked for; silent while `away`."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self.now = 1_000.0

    async def fetch(self) -> list[dict[str, str]]:
        self.asked += 1
        if self.away:
            raise OSError
        return KEYS

    def clock(self) -> float:
        return self.now


async def test_unknown_key_ids_cannot_make_us_hammer_the_issuer() -> None:
    issuer = Issuer()
    keys = FetchedKeys(issuer.fetch, issuer.clock)

    for n in range(1_000):
        await keys.find(f"invented-{n}")

    assert issuer.asked == 1


async def test_a_new_key_is_found_after_half_a_minute() -> None:
    issuer = Issuer()
    keys = FetchedKeys(issuer.fetch, issuer.clock)
    await keys.find("nobody")

    issuer.now += 31
    await keys.find("nobody")

    assert issuer.asked == 2


async def test_known_keys_go_on_counting_while_the_issuer_is_away() -> None:
    issuer = Issuer()
    keys = FetchedKeys(issuer.fetch, issuer.clock)
    await keys.find("ec")

    issuer.away = True
    issuer.now += 3_600

    assert await keys.find("ec") is not None


async def test_keys_older_than_a_day_are_not_believed() -> None:
    issuer = Issuer()
    keys = FetchedKeys(issuer.fetch, issuer.clock)
    await keys.find("ec")

    issuer.away = True
    issuer.now += 25 * 3_600

    with pytest.raises(IssuerUnreachable):
        await keys.find("ec")
