"""Runs the tests of the Node clients against a server of their own: `python -m tests.clients.node`.

They accept nothing but wss, so the server shows a certificate of its own authority, and Node is told to
trust that.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.clients.stage import HEARD, staged, utterance

TESTS = Path(__file__).parents[1] / "clients-node"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "utterance.pcm"
        recording.write_bytes(utterance())
        with staged("--tls", "self", TUTOR_SERVER__TLS_FOLDER=folder) as served:
            environment = {
                "ATOM_URL": served.url,
                "ATOM_UTTERANCE": str(recording),
                "ATOM_HEARD": HEARD,
                "NODE_EXTRA_CA_CERTS": str(Path(folder) / "trust-me.pem"),
                "NODE_OPTIONS": "--experimental-websocket",  # the browser's WebSocket, in Node 20
            }
            files = sorted(str(file) for file in TESTS.glob("*.test.mjs"))
            return subprocess.run(
                ["node", "--test", *files], env=os.environ | environment, check=False
            ).returncode


if __name__ == "__main__":
    sys.exit(main())
