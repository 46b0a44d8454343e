"""A summary on the learner's own phone: a link that holds it all, or its text, as a QR code."""

import base64
import io
import json

import segno

from realtime.tutor.summary import Summary

# The code is seen on a screen, undamaged: of the levels, the one that is still read with a smear on it.
LEVEL = "m"
QUIET = 4  # modules of margin, as the standard asks


def takeaway(summary: Summary, public_url: str) -> str:
    """What the code holds. All of it is in the link's fragment, which no browser sends to a server."""
    if not public_url:
        return _text(summary)
    # As short as it can be: each letter makes the code finer, and harder to read from afar.
    told = [summary.learnt or "", summary.said or "", summary.right, summary.answers, summary.manner]
    packed = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    fragment = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return f"{public_url.rstrip('/')}/learnt.html#{fragment}"


def qr_image(held: str) -> str:
    """As the address of an image, which may be shown in any size; dark on light in a dark page, too."""
    code = segno.make(held, error=LEVEL, boost_error=False, micro=False)
    file = io.BytesIO()
    code.save(file, kind="svg", border=QUIET, light="#fff", omitsize=True, xmldecl=False)
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode()


def _text(summary: Summary) -> str:
    """What a phone's camera shows without any page."""
    lines = [
        f"✓ {summary.learnt}" if summary.learnt else "",
        f"✗ {summary.said}" if summary.said else "",
        summary.note["en"],
        summary.note["es"],
    ]
    return "\n".join(line for line in lines if line)
