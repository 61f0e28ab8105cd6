"""Serve an ASGI application with uvicorn until it is told to stop; say one line when it accepts requests."""

import gc

import uvicorn
from starlette.types import ASGIApp


class Server(uvicorn.Server):
    """Uvicorn that prints where it listens once it does."""

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            print(f"Yongquan accepts requests at http://{self.config.host}:{self.config.port}", flush=True)  # noqa: T201


async def serve(application: ASGIApp, *, host: str, port: int) -> None:
    """Run until SIGINT or SIGTERM. Raises `SystemExit` if the port is taken."""
    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=4096,
        timeout_keep_alive=75,
        proxy_headers=False,
        server_header=False,
    )
    # What lives as long as the process is not looked at again: no collection pause in the middle of a round.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    await Server(config).serve()
