"""Faxes to the spray's safety programme: a folder in place of a line, or its honest absence."""

import asyncio
import hashlib
import os
import threading
from pathlib import Path

from schemas.safety_program import FaxForm


class NoFaxLine(Exception):  # noqa: N818 - how the deployment is, not a fault
    """No fax line and no folder in its place is configured."""

    final = True


class FaxFolder:
    """A folder instead of a line. One file for one revision of a form, written whole, so that
    sending twice leaves one. It holds patient data: only its owner may read it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, form: FaxForm) -> str:
        """Write the form; its file's name is the receipt."""
        return await asyncio.to_thread(self._write, form)

    def _write(self, form: FaxForm) -> str:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        receipt = hashlib.sha256(form.form_id.encode()).hexdigest()[:32]
        beside = self._folder / f".{receipt}.{os.getpid()}.{threading.get_ident()}"
        beside.write_text(form.model_dump_json(indent=1))
        beside.chmod(0o600)
        beside.replace(self._folder / f"{receipt}.json")
        return receipt


class NoFax:
    """A deployment without a line: a person sends the form, and the journey says so."""

    async def send(self, _form: FaxForm) -> str:
        raise NoFaxLine
