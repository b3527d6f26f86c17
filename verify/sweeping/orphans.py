"""Workers end with the process that started them, however it ended.

Otherwise loky's workers would hold memory and inherited streams for five minutes after their parent was killed.
"""

from __future__ import annotations

import os
import threading
import time

LOOK = 0.5  # seconds
_watching: set[int] = set()


def end_with_parent(parent: int) -> None:
    """Watches from now on, in a worker whose parent is that process; does nothing elsewhere, as on another machine."""
    if os.getppid() == parent and parent not in _watching:
        _watching.add(parent)
        threading.Thread(target=_watch, args=(parent,), name="end with parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)
