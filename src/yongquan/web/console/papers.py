"""Pages that are also papers: one document of figures and tables, shown on screen and set as PDF."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from urllib.parse import quote

from fastapi import Response

from yongquan.plumbing.papers import make_paper
from yongquan.web.language import Speech


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its name."""

    name: str
    figure: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A table under a heading, and notes below it; the first column names the row."""

    name: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on the page."""

    title: str
    subtitle: str
    tiles: Sequence[Tile]
    blocks: Sequence[Block]


async def paper_file(paper: Paper, speech: Speech, *, name: str) -> Response:
    """The paper as a PDF to open in the browser. Raises `FontsMissing`."""
    facts = {**asdict(paper), "foot": speech.say("涌泉 · 城市消费券平台"), "lang": speech.language.value[:2]}
    template = (files("yongquan.web") / "papers/page.typ").read_text(encoding="utf-8")
    pdf = await asyncio.to_thread(make_paper, template, facts, title=paper.title)
    headers = {"Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}.pdf", "Cache-Control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)
