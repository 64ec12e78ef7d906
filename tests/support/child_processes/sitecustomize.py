"""What Python does as it starts in the child processes of a measured run: dbt is not measured.

dbt runs next to nothing of ours, and measuring its coverage takes three quarters of its own time.
"""

import sys
from pathlib import Path

from coverage.control import process_startup

started = getattr(process_startup, "coverage", None)
if started is not None and any(Path(word).name == "dbt" for word in sys.orig_argv):
    started.stop()
