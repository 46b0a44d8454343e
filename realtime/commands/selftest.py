"""`tutor selftest`: what the engines of this machine can do, as a report to read, hear and pass on."""

import argparse
import os
import sys

import anyio

from realtime.commands.options import settings_of
from realtime.selftest.findings import is_good
from realtime.selftest.run import Order, test


def run(arguments: argparse.Namespace) -> None:
    key = arguments.key or os.environ.get("TUTOR_API_KEY")
    found = anyio.run(test, Order(settings_of(arguments), arguments.out, arguments.url, key), _say)
    for verdict in found.verdicts:
        print(f"{verdict.state:<8} {verdict.stage:<12} {verdict.why}")
    good = is_good(found.verdicts)
    print(f"{'Passed' if good else 'Not passed'}. The report: {arguments.out / 'report.md'}")
    sys.exit(not good)


def _say(line: str) -> None:
    print(line, flush=True)
