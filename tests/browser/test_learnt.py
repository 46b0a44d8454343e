"""What a visitor takes home: the link of a real lesson's end, opened on a phone."""

import base64
import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from realtime.children import free_port
from tests.browser.conftest import FLAGS
from tests.serving import Served, serving

ANSWERS = (
    "I'm fine, thank you.", "A coffee, please.", "put me a coffee", "I'd like a coffee, please.",
    "To go, please.", "How much is it?", "Yes, it was fun.",
)  # fmt: skip
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    port = str(free_port())
    with serving("--port", port, TUTOR_KIOSK__PUBLIC_URL=f"http://127.0.0.1:{port}") as served:
        yield served


@pytest.fixture
def phone(server: Served) -> Iterator[Page]:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing: `make test` says how to install it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS])
        page = browser.new_page(viewport={"width": 390, "height": 844}, locale="es-ES", has_touch=True)
        page.set_default_timeout(10_000)
        yield page
        browser.close()


def _summary(server: Served) -> dict[str, Any]:
    """The visitor's lesson, led to its end in writing."""
    with connect(server.talk_url, subprotocols=[Subprotocol("tutor.v1")]) as socket:

        def send(**event: Any) -> None:
            socket.send(json.dumps(event))

        def until(kind: str) -> dict[str, Any]:
            while (event := json.loads(socket.recv(timeout=20)))["type"] != kind:
                pass
            return event

        send(type="session.update", session={"type": "realtime", "output_modalities": ["text"]})
        send(type="tutor.settings", lesson="visit")
        for text in ("", *ANSWERS):
            content = [{"type": "input_text", "text": text}]
            if text:
                item = {"type": "message", "role": "user", "content": content}
                send(type="conversation.item.create", item=item)
            send(type="response.create")
            until("response.done")
        return until("tutor.summary")


def _link(server: Served, *told: Any) -> str:
    return f"{server.url}/learnt.html#{base64.urlsafe_b64encode(json.dumps(told).encode()).decode()}"


def test_a_phone_shows_what_was_learnt_and_keeps_nothing(server: Served, phone: Page) -> None:
    summary = _summary(server)
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    phone.goto(summary["link"])
    expect(phone.locator("#sentence")).to_have_text("I'd like a coffee, please.")
    expect(phone.locator("#sentence")).to_be_in_viewport()
    expect(phone.locator("#said")).to_have_text("Put me a coffee")
    expect(phone.locator("#note")).to_have_text(summary["note"]["es"])
    expect(phone.locator("#score")).to_have_text("6 de 6 respuestas fueron correctas.")
    expect(phone.locator("#broken")).to_be_hidden()
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing runs off the screen"
    assert phone.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0
    assert all(url.startswith(server.url) for url in asked)
    phone.get_by_role("link", name="Habla con Atom").tap()
    expect(phone.locator("#choose")).to_be_visible()


@pytest.mark.parametrize("fragment", ["", "#WyJJJ20g", "#%3Cscript%3E", "#bm90IGpzb24"])
def test_a_link_that_is_not_whole_says_so(server: Served, phone: Page, fragment: str) -> None:
    phone.goto(f"{server.url}/learnt.html{fragment}")
    expect(phone.get_by_role("alert")).to_have_text(
        "Este enlace no está completo. Escanea el código otra vez, por favor."
    )
    expect(phone.locator("#card")).to_be_hidden()
    expect(phone.get_by_role("link", name="Habla con Atom")).to_be_visible()


def test_what_a_link_holds_is_never_html(server: Served, phone: Page) -> None:
    phone.goto(_link(server, HOSTILE, HOSTILE, 1, 1, "well"))
    expect(phone.locator("#sentence")).to_have_text(HOSTILE)
    assert phone.locator("#card img").count() == 0
    assert phone.title() == "Lo que has aprendido con Atom"


def test_a_link_without_a_sentence_shows_none(server: Served, phone: Page) -> None:
    phone.goto(_link(server, "", "", 0, 3, "tried"))
    expect(phone.locator("#note")).to_contain_text("Has sido valiente")
    expect(phone.locator("#learnt")).to_be_hidden()
    expect(phone.locator("#at-first")).to_be_hidden()
