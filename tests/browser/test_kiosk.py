"""Strangers at the kiosk: a real server, the real page, a microphone in which somebody always speaks."""

import json
import re
import shutil
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soxr
from playwright.sync_api import Browser, Page, Request, Route, expect, sync_playwright

from benchmarks.cable import cable_to
from tests.browser.conftest import FLAGS
from tests.browser.microphone import RATE, write
from tests.browser.test_again import AT_REST, heard_again
from tests.browser.test_spoken_turn import wait_for
from tests.clients.stage import RECORDING, script, scripted_engines
from tests.searching import search
from tests.serving import Served, serving

SECRET, UNFINISHED = "quetzalcoatlus", "archaeopteryx"  # no lesson says them
VISIT = [
    "I'm fine, thank you.", "A coffee, please.", "put me a tea", "I'd like a tea, please.", "To go, please.",
    "How much is it?", "Yes, it was fun.",
]  # fmt: skip
VOICED_S = (0.25, 2.65)  # of the recording; it has no pause in between
SAID = f"my {SECRET} sings at night"
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
UPRIGHT, ACROSS = {"width": 1080, "height": 1920}, {"width": 1920, "height": 1080}
SCREEN_OF = {"hint": "visit", "asked": "visit"}
LEAST_TARGET_PX = 88
NO_GESTURE = "--autoplay-policy=no-user-gesture-required"  # as a kiosk's browser is started


@dataclass(frozen=True, slots=True)
class Hall:
    served: Served
    wish: Path  # by which the server is asked to search itself

    def held(self, text: str) -> list[str]:
        return search(self.served.pid, self.wish, text)


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with opened(tmp_path_factory.mktemp("search") / "wish") as hall:
        yield hall


@contextmanager
def opened(wish: Path) -> Iterator[Hall]:
    program = ("tests.searching", str(wish))
    kiosk = {"TUTOR_KIOSK__MODE": "push", "TUTOR_KIOSK__IDLE_S": "5", "TUTOR_KIOSK__COUNTDOWN_S": "3"}
    with (
        scripted_engines("--word-ms", "60") as url,
        serving("--speech-url", url, "--transcription-url", url, program=program, **kiosk) as served,
    ):
        script(served, transcripts=[SAID], recognition_ms=10)
        yield Hall(served, wish)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(recorded(tmp_path_factory.mktemp("sound"))) as browser:
        yield browser


