"""`tutor doctor`: what is wrong here, and what to type."""

import argparse
import json
import os
import sys
from dataclasses import asdict

from realtime.commands.options import settings_of
from realtime.setup import doctor
from realtime.setup.checkup import examine


def run(arguments: argparse.Namespace) -> None:
    key = arguments.key or os.environ.get("TUTOR_API_KEY")
    found = doctor.findings(examine(settings_of(arguments), arguments.url, key))
    print(json.dumps([asdict(finding) for finding in found]) if arguments.json else doctor.told(found))
    sys.exit(any(finding.state == "wrong" for finding in found))
