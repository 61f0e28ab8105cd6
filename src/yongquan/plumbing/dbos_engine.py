"""DBOS Transact as the engine of durable stories. Imported only by the process that tells or asks for one."""

import logging
from collections.abc import Mapping

from dbos import DBOS, DBOSClient
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL
from sqlalchemy.exc import OperationalError, ProgrammingError

from yongquan.kernel.errors import Outage
from yongquan.plumbing.durable import Story, StoryFailed, Work

SCHEMA = "durable"
QUEUE = "stories"
WORKFLOW = "tell_story"
APPLICATION = "yongquan"
VERSION = "1"  # raised when a story's steps change so that one under way could not go on
EXECUTOR = "yongquan"
POLL_S = 0.25


class DbosEngine:
    """DBOS on our PostgreSQL, in a schema of its own. Every call blocks: call it in a thread."""

    def __init__(self, conninfo: str) -> None:
        self._url = url_of(conninfo)
        self._client: DBOSClient | None = None

    def launch(self, stories: Mapping[str, Story]) -> None:
        """Execute stories, those that a dead process left behind first. Only the holder of the lease may."""
        _send_logs_to_root()
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": self._url,
                "dbos_system_schema": SCHEMA,
                "application_version": VERSION,
                "executor_id": EXECUTOR,
                "log_level": "WARNING",
                "enable_otlp": False,
                "sys_db_pool_size": 4,
                "use_listen_notify": False,
            }
        )

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
        async def tell_story(name: str, argument: str) -> str:
            return await stories[name](_Teller(), argument)

        DBOS.launch()
        DBOS.register_queue(QUEUE, polling_interval_sec=POLL_S, on_conflict="always_update")

    def stop(self) -> None:
        """Stop executing; what is under way stays pending."""
        DBOS.destroy(destroy_registry=True)

    def ask(self, name: str, key: str, argument: str) -> bool:
        """Ask for a story, once for a key; False while the first executor is still laying DBOS's tables."""
        try:
            if self._client is None:
                self._client = DBOSClient(
                    system_database_url=self._url,
                    dbos_system_schema=SCHEMA,
                    system_database_pool_size=2,
                    application_name=APPLICATION,
                    retry_connection_errors=False,
                )
            self._client.enqueue(
                {"queue_name": QUEUE, "workflow_name": WORKFLOW, "workflow_id": key, "app_version": VERSION},
                name,
                argument,
            )
        except ProgrammingError:
            return False
        except OperationalError as trouble:
            raise Outage(f"the database of stories: {trouble}") from trouble
        return True

    def answer(self, key: str) -> str | None:
        """The story's answer, None if it has none yet. Raises `StoryFailed`, `Outage`."""
        if self._client is None:
            return None
        try:
            status = self._client.retrieve_workflow(key).get_status()
        except OperationalError as trouble:
            raise Outage(f"the database of stories: {trouble}") from trouble
        if status.status == "SUCCESS":
            return str(status.output)
        if status.status in {"ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}:
            raise StoryFailed(f"{key} ended as {status.status}: {status.error}")
        return None

    def forget(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            self._client.destroy()
            self._client = None


class _Teller:
    async def step(self, name: str, work: Work) -> str:
        async def done() -> str:
            # DBOS awaits what it recognises as a coroutine function; a lambda or an object it would call and pickle.
            return await work()

        return await DBOS.run_step_async({"name": name}, done)

    async def sleep(self, seconds: float) -> None:
        await DBOS.sleep_async(seconds)


def url_of(conninfo: str) -> str:
    """A libpq connection string as SQLAlchemy wants it; the folder of a socket goes into the query."""
    parts = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    host = parts.get("host", "")
    if not host.startswith("/"):
        parts.pop("host", None)
    port = parts.pop("port", None)
    return URL.create(
        "postgresql+psycopg",
        username=parts.pop("user", None),
        password=parts.pop("password", None),
        host=host if "host" not in parts and host else None,
        port=int(port) if port else None,
        database=parts.pop("dbname", None),
        query=parts,
    ).render_as_string(hide_password=False)


def _send_logs_to_root() -> None:
    # With a handler there already DBOS adds none of its own; the root writes JSON lines.
    logger = logging.getLogger("dbos")
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = True
    logger.addFilter(_is_not_our_own_stop)


def _is_not_our_own_stop(record: logging.LogRecord) -> bool:
    # Stopping cancels the tasks that execute; what they were at stays pending, so nobody needs to hear of it.
    return not record.getMessage().startswith("Asyncio task cancelled")
