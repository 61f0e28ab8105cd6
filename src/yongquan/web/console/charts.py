"""Charts as the page's script draws them: kind, labels and series, in the reader's words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from yongquan.flows.watch_day import DayWatch
from yongquan.web.console.words import DeskWords
from yongquan.web.words import Words

HOURS = range(24)


@dataclass(frozen=True, slots=True)
class Series:
    """A named row of numbers; `money` numbers are yuan (for drawing only). `axis` 1 is the right one."""

    name: str
    values: Sequence[int | float]
    kind: Literal["bar", "line"] = "bar"
    axis: int = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, and the table of figures that says the same to who cannot see it."""

    name: str
    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    sideways: bool = False

    @property
    def document(self) -> str:
        """What the script reads."""
        series = [{"name": s.name, "values": list(s.values), "kind": s.kind, "axis": s.axis} for s in self.series]
        return json.dumps(
            {"labels": list(self.labels), "series": series, "sideways": self.sideways}, ensure_ascii=False
        )

    @property
    def is_empty(self) -> bool:
        return not any(any(series.values) for series in self.series)


def day_charts(watch: DayWatch, words: Words, desk_words: DeskWords) -> list[Chart]:
    """Claims and payments of a day by hour, and by industry."""
    say = words.speech.say
    claims, payments = watch.claims_by("hour"), watch.payments_by("hour")
    hours = Chart(
        "hours",
        say("按小时的领取与支付"),
        [f"{hour:02d}" for hour in HOURS],
        [
            Series(desk_words.chart("claims"), [claims[hour] for hour in HOURS]),
            Series(desk_words.chart("payments"), [payments[hour] for hour in HOURS], "line"),
        ],
    )
    claimed, paid = watch.claims_by("industry"), watch.payments_by("industry")
    industries = sorted({*claimed, *paid}, key=lambda code: (claimed[code] + paid[code], str(code)))
    names = [words.industry(str(code)) if code else desk_words.chart("general") for code in industries]
    by_industry = Chart(
        "industries",
        say("按行业的领取与支付"),
        names,
        [
            Series(desk_words.chart("claims"), [claimed[code] for code in industries]),
            Series(desk_words.chart("payments"), [paid[code] for code in industries]),
        ],
        sideways=True,
    )
    return [hours, by_industry]


def money_chart(name: str, title: str, rows: Mapping[str, Sequence[int]], series: Sequence[str]) -> Chart:
    """A chart of fen, drawn in yuan: one label a row, one number a series."""
    labels = list(rows)
    values = list(rows.values())
    return Chart(
        name,
        title,
        labels,
        [Series(series_name, [row[n] / 100 for row in values]) for n, series_name in enumerate(series)],
        sideways=True,
    )
