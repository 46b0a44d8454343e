"""Draws figures of `benchmarks.bark --json` as an SVG: when each sounds first, and when it is done.

python -m benchmarks.bark_plot FIGURES.json [MORE.json ...] > docs/bark.svg
"""

import json
import sys
from pathlib import Path
from typing import Any

WIDTH, LEFT, BAR, GAP = 760, 150, 16, 8
WAYS = {"transformers": "transformers", "exact": "Atom, exact", "stream": "Atom, stream"}
STYLE = "text{font:13px sans-serif;fill:#333}.wait{fill:#d5d9e0}.sound{fill:#2f7d5b}"


def main() -> None:
    sentences: dict[str, Any] = {}
    for file in sys.argv[1:]:
        figures = json.loads(Path(file).read_text())
        sentences |= {name: one for name, one in figures.items() if is_sentence(one)}
    print(svg(sentences))


def is_sentence(figures: Any) -> bool:
    return isinstance(figures, dict) and "transformers" in figures


def svg(sentences: dict[str, Any]) -> str:
    longest_s = max(figures[way]["whole"] for figures in sentences.values() for way in WAYS)
    drawn: list[str] = []
    y = GAP
    for name, figures in sentences.items():
        drawn.append(f'<text x="0" y="{y + BAR}">A sentence of {name}</text>')
        y += BAR + GAP
        for way, label in WAYS.items():
            drawn.append(bar(label, figures[way], y, (WIDTH - LEFT - 220) / longest_s))
            y += BAR + GAP
        y += GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}"><style>{STYLE}</style>'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>', *drawn, "</svg>"])


def bar(label: str, run: dict[str, float], y: int, scale: float) -> str:
    """Grey until the first sound, green until the last."""
    first, whole = run["first"] * scale, run["whole"] * scale
    sounding = max(3, whole - first)
    told = f"first sound {run['first']:.1f} s" + (f", all {run['whole']:.1f} s" if whole > first else "")
    return (
        f'<text x="{LEFT - 8}" y="{y + BAR - 3}" text-anchor="end">{label}</text>'
        f'<rect class="wait" x="{LEFT}" y="{y}" width="{first:.0f}" height="{BAR}"/>'
        f'<rect class="sound" x="{LEFT + first:.0f}" y="{y}" width="{sounding:.0f}" height="{BAR}"/>'
        f'<text x="{LEFT + first + sounding + 6:.0f}" y="{y + BAR - 3}">{told}</text>'
    )


if __name__ == "__main__":
    main()
