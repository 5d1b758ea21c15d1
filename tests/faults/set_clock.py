"""`run.py` on a machine whose clock can be set: by how many seconds it is off stands in the file SHOPFLOW_TEST_CLOCK.

A whole machine's clock is not ours to set. What is real here: the program, and its timers, which go by what has really
passed. What is not: each time it asks for the time of day it is told one that is off.
"""

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from cli.app import app
from engine.clock import SystemClock

FILE = Path(os.environ["SHOPFLOW_TEST_CLOCK"])


def set_by_hand(true_time: datetime) -> datetime:
    """What the clock shows."""
    return true_time + timedelta(seconds=int(FILE.read_text(encoding="utf-8") or 0))


if __name__ == "__main__":
    now = SystemClock.now
    setattr(SystemClock, "now", lambda self: set_by_hand(now(self)))  # noqa: B010 - a method
    app()
