"""Takes the pictures of the README: a browser looks at a training stack in mid-story.

`python docs/screenshots.py`; needs a `chromium` on the PATH, and nothing but Python otherwise.
Look at each picture before it is committed.
"""

import asyncio
import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from schemas.base import Role  # noqa: E402
from service.training_issuer import TrainingIssuer  # noqa: E402
from simulator.demo_story import tell  # noqa: E402
from simulator.http_door import HttpDoor  # noqa: E402
from simulator.stack import Stack, running_stack  # noqa: E402

IMAGES = ROOT / "docs" / "images"
STEPS_TOLD = 11  # the series has begun, one session was missed, the next one is booked
SETTLE_S = 4.0
TRIES = 60
COLUMNS = ("Status", "Workflow ID", "JourneyPhase", "AwaitingRole", "SessionNumber", "NextActionAt")


class Browser:
    """A headless Chromium over its debugging pipe (file descriptors 3 and 4)."""

    def __init__(self, profile: Path) -> None:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        if program is None:
            sys.exit("docs/screenshots.py: no chromium on the PATH")
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}', program]
            + ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
            + ["--disable-background-networking", "--remote-debugging-pipe"]
            + [f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(theirs_in, theirs_out),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._numbers = itertools.count(1)
        self._read = b""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        self.ask("Page.enable")

    def ask(self, method, **given):
        """One command to the page."""
        return self._ask(method, session=self._session, **given)

    def run(self, script):
        """A script in the page."""
        return self.ask("Runtime.evaluate", expression=script, awaitPromise=True)

    def picture(self, name, address, width, height, *, shows, prepare="", then_shows=""):
        """The page at `address` as `docs/images/<name>.png`, once it shows a text."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )
        self.ask("Page.navigate", url=address)
        self._until(shows)
        if prepare:
            self._until(then_shows, doing=prepare)
        time.sleep(SETTLE_S)
        taken = self.ask("Page.captureScreenshot", format="png")["data"]
        (IMAGES / f"{name}.png").write_bytes(base64.b64decode(taken))
        print(f"docs/images/{name}.png")

    def _until(self, text, doing=""):
        script = f"document.body.innerText.includes({json.dumps(text)})"
        for _ in range(TRIES):
            if doing:
                self.run(doing)
            time.sleep(0.5)
            if self.run(script)["result"].get("value"):
                return
        seen = self.run("document.body.innerText")["result"].get("value")
        raise RuntimeError(f"the page never showed {text!r}, but:\n{seen}")

    def close(self):
        self._process.terminate()
        self._process.wait(10)

    def _ask(self, method, session=None, **given):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": given}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self):
        while b"\0" not in self._read:
            piece = os.read(self._in, 1 << 20)
            if not piece:
                raise RuntimeError("the browser has gone")
            self._read += piece
        line, _, self._read = self._read.partition(b"\0")
        return json.loads(line)


async def tell_some(stack: Stack) -> tuple[str, str]:
    """The first steps of the demonstration's story, and a second referral that waits for its
    triage; the ids of both journeys."""
    door = HttpDoor(stack.addresses["api"], stack.settings)
    journey_id, told = "", 0
    async for journey_id, words in tell(stack, door):
        told += 1
        print(f"  {words}")
        if told == STEPS_TOLD:
            break
    second = (ROOT / "examples" / "referral.json").read_bytes()
    waiting_id = await door.refer("/v1/referrals", second, "application/json")
    await door.close()
    return journey_id, waiting_id


def columns(namespace: str) -> str:
    """The columns of the list as Temporal's UI keeps them in the browser."""
    return json.dumps({namespace: [{"label": label, "pinned": n < 2} for n, label in enumerate(COLUMNS)]})


def take(stack: Stack, journey_id: str, waiting_id: str, profile: Path) -> None:
    """Every picture."""
    at = stack.addresses
    token = TrainingIssuer.open(stack.settings).mint("cc-moreau", (Role.CARE_COORDINATOR,), ("north",))
    browser = Browser(profile)
    workflows = f"{at['temporal_ui']}/namespaces/{at['namespace']}/workflows"
    browser.ask(
        "Network.setCookie", name="journey-visit", value=token, url=at["console"], path="/console"
    )
    browser.picture(
        "temporal-card", f"{workflows}/{waiting_id}", 1360, 760, shows="Results will appear",
        prepare="[...document.querySelectorAll('a')].find(a => /User Metadata/.test(a.innerText)).click()",
        then_shows="Current Details",
    )
    browser.run(f"localStorage.setItem('namespace-workflow-table-columns', '{columns(at['namespace'])}')")
    browser.picture("temporal-list", workflows, 1660, 660, shows="infusion-5")
    browser.picture(
        "console-journey", f"{at['console']}/journeys/{journey_id}", 1000, 900, shows="Timeline"
    )
    browser.picture(
        "mail", at["mail"], 900, 640, shows="Your appointment",
        prepare="[...document.querySelectorAll('details')].find(d => /Your appointment/.test(d.innerText)).setAttribute('open', '')",
        then_shows="How to prepare",
    )
    browser.close()


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with running_stack() as stack, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        journey_id, waiting_id = asyncio.run(tell_some(stack))
        take(stack, journey_id, waiting_id, Path(profile))


if __name__ == "__main__":
    main()
