"""How a command ends: with its own code and all it printed, whatever the Temporal client's threads still do."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import atexit, os
from desk.cli.leaving import run_and_leave
{imports}
class Fragile:
    def __del__(self):
        os.abort()
kept = Fragile()
def work():
    atexit.register(print, "cleaned up")
    print("done")
    {ending}
run_and_leave(work)
"""
"""A program that cannot survive the teardown of its interpreter, as one whose threads are still in it."""


def end(imports: str, ending: str) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(imports=imports, ending=ending)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("ending", "code"), [("pass", 0), ("raise SystemExit(2)", 2), ("raise SystemExit('no')", 1), ("1 / 0", 1)]
)
def test_a_command_that_used_the_client_ends_with_its_own_code_and_is_not_torn_down(ending: str, code: int) -> None:
    ended = end("import temporalio.client", ending)
    assert (ended.returncode, ended.stdout) == (code, "done\ncleaned up\n"), ended.stderr
    assert ("ZeroDivisionError" in ended.stderr) == (ending == "1 / 0")


def test_a_command_without_the_client_ends_as_any_program_does() -> None:
    ended = end("", "pass")
    assert ended.returncode == -6, "the fragile object above is what shows the difference"
