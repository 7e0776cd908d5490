"""The program as it is run: it starts before its neighbours, says so, and stops when told."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.auth import IssuerUnreachable
from api.issuer_keys import build_verifier
from runtime.keys import KeyRing
from runtime.settings import Environment, Settings
from runtime.temporal import connect, ensure_search_attributes
from schemas.base import Role
from service.training_issuer import IssuerRefused, TrainingIssuer, mint_token
from tests.fixtures_temporal import free_port

pytestmark = pytest.mark.stack
ROOT = Path(__file__).parent.parent.parent
REFERRAL = (ROOT / "examples" / "referral.json").read_bytes()


@dataclass
class Running:
    """A server process and a client of it."""

    process: asyncio.subprocess.Process
    http: httpx.AsyncClient
    issuer_key: Path

    def bearer(self, role: Role) -> dict[str, str]:
        token = mint_token(Settings(training_issuer_key=self.issuer_key), role, "north")
        return {"Authorization": f"Bearer {token}", "content-type": "application/json"}


@asynccontextmanager
async def running(folder: Path, module: str = "server", **told: str) -> AsyncIterator[Running]:
    """The program with these settings, from its first answer to its end."""
    port = int(told.get("API_PORT", free_port()))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JOURNEY_")}
    ours = {
        "ENV_FILE": "",
        "API_PORT": str(port),
        "KEYS": str(folder / "keys.json"),
        "TRAINING_ISSUER_KEY": str(folder / "issuer.pem"),
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
    } | told
    environment = kept | {f"JOURNEY_{name}": value for name, value in ours.items()}
    command = ["-c", "import server; server.codec_main()"] if module == "codec" else ["server.py"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    reading = asyncio.create_task(process.stderr.read())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        try:
            await answers(http, process)
            yield Running(process, http, folder / "issuer.pem")
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()
            print((await reading).decode())


async def answers(http: httpx.AsyncClient, process: asyncio.subprocess.Process) -> None:
    for _ in range(300):
        assert process.returncode is None, "it ended instead of serving"
        try:
            await http.get("/healthz")
        except httpx.TransportError:
            await asyncio.sleep(0.1)
        else:
            return
    pytest.fail("it never answered")


async def test_it_starts_while_its_neighbours_are_away_and_says_so(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        alive = await server.http.get("/healthz")
        ready = await server.http.get("/readyz")
        coordinator = server.bearer(Role.CARE_COORDINATOR)
        refused = await server.http.post("/v1/referrals", content=REFERRAL, headers=coordinator)

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json() == {"ready": False, "temporal": False, "postgresql": False}
    assert refused.status_code == 503
    assert refused.headers["retry-after"]


async def test_a_stop_that_was_asked_for_ends_well(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        server.process.send_signal(signal.SIGTERM)
        code = await server.process.wait()

    assert code == 0


async def test_a_referral_is_kept_although_no_worker_runs_yet(
    tmp_path: Path, database_url: str, temporal_server: str
) -> None:
    client = await connect(Settings(temporal_address=temporal_server), keyring=KeyRing.in_memory())
    await ensure_search_attributes(client)
    neighbours = {"DATABASE_URL": database_url, "TEMPORAL_ADDRESS": temporal_server}
    async with running(tmp_path, **neighbours) as server:
        ready = await server.http.get("/readyz")
        coordinator = server.bearer(Role.CARE_COORDINATOR)
        kept = await server.http.post("/v1/referrals", content=REFERRAL, headers=coordinator)
        listed = await server.http.get("/v1/journeys", headers=coordinator)

    assert ready.status_code == 200
    assert kept.status_code == 202
    assert kept.headers["location"].startswith("/v1/journeys/journey-")
    assert listed.json()["items"] == []


async def test_the_codec_server_alone_needs_neither_neighbour(tmp_path: Path) -> None:
    async with running(tmp_path, "codec") as server:
        headers = server.bearer(Role.OPS)
        opened = await server.http.post("/decode", content=b'{"payloads": []}', headers=headers)
        elsewhere = await server.http.get("/v1/journeys", headers=headers)

    assert opened.status_code == 200
    assert elsewhere.status_code == 404


async def test_an_issuers_keys_are_found_through_its_own_description(tmp_path: Path) -> None:
    port = free_port()
    issuer = f"http://127.0.0.1:{port}/"
    told = {"API_PORT": str(port), "API_URL": issuer.rstrip("/"), "OIDC_ISSUER": issuer}
    async with running(tmp_path, **told) as server:
        settings = Settings(training_issuer_key=server.issuer_key, oidc_issuer=issuer)
        token = mint_token(settings, Role.NURSE, "north", "rn-quill")

        identity = await build_verifier(settings, None).verify(f"Bearer {token}")
        elsewhere = settings.model_copy(update={"oidc_issuer": issuer.rstrip("/")})
        with pytest.raises(IssuerUnreachable):
            await build_verifier(elsewhere, None).verify(f"Bearer {token}")

    assert identity.subject == "rn-quill"


async def test_an_issuers_keys_may_lie_in_a_file(tmp_path: Path) -> None:
    settings = Settings(
        training_issuer_key=tmp_path / "issuer.pem", oidc_jwks_url=str(tmp_path / "jwks.json")
    )
    token = mint_token(settings, Role.NURSE, "north,south", "rn-quill")
    (tmp_path / "jwks.json").write_text(json.dumps(TrainingIssuer.open(settings).jwks()))

    identity = await build_verifier(settings, None).verify(f"Bearer {token}")

    assert identity.clinics == {"north", "south"}


def test_the_issuers_key_is_its_owners_alone(tmp_path: Path) -> None:
    settings = Settings(training_issuer_key=tmp_path / "issuer.pem")

    first, second = (mint_token(settings, Role.OPS).split(".")[0] for _ in "12")

    assert first == second
    assert (tmp_path / "issuer.pem").stat().st_mode & 0o777 == 0o600


def test_no_tokens_are_made_in_production(tmp_path: Path) -> None:
    settings = Settings.model_construct(
        environment=Environment.PRODUCTION, training_issuer_key=tmp_path
    )

    with pytest.raises(IssuerRefused, match="training only"):
        mint_token(settings, Role.OPS)
