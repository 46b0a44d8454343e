"""The kinds of visitor to a kiosk: what each does once greeted."""

from collections.abc import Callable

from benchmarks.hall import HOLD_MS, SIZE, Hall

FEW, MANY = 3, 10  # answers of a visitor
RESTARTS = (9, 59)  # then one server's memory is seen over all visitors that are left


def answers(hall: Hall) -> list[float]:
    replies = hall.answers(FEW)
    hall.finish()
    return replies


def stays_long(hall: Hall) -> list[float]:
    replies = hall.answers(MANY)
    hall.finish()
    return replies


def is_silent(hall: Hall) -> None:
    hall.at("farewell")


def walks_away(hall: Hall) -> None:
    hall.quiet()
    hall.press(400)
    hall.at("farewell")


def shouts_over(hall: Hall) -> list[float]:
    hall.press(HOLD_MS)  # the tutor has not finished its greeting
    reply = hall.sound_ms()
    hall.finish()
    return [reply]


def makes_noise(hall: Hall) -> None:
    """Never ends: the microphone is open, and somebody always speaks."""
    hall.page.wait_for_timeout(3000)
    hall.finish()


def taps_everything(hall: Hall) -> None:
    for _ in range(25):
        x, y = hall.chance.randrange(SIZE["width"]), hall.chance.randrange(SIZE["height"])
        hall.page.mouse.click(x, y)
        hall.page.keyboard.press(
            hall.chance.choice(["Tab", "Enter", "Space", "Escape", "F5", "a", "ArrowUp"])
        )
    hall.at("attract", "farewell")


def is_cut_off(hall: Hall) -> None:
    hall.cable.cut()
    hall.at("offline")
    hall.cable.mend()
    hall.at("attract", "visit")


def sees_a_restart(hall: Hall) -> None:
    hall.server.stop()
    hall.at("offline")
    hall.cable.lead_to(hall.server.start())
    hall.at("attract", "visit")


def sees_the_clock_change(hall: Hall) -> None:
    """The page reads no clock but one that nobody sets; the server's reaches it as opening hours alone. Here
    it is put past their end under a visitor, and put right again; tests/kiosk/test_hours.py has the clock.
    """
    hall.told |= {"open": False, "opens": "09:00", "opens_in_days": 1}
    hall.quiet()
    hall.finish()
    hall.at("closed")
    for name in ("open", "opens", "opens_in_days"):
        del hall.told[name]
    hall.at("attract")


Kind = Callable[[Hall], list[float] | None]
KINDS: tuple[Kind, ...] = (
    answers, walks_away, stays_long, is_silent, shouts_over, makes_noise, taps_everything, is_cut_off,
    sees_the_clock_change, answers,
)  # fmt: skip


def kind_of(number: int) -> Kind:
    return sees_a_restart if number in RESTARTS else KINDS[number % len(KINDS)]
