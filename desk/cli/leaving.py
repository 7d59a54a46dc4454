"""How a process of ours ends once its work is done."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from collections.abc import Callable

TEMPORAL = "temporalio.bridge.temporal_sdk_bridge"
"""The module whose threads outlive the last call of a client."""


def run_and_leave(work: Callable[[], None]) -> None:
    """Do the work, then end the process without the interpreter's own teardown if the Temporal client was used.

    A thread of the client's native part may still be giving the interpreter's lock back while the interpreter is
    being taken down; that ends the process with SIGABRT or SIGSEGV although everything was done
    (https://github.com/temporalio/sdk-python/issues/300). What is registered with `atexit` is run all the same: the
    handler registered first is the one that is called last.

    Raises: what `work` raises; SystemExit is kept, with its code.
    """
    code = 1

    def leave() -> None:
        if TEMPORAL not in sys.modules:
            return
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)

    atexit.register(leave)
    try:
        work()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise
