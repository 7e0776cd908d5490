"""Every log line of a process, in one chain, with nothing about a patient in it.

An allow-list at the root decides: an event word, ids, codes, counts and times pass; every other
value is `[redacted]`. Exceptions keep their type and where they rose, never their words, for
messages quote what they choked on. The SDK's and its core's lines take the same way.
"""

import contextlib
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO
from uuid import UUID

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from temporalio import workflow

from runtime.settings import LogFormat, Settings, unknown_variables

REDACTED = "[redacted]"
MAX_FRAMES = 12
MAX_CHAIN = 5

SAFE_FIELDS = frozenset(
    {
        # where and when
        "timestamp", "level", "logger", "process", "pid", "port", "address", "host", "url",
        "environment", "namespace", "queue", "queues", "task_queue", "path", "folder",
        "component", "service",
        # the engine
        "workflow_id", "workflow_type", "run_id", "parent_id", "activity", "activity_id",
        "attempt", "signal", "update", "query", "update_id", "history_length", "status",
        "reason_code", "build_id", "identity",
        # our nouns, by id and code only
        "journey_id", "session_id", "task_id", "approval_id", "event_id", "notification_id",
        "command_id_hash", "occurrence", "phase", "kind", "role", "clinic", "clinic_code",
        "protocol_version", "version", "template", "channel", "outcome", "code", "codes",
        "sequence", "sequences", "first_sequence", "last_sequence", "first", "last", "migration",
        "key_id", "key_ids", "acceptance", "provider_id", "fact", "command_kind", "check",
        # a member of staff by the identity provider's id, for the trail of who opened what
        "subject",
        # requests
        "method", "route", "request_id", "http_status",
        # counts and times
        "count", "events", "journeys", "sent", "failed", "skipped", "retries", "delay_s",
        "duration_ms", "duration_s", "seconds", "due_at", "next_at", "started_at", "exit_code",
        "signum",
        "restarts", "bytes", "size", "capacity", "pool_size", "error_type", "error_code",
        "sqlstate", "variables",
    }
)  # fmt: skip
"""Fields that pass, provided that the value looks like an id, a code, a count or a time."""

KEPT_AS_MADE = frozenset({"event", "raised"})
"""Fields that this module itself makes."""

EVENT_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,79}")
CODE_LIKE = re.compile(r"[A-Za-z0-9_.:/@~+,*{}\[\]-]{0,200}")
ERROR_NAME = re.compile(
    r"[A-Za-z0-9_]*(Error|Exception|Timeout|Unavailable|Unreachable|Conflict|Gap|Refused|Exit)"
)
"""What `error=` may say: a type, never a message."""

SENTENCE_START = re.compile(r"[A-Za-z0-9_ .,/-]*")

LITERAL_LOGGERS = ("temporalio", "asyncio", "uvicorn.error", "stamina")
"""Libraries whose message, up to its first quote, colon or bracket, is a fixed sentence."""

SHARED_LOGGERS = ("temporalio.workflow", "temporalio.activity")
"""Our own code writes through these too: an event word, or a sentence the SDK is known for."""

OUR_LOGGERS = (
    "runtime", "activities", "records", "gateways", "workflows", "service", "api", "console",
    "terminal", "embedded", "simulator", "worker", "server", *SHARED_LOGGERS,
)  # fmt: skip
"""Where a single word is an event of ours; elsewhere it may be somebody's name."""

SDK_SENTENCES = frozenset(
    {
        "Completing activity as failed",
        "Completing as cancelled",
        "Completing async",
        "Starting activity",
        "Cancelling activity",
        "Failed completing activity task",
    }
)


