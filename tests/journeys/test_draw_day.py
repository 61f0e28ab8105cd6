"""A draw in the browser: signed up for on the phone, drawn at the desk, checked by everybody."""

import hashlib
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from bank_app import command
from conftest import Town
from desk_people import enrol_demo, sign_in_with_demo_box
from draw_rounds import open_quick_draw
from people import sign_in, switch_language
from playwright.sync_api import BrowserContext, Page, expect

sys.path.insert(0, str(Path(__file__).parents[1] / "rooms/vouchers"))

from draw_world import plan_of, world

Phones = Callable[[], BrowserContext]
Check = Callable[[Page], None]
CHECK = """(file) => checkDraw(file, () => {}).then((done) => done.hash, (error) => "differs: " + error.message)"""


@pytest.fixture(scope="module")
def officer(town: Town) -> None:
    enrol_demo(town.data_dir)


def test_a_draw_from_sign_up_to_everybodys_check(phones: Phones, town: Town, officer: None, check_page: Check) -> None:
    citizen, desk, public = phones().new_page(), phones().new_page(), phones().new_page()
    desk.set_viewport_size({"width": 1280, "height": 900})
    sign_in(citizen)
    sign_in_with_demo_box(desk)
    quick = open_quick_draw(town.data_dir)

    citizen.goto(f"/c/rounds/{quick.round_id}")
    citizen.locator(f"[data-wish='{quick.types[1]}']").click(timeout=10_000)
    citizen.locator(f"[data-wish='{quick.types[0]}']").click()
    expect(citizen.locator(f"[data-wish='{quick.types[2]}']")).to_be_disabled()
    citizen.locator("#register").click()
    button = citizen.locator("#register")
    expect(button).to_have_attribute("data-state", "registered")
    citizen.locator("#withdraw").click()
    citizen.locator("#withdraw").click()
    expect(button).to_have_attribute("data-state", "open")
    citizen.locator(f"[data-wish='{quick.types[1]}']").click()
    citizen.locator(f"[data-wish='{quick.types[0]}']").click()
    button.click()
    expect(button).to_have_attribute("data-state", "registered")
    desk.goto(f"/console/draws/{quick.draw_id}")
    expect(desk.locator("#registered")).to_have_text("1")
    value = desk.locator("input[name=value]")
    value.wait_for(timeout=40_000)
    value.fill("03 08 14 21 27 33 + 09")
    desk.locator("#beacon-form button").click()

    expect(desk.locator("#live")).to_have_attribute("data-state", "published", timeout=40_000)
    expect(button).to_have_attribute("data-state", "won", timeout=30_000)
    expect(citizen.locator("#checks li[data-holds=true]")).to_have_count(5)
    expect(citizen.locator("#checks li[data-holds=false]")).to_have_count(0)
    citizen.goto("/c/wallet")
    expect(citizen.locator(".ticket")).to_have_count(2)
    public.goto(f"/draws/{quick.draw_id}")
    public.locator("#check-run").click()
    expect(public.locator("#check-result")).to_have_attribute("data-state", "good")
    citizen.goto(f"/c/rounds/{quick.round_id}")
    expect(citizen.locator("#checks li[data-holds=true]")).to_have_count(5)
    check_page(citizen)
    switch_language(citizen)
    expect(citizen.locator("#checks li[data-holds=true]")).to_have_count(5)
    check_page(citizen)


def test_an_officer_runs_the_published_analysis_and_everybody_can_read_the_plan(
    phones: Phones, town: Town, officer: None, check_page: Check, tmp_path: Path
) -> None:
    desk, public = phones().new_page(), phones().new_page()
    desk.set_viewport_size({"width": 1280, "height": 900})
    quick = open_quick_draw(town.data_dir)
    plan = tmp_path / "plan.yaml"
    window = "{starts_at: 2022-02-01T00:00:00+08:00, ends_at: 2022-02-02T00:00:00+08:00}"
    plan.write_text(f"round_id: {quick.round_id}\nhypothesis: winners spend more\nwindow: {window}\n")
    digest = command(town.data_dir, "effect", "publish", str(plan)).split()[-1]

    public.goto(f"/draws/{quick.draw_id}")
    public.locator(f"a[href='/draws/{quick.draw_id}/effect']").click()
    expect(public.locator("code.hash").first).to_have_text(digest)
    text = public.request.get(f"/draws/{quick.draw_id}/effect-plan.json").body()
    assert hashlib.sha256(text).hexdigest() == digest
    check_page(public)
    sign_in_with_demo_box(desk)
    desk.goto(f"/console/effect/draws/{quick.round_id}")
    desk.locator("#run button").click()

    expect(desk.locator("[role=alert]")).to_have_text("尚未摇号")


def test_the_browser_agrees_with_the_command_on_any_draw(phones: Phones, town: Town) -> None:
    page = phones().new_page()
    page.goto("/draws")
    for script in ("sha256", "draw_check"):
        page.add_script_tag(url=f"/static/base/{script}.js")

    for made in (
        *(world(count) for count in (0, 1, 2, 3, 5, 64, 300)),
        world(200, plan_of((9, 0, 50, 7), wishes_max=4)),
        world(90, plan_of((30, 6), quotas=((30, 0, 0), (2, 2, 2)), wishes_max=2)),
    ):
        document = json.loads(made.content)
        assert page.evaluate(CHECK, document) == document["winners"]["hash"]
    document = json.loads(world(300).content)
    other = json.loads(world(299).content)
    for tampered, named in (
        (document | {"beacon": "another"}, "differs: seed"),
        (document | {"secret": "ab" * 32}, "differs: commitment"),
        (document | {"list": other["list"]}, "differs: seed"),
        (document | {"list": document["list"] | {"records": other["list"]["records"]}}, "differs: list.count"),
        (document | {"winners": other["winners"]}, "differs: winners"),
        (document | {"quotas": other["quotas"]}, "differs: quotas"),
    ):
        assert page.evaluate(CHECK, tampered).startswith(named)


def test_an_officer_announces_a_draw(phones: Phones, town: Town, officer: None) -> None:
    page = phones().new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    sign_in_with_demo_box(page)
    quick = open_quick_draw(town.data_dir, announced=False)

    page.goto("/console/draws")
    page.locator(f"a[href$='{quick.round_id}']").click()
    closes = page.locator("input[name=closes_at]")
    opens_at = closes.get_attribute("min")
    assert opens_at is not None
    from datetime import datetime

    for n, name in enumerate(("closes_at", "beacon_at", "reveal_by"), start=1):
        moment = datetime.fromisoformat(opens_at) + timedelta(hours=2 * n)
        page.locator(f"input[name={name}]").fill(moment.strftime("%Y-%m-%dT%H:%M"))
    page.locator("input[name=beacon_name]").fill("公开摇奖 098 期")
    page.locator("form.card button").click()

    expect(page.locator("#live")).to_have_attribute("data-state", "announced")
    expect(page.locator("code.hash").first).not_to_be_empty()