def recorded(folder: Path) -> Path:
    """Somebody who always speaks: a button that is held for half a second must not fall into a pause."""
    with wave.open(str(RECORDING), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        begin_s, end_s = VOICED_S
        samples = samples[round(begin_s * file.getframerate()) : round(end_s * file.getframerate())]
        voice = soxr.resample(samples, file.getframerate(), RATE).astype(np.int16)
    return write(folder / "microphone.wav", voice)


@contextmanager
def chromium(microphone: Path) -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "Chromium is missing: `make test` says how to install it"
    flags = [*FLAGS, NO_GESTURE, f"--use-file-for-fake-audio-capture={microphone}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, hall: Hall) -> Iterator[Page]:
    with kiosk(browser, hall.served.url) as page:
        yield page


@contextmanager
def kiosk(browser: Browser, url: str) -> Iterator[Page]:
    with blank(browser) as page:
        page.goto(f"{url}/kiosk")
        ready(page)
        yield page


@contextmanager
def blank(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=UPRIGHT, locale="en-US")  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def ready(page: Page) -> None:
    """Nobody is there, and a talk waits for the next one."""
    shown(page, "attract")
    wait_for(page, "now.link === 'open' && now.lesson.id !== ''")


def shown(page: Page, screen: str, within_s: float = 20) -> None:
    page.wait_for_selector(f"body[data-screen={screen}]", timeout=within_s * 1000)


def come(page: Page) -> None:
    """Somebody touches the screen, and is greeted."""
    page.mouse.click(500, 400)
    shown(page, "visit")
    wait_for(page, "now.played > 0")


def speak(page: Page, hall: Hall, said: str) -> None:
    """Somebody holds the button and speaks, sees their own words, and the tutor answers."""
    script(hall.served, transcripts=[said])
    before = page.evaluate("atomTalk.snapshot()")
    page.locator("#main-button").hover()
    page.mouse.down()
    wait_for(page, f"now.held && now.sent > {before['sent'] + RATE // 2}")
    page.mouse.up()
    wait_for(page, f"now.turns.length >= {len(before['turns']) + 2} && now.turns.at(-2).over")


def heap(page: Page) -> str:
    """All that the page's engine holds, after a collection."""
    tool = page.context.new_cdp_session(page)
    pieces: list[str] = []
    tool.on("HeapProfiler.addHeapSnapshotChunk", lambda event: pieces.append(event["chunk"]))
    tool.send("HeapProfiler.enable")
    for _ in range(3):
        tool.send("HeapProfiler.collectGarbage")
    tool.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    tool.detach()
    return "".join(pieces)


def kept(page: Page) -> dict[str, Any]:
    return page.evaluate(
        """async () => ({ local: { ...localStorage }, session: { ...sessionStorage },
            cookies: document.cookie, databases: await indexedDB.databases(),
            caches: await caches.keys() })"""
    )


def test_nothing_of_a_visitor_stays(hall: Hall, page: Page) -> None:
    nothing = {"local": {}, "session": {}, "cookies": "", "databases": [], "caches": []}
    # The first speaks, begins another sentence and walks away in the midst of it.
    come(page)
    speak(page, hall, SAID)
    assert SECRET in page.content()
    assert SECRET in heap(page)
    assert hall.held(SECRET)
    script(hall.served, transcripts=[f"and then my {UNFINISHED}"])
    sent = page.evaluate("atomTalk.snapshot().sent")
    page.mouse.down()
    wait_for(page, f"now.held && now.sent > {sent + RATE // 2}")
    page.mouse.up()
    wait_for(page, f"now.turns.some(({{ text }}) => text.includes('{UNFINISHED}'))")
    assert hall.held(UNFINISHED)
    page.wait_for_selector("#still-there[open]")
    shown(page, "farewell")
    ready(page)
    for secret in (SECRET, UNFINISHED):
        assert secret not in page.content()
        assert secret not in heap(page)
        assert hall.held(secret) == []
    assert kept(page) == nothing
    # The second says goodbye; the third comes into a page as fresh as the first one did.
    come(page)
    speak(page, hall, "hello there")
    page.locator("#finish").click()
    shown(page, "farewell")
    now = wait_for(page, "now.link === 'open' && now.lesson.id !== ''")
    assert (now["turns"], now["latencies"], now["sent"], now["received"]) == ([], [], 0, 0)
    ready(page)
    come(page)
    assert SECRET not in page.content()
    assert kept(page) == nothing


@pytest.mark.parametrize(("noisy", "judged"), [(False, set[str]()), (True, {"0.75"})])
def test_in_a_noisy_hall_more_must_be_heard(
    browser: Browser, hall: Hall, noisy: bool, judged: set[str]
) -> None:
    said: list[str] = []
    with blank(browser) as page:
        told(page, noisy=noisy)
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: said.append(str(frame))))
        page.goto(f"{hall.served.url}/kiosk")
        ready(page)
        come(page)
    assert said
    assert {threshold for frame in said for threshold in re.findall(r'"threshold":([\d.]+)', frame)} == judged


def test_in_quiet_mode_a_quarter_of_the_volume_is_left(browser: Browser, hall: Hall) -> None:
    gains = "new Set(atomGains.map((node) => Math.round(node.gain.value * 100)))"
    with blank(browser) as page:
        page.add_init_script(
            """const Usual = GainNode; window.atomGains = [];
            window.GainNode = class extends Usual {
                constructor(...how) { super(...how); atomGains.push(this); }
            };"""
        )
        told(page, volume=0.8)
        page.goto(f"{hall.served.url}/kiosk")
        ready(page)
        assert page.evaluate(f"[...{gains}]") == [80]
        told(page, volume=0.8, quiet=True)
        come(page)  # which makes the page beat
        page.wait_for_function(f"() => [...{gains}].join() === '20'")
        page.wait_for_selector("body.calm")


def test_a_page_that_cannot_start_says_why_and_starts_as_soon_as_it_can(browser: Browser, hall: Hall) -> None:
    with blank(browser) as page:
        page.route("**/messages/es.json", lambda route: route.fulfill(status=503))
        page.goto(f"{hall.served.url}/kiosk")
        page.wait_for_selector("#offline:visible")
        assert "messages/es.json: 503" in page.locator("#reason").inner_text()
        page.unroute("**/messages/es.json")
        ready(page)


