"""The desk speaks both languages: every sentence has its English with the same facts, and keeps codes to itself."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from babel.messages.extract import extract

from yongquan.kernel.regions import Regions
from yongquan.web.console import words
from yongquan.web.console.words import DeskWords, hundredths, percent
from yongquan.web.language import Language, speech

CHINESE = re.compile(r"[\u4e00-\u9fff]")
FACT = re.compile(r"%\(\w+\)s|%s")
SAID_IN_CODE = re.compile(r'say\("([^"]*[\u4e00-\u9fff][^"]*)"')


def said_at_the_desk() -> Iterator[str]:
    """Every msgid of the console."""
    web = Path(str(files("yongquan.web")))
    for file in sorted((web / "templates/console").glob("*.html")):
        with file.open("rb") as source:
            options = {"newstyle_gettext": "true"}
            for _, message, _, _ in extract("jinja2.ext:babel_extract", source, options=options):
                yield message if isinstance(message, str) else message[0]
    for name, listed in vars(words).items():
        if name.isupper() and isinstance(listed, dict):
            yield from listed.values()
    yield from (words.REFUSED_OTHERWISE, words.COMMAND_LINE, words.WHOLE_CITY)
    for file in sorted((web / "console").glob("*.py")):
        yield from SAID_IN_CODE.findall(file.read_text())


def test_every_sentence_of_the_desk_has_its_english_with_its_facts() -> None:
    english = speech(Language.ENGLISH).texts
    msgids = set(said_at_the_desk())

    assert len(msgids) > 200
    assert [msgid for msgid in msgids if CHINESE.search(english.gettext(msgid))] == []
    assert [m for m in msgids if sorted(FACT.findall(m)) != sorted(FACT.findall(english.gettext(m)))] == []


def test_grant_is_told_with_its_bounds() -> None:
    english = DeskWords(speech(Language.ENGLISH))
    nowhere = Regions(()).division

    assert english.grant("auditor/all/all", nowhere) == "Auditor (Whole city)"
    assert english.actor("command:demo", {}) == "Command line"
    assert english.actor("staff:1", {"staff:1": "陈一"}) == "陈一"


def test_rates_without_anything_to_divide_by_are_a_dash() -> None:
    assert (percent(None), hundredths(None)) == ("—", "—")
    assert (percent(7_995), hundredths(920)) == ("80.0%", "9.20")
