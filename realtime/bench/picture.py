"""The delays as an SVG: each value a dot, marks at the median, p95 and p99. Pure."""

from collections.abc import Mapping, Sequence

from realtime.bench.figures import spread

WIDTH, LEFT, RIGHT, ROW, AXIS = 800, 240, 24, 56, 40
STEPS_MS = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
STYLE = (
    "text{font:13px sans-serif;fill:#333}.small{font-size:11px;fill:#666}"
    ".dot{fill:#2f7d5b;fill-opacity:.35}.mark{stroke:#b3362b;stroke-width:2}.grid{stroke:#d5d9e0}"
)


def svg(delays: Mapping[str, Sequence[float]]) -> str:
    """A row for each delay that there is a value of; all on one scale, which begins at 0."""
    rows = {name: values for name, values in delays.items() if values}
    longest_ms = max((max(values) for values in rows.values()), default=1.0)
    scale = (WIDTH - LEFT - RIGHT) / max(longest_ms, 1.0)
    height = ROW * len(rows) + AXIS
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"><style>{STYLE}</style>'
    drawn = [f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>', *_axis(longest_ms, scale, height)]
    for number, (name, values) in enumerate(rows.items()):
        drawn += _row(name, values, number * ROW + ROW // 2, scale)
    return "\n".join([head, *drawn, "</svg>"]) + "\n"


def _axis(longest_ms: float, scale: float, height: int) -> list[str]:
    step_ms = next((step for step in STEPS_MS if longest_ms / step <= 10), STEPS_MS[-1])
    drawn: list[str] = []
    for ms in range(0, int(longest_ms) + 1, step_ms):
        x, bottom = LEFT + ms * scale, height - AXIS
        drawn.append(f'<line class="grid" x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{bottom}"/>')
        drawn.append(f'<text class="small" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{ms} ms</text>')
    return drawn


def _row(name: str, values: Sequence[float], y: int, scale: float) -> list[str]:
    drawn = [f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{name}</text>']
    drawn += [f'<circle class="dot" cx="{LEFT + ms * scale:.1f}" cy="{y}" r="4"/>' for ms in values]
    if of := spread(values):
        for label, ms in (("median", of.median), ("p95", of.p95), ("p99", of.p99)):
            x = LEFT + ms * scale
            drawn.append(
                f'<line class="mark" x1="{x:.1f}" y1="{y - 10}" x2="{x:.1f}" y2="{y + 10}">'
                f"<title>{label} {ms:.0f} ms</title></line>"
            )
        told = f"median {of.median:.0f}, p95 {of.p95:.0f}, p99 {of.p99:.0f} ms, n {of.n}"
        drawn.append(f'<text class="small" x="{LEFT}" y="{y + 24}">{told}</text>')
    return drawn
