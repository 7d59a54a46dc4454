"""One supervisor a data folder: a lock that the kernel lets go when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import json
import os
import time
from types import TracebackType

from pydantic import ValidationError

from models.errors import Refused, Unavailable
from workers.embedded.folder import StackFolder
from workers.embedded.processes import Handle, own_handle

TRIES = 4


class FolderLock:
    """Hold it with `with`. Raises Refused when another supervisor has the folder."""

    def __init__(self, folder: StackFolder) -> None:
        self._folder = folder
        self._file: int | None = None

    def __enter__(self) -> FolderLock:
        try:
            self._folder.create()
            descriptor = os.open(self._folder.lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Unavailable(
                "folder.unwritable",
                f"The data folder {self._folder.root} cannot be written: {error.strerror}.",
                "Name another one with --data.",
            ) from None
        if not _acquire(descriptor):
            os.close(descriptor)
            raise self._taken()
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(own_handle().model_dump()).encode())
        self._file = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            # The file stays: removing it would let a third process lock a file that no longer has a name.
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def _taken(self) -> Refused:
        holder = holder_of(self._folder)
        by = f" (process {holder.pid})" if holder else ""
        return Refused(
            "stack.up",
            f"A stack is already up in {self._folder.root}{by}.",
            "Use it as it is, stop it with `season down`, or start another with --data.",
        )


def _acquire(descriptor: int) -> bool:
    # More than once, since `holder_of` of another process may hold it for an instant to look.
    for _ in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(0.05)
    return False


def holder_of(folder: StackFolder) -> Handle | None:
    """The supervisor that holds the folder; None when nobody does."""
    try:
        descriptor = os.open(folder.lock, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except OSError:
        try:
            return Handle.model_validate_json(os.read(descriptor, 4096))
        except ValidationError:
            return None
    finally:
        os.close(descriptor)