def configure(settings: Settings, process_name: str, *, stream: TextIO | None = None) -> None:
    """Set up logging for this process; a second call replaces the first. Lines go to `stream`
    (standard error): standard output belongs to a command's answer."""
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with("process", process_name),
    ]
    structlog.configure(
        processors=[drop_replayed, *chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _SilentOnError(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[reduce_foreign, *chain],
            processors=[
                reduce_exception,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact,
                _renderer(settings.log_format),
            ],
            use_get_message=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    _route_the_rest()
    unknown = unknown_variables()
    if unknown:
        structlog.get_logger("runtime.settings").warning("settings_unknown", variables=unknown)


def drop_replayed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A workflow that is replayed tells its story again; it was logged the first time."""
    if workflow.in_workflow() and workflow.unsafe.is_replaying():
        raise structlog.DropEvent
    return event


def reduce_foreign(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A line of the standard library: its fixed words, its place, the engine's ids."""
    record = event.get("_record")
    if not isinstance(record, logging.LogRecord):
        return event
    event["event"] = _fixed_words(record)
    event["exc_info"] = record.exc_info
    for name in ("temporal_workflow", "temporal_activity"):
        event.update(_engine_ids(getattr(record, name, None)))
    core = getattr(record, "temporal_log", None)
    if core is not None:
        event.update(_engine_ids(core.fields))
    for name, value in vars(record).items():
        if name in SAFE_FIELDS and name not in event and name not in {"process", "path"}:
            event[name] = value
    return event


def reduce_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Exceptions become their types and places; text that was already formatted is dropped."""
    info = event.pop("exc_info", None)
    for name in ("raised", "exception", "stack", "stack_info", "exc_text"):
        event.pop(name, None)
    error = _error_of(info)
    if error is not None:
        event["raised"] = [_told(each) for each in _chain(error)]
    return event


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The root of the chain: nothing leaves but what the allow-list names and recognises."""
    told = event.get("event")
    own = isinstance(told, FixedWords)
    if not own and not (isinstance(told, str) and EVENT_WORD.fullmatch(told)):
        event["event"] = REDACTED
    for name, value in event.items():
        if name in KEPT_AS_MADE:
            continue
        if name == "error" and isinstance(value, str) and ERROR_NAME.fullmatch(value):
            continue
        if name not in SAFE_FIELDS or not _harmless(value):
            event[name] = REDACTED
    event["event"] = str(event["event"])
    return event


class _SilentOnError(logging.StreamHandler[TextIO]):
    """A line that cannot be written is counted as lost; the library's own complaint would print
    the message and its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 the library's name
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(f'{{"event": "log_line_lost", "level": "{record.levelname}"}}\n')


class FixedWords(str):
    """A message that is a library's own fixed sentence."""

    __slots__ = ()


def _fixed_words(record: logging.LogRecord) -> str:
    place = f"{Path(record.pathname).name}:{record.lineno}"
    text = record.msg if isinstance(record.msg, str) else ""
    text = text.split(" ({", 1)[0]  # where the SDK puts the ids, which we carry as fields
    if _under(record.name, OUR_LOGGERS) and EVENT_WORD.fullmatch(text):
        return FixedWords(text)
    if _under(record.name, SHARED_LOGGERS) and text in SDK_SENTENCES:
        return FixedWords(text)
    if _under(record.name, LITERAL_LOGGERS) and not _under(record.name, SHARED_LOGGERS):
        found = SENTENCE_START.match(text)
        words = found.group().strip() if found else ""
        return FixedWords(f"{words[:120]} ({place})")
    return FixedWords(f"{REDACTED} ({place})")


def _under(name: str, loggers: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in loggers)


def _engine_ids(details: object) -> dict[str, Any]:
    """Ids from what the SDK attaches, under the names our own lines use."""
    if not isinstance(details, Mapping):
        return {}
    names = {
        "workflow_id": "workflow_id",
        "run_id": "run_id",
        "workflow_run_id": "run_id",
        "workflow_type": "workflow_type",
        "activity_type": "activity",
        "activity_id": "activity_id",
        "attempt": "attempt",
        "task_queue": "task_queue",
    }
    return {ours: details[theirs] for theirs, ours in names.items() if theirs in details}


def _harmless(value: object) -> bool:
    match value:
        case None | bool() | int() | float() | datetime() | date() | UUID():
            return True
        case Enum():
            return _harmless(value.value)
        case str():
            return CODE_LIKE.fullmatch(value) is not None
        case Path():
            return _harmless(str(value))
        case list() | tuple() | set() | frozenset():
            return len(value) <= 50 and all(_harmless(each) for each in value)
        case _:
            return False


def _error_of(info: object) -> BaseException | None:
    match info:
        case BaseException():
            return info
        case (_, BaseException() as error, _):
            return error
        case True:
            return sys.exc_info()[1]
        case _:
            return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < MAX_CHAIN:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _told(error: BaseException) -> dict[str, object]:
    """One exception: its type and the last frames, `file:line function`, no source lines."""
    frames = [
        f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return {"type": type(error).__qualname__, "frames": frames[-MAX_FRAMES:]}


def _with(name: str, value: object) -> Processor:
    def add(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event[name] = value
        return event

    return add


def _renderer(log_format: LogFormat) -> Processor:
    match log_format:
        case LogFormat.JSON:
            return structlog.processors.JSONRenderer(sort_keys=False, default=str)
        case LogFormat.CONSOLE:
            return structlog.dev.ConsoleRenderer(colors=False)


def _route_the_rest() -> None:
    """What would print on its own goes through the chain: warnings quote the values they are
    about, and so does the traceback of an exception nobody caught."""
    logging.captureWarnings(True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    # A path holds ids and a query string may hold anything; the API logs its own requests.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)

    # A hook that somebody else has put there (a test runner) is left alone.
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _uncaught
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _uncaught_in_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _unraisable


def _uncaught(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        _tell_uncaught((kind, error, place))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if not issubclass(args.exc_type, SystemExit):
        _tell_uncaught((args.exc_type, args.exc_value, args.exc_traceback))


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    _tell_uncaught((args.exc_type, args.exc_value, args.exc_traceback))


def _tell_uncaught(info: object) -> None:
    structlog.get_logger("runtime.process").critical("uncaught_exception", exc_info=info)