def test_a_page_that_is_not_let_in_is_offline_until_it_is(browser: Browser, hall: Hall) -> None:
    with blank(browser) as page:
        page.route("**/v1/door", lambda route: route.fulfill(status=503))
        page.goto(f"{hall.served.url}/kiosk")
        page.wait_for_selector("#offline:visible")
        page.unroute("**/v1/door")
        ready(page)
        come(page)


def test_a_closed_door_says_in_the_pages_language_when_it_opens(page: Page) -> None:
    for language, days, says in (
        ("es", 0, "Vuelve hoy a las 09:00."),
        ("es", 2, "Vuelve el lunes a las 09:00."),
        ("en", 1, "Come back tomorrow at 09:00."),
        ("en", 6, "Come back on Monday at 09:00."),
    ):
        told(page, open=False, opens="09:00", opens_in_days=days, opens_on="Mo", language=language)
        page.reload()
        shown(page, "closed")
        page.wait_for_function("(says) => document.querySelector('#opens').textContent === says", arg=says)


def faults(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds wrong on the screen as it is."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    return [{"id": one["id"], "where": [node["html"] for node in one["nodes"]]} for one in found]


def small_targets(page: Page) -> list[str]:
    return page.evaluate(
        f"""[...document.querySelectorAll("button")].filter((one) => one.offsetParent !== null)
            .filter((one) => Math.min(one.offsetWidth, one.offsetHeight) < {LEAST_TARGET_PX})
            .map((one) => one.outerHTML)"""
    )


def overflow(page: Page) -> list[str]:
    """What does not fit on the screen."""
    return page.evaluate(
        """[...document.querySelectorAll("main > :not([hidden]) *, header *")]
            .filter((one) => one.offsetParent !== null && !one.closest(".scroll, .hidden"))
            .filter((one) => {
                const { left, top, right, bottom } = one.getBoundingClientRect();
                return left < -1 || top < -1 || right > innerWidth + 1 || bottom > innerHeight + 1;
            })
            .map((one) => one.outerHTML.slice(0, 200))"""
    )


def look(page: Page) -> None:
    for scheme, size in product(("light", "dark"), (UPRIGHT, ACROSS)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # what moves has no settled colours
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert (faults(page), small_targets(page), overflow(page)) == ([], [], [])


def states(page: Page, hall: Hall) -> Iterator[str]:
    """All that a kiosk may show, one after another. Its clock stands still while it is looked at."""
    page.add_init_script(
        """let stands = null, stood = 0; const now = performance.now.bind(performance);
        performance.now = () => (stands ?? now()) - stood;
        window.kioskClock = {
            stop() { stands = now(); },
            go() { stood += now() - stands; stands = null; },
        };"""
    )
    page.goto(f"{hall.served.url}/kiosk")
    ready(page)
    for state in _visit(page, hall):
        page.evaluate("kioskClock.stop()")
        assert page.locator(f"body[data-screen={SCREEN_OF.get(state, state)}]").count() == 1
        yield state
        page.evaluate("kioskClock.go()")


def _visit(page: Page, hall: Hall) -> Iterator[str]:
    yield "attract"
    come(page)
    for said in VISIT[:3]:
        wait_for(page, "now.phase === 'ready'")
        speak(page, hall, said)
    wait_for(page, "now.phase === 'ready'")
    yield "visit"
    page.locator("#ask-hint").click()
    page.wait_for_selector("#hint:visible")
    yield "hint"
    page.wait_for_selector("#still-there[open]")
    yield "asked"
    page.locator("#stay").click()
    page.wait_for_selector("#still-there", state="hidden")
    for said in VISIT[3:]:
        # Who speaks before the tutor's first sound takes its step back.
        wait_for(page, "now.phase === 'ready'")
        speak(page, hall, said)
    wait_for(page, "now.lesson.finished")
    shown(page, "summary")
    expect(page.locator("#learnt")).to_contain_text("I'd like a tea, please.")
    page.wait_for_function("() => document.querySelector('#learnt img').naturalWidth > 0")
    yield "summary"
    page.locator("#done").click()
    shown(page, "farewell")
    yield "farewell"
    page.route("**/v1/kiosk", lambda route: route.abort())
    shown(page, "offline")
    assert "server" in (page.locator("#reason").text_content() or "")
    yield "offline"
    page.unroute("**/v1/kiosk")
    told(page, open=False, opens="09:00", opens_in_days=2, opens_on="Mo")
    shown(page, "closed")
    yield "closed"


def test_every_screen_is_for_everybody(browser: Browser, hall: Hall) -> None:
    with blank(browser) as page:
        for _ in states(page, hall):
            look(page)


def told(page: Page, **changes: Any) -> None:
    """From now on the page is told to be otherwise."""

    def answer(route: Route) -> None:
        given = route.fetch()
        route.fulfill(response=given, body=json.dumps(given.json() | changes))

    page.route("**/v1/kiosk", answer)


def test_a_visit_by_keys_alone(page: Page) -> None:
    page.keyboard.press("b")  # a button for USB sends whichever key it likes
    shown(page, "visit")
    wait_for(page, "now.played > 0")
    page.keyboard.down("b")
    wait_for(page, "now.held && now.sent > 48000")
    page.keyboard.up("b")
    wait_for(page, "!now.held && now.turns.some((turn) => turn.who === 'learner' && turn.over)")
    passed = [_focused(page)]
    wait_for(page, AT_REST)
    expect(page.locator("#slower")).to_be_enabled()
    for _ in range(8):
        page.keyboard.press("Tab")
        passed.append(_focused(page))
    assert passed[0] == "main-button"
    assert {"again", "slower", "ask-hint", "finish", "main-button"} <= set(passed)
    while _focused(page) != "ask-hint":
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches(':focus-visible')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#hint:visible")
    while _focused(page) != "finish":
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    shown(page, "farewell")


def _focused(page: Page) -> str:
    return page.evaluate("document.activeElement.id")


def test_a_visitor_hears_the_last_sentence_again_and_slower_and_the_next_one_does_not(page: Page) -> None:
    come(page)
    as_it_was, _ = heard_again(page, "#again")
    slower, _ = heard_again(page, "#slower")
    assert slower == pytest.approx(as_it_was * 4 / 3, rel=0.1)
    page.locator("#slower").click()
    wait_for(page, "now.replaying !== ''")
    page.locator("#finish").click()
    shown(page, "farewell")
    now = wait_for(page, "now.link === 'open' && now.lesson.id !== ''")
    assert (now["replaying"], now["received"], now["hears"]) == ("", 0, True)


def test_there_is_no_way_out_of_the_page(page: Page) -> None:
    address = page.url
    assert page.locator("a, input, textarea, select, [contenteditable]").count() == 0
    page.evaluate("history.back()")
    page.wait_for_function("() => history.state === null")
    for keys in ("F1", "F5", "Control+r", "Control+p", "Control+f", "Alt+ArrowLeft"):
        page.keyboard.press(keys)
    stopped = page.evaluate(
        """["contextmenu", "selectstart", "dragstart", "drop"].map((name) =>
            document.body.dispatchEvent(new Event(name, { bubbles: true, cancelable: true })))"""
    )
    assert stopped == [False] * 4
    assert page.url == address
    assert page.locator("body").get_attribute("data-screen") == "attract"


def test_a_visit_goes_on_after_a_cut(browser: Browser, hall: Hall) -> None:
    with cable_to(hall.served.url) as cable, kiosk(browser, cable.url) as page:
        come(page)
        cable.cut()
        shown(page, "offline")
        cable.mend()
        shown(page, "visit")
        assert wait_for(page, "now.link === 'open'")["turns"]


def test_the_beat_that_ends_a_silence_is_followed_by_one_that_says_so(hall: Hall, page: Page) -> None:
    """The server is told at once that the page is well, not ten seconds later."""
    page.route("**/v1/kiosk", lambda route: route.abort())
    come(page)
    shown(page, "offline")
    with page.expect_request(lambda sent: _beat_of(sent) == "visit", timeout=5000):
        page.unroute("**/v1/kiosk")
    shown(page, "visit")


def _beat_of(request: Request) -> str | None:
    """What the page says that it shows, if the request is a beat."""
    beat = request.method == "POST" and request.url.endswith("/v1/kiosk")
    return json.loads(request.post_data or "")["state"] if beat else None


def test_an_order_to_load_the_page_anew_waits_for_the_visitor(hall: Hall, page: Page) -> None:
    come(page)
    httpx.post(f"{hall.served.url}/v1/kiosk/order", json={"reload": True}).raise_for_status()
    with page.expect_navigation():
        page.locator("#finish").click()
        shown(page, "farewell")
    ready(page)
