"""Everything that is not hot: a plain FastAPI application."""

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from yongquan.plumbing.db import Database


def make_site(database: Database) -> FastAPI:
    """The site's routes around an open database."""
    site = FastAPI(title="Yongquan 涌泉", version="0.1.0")

    @site.get("/healthz", tags=["operations"])
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @site.get("/readyz", tags=["operations"])
    async def readyz() -> dict[str, str]:
        async with database.transaction() as connection:
            await connection.execute("select 1")
        return {"status": "ready"}

    @site.get("/metrics", tags=["operations"])
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return site
