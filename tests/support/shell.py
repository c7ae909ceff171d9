"""A shell of an instance that stays open, because each start of Django costs seconds of a core.

`serve` runs in the process of the shell; `Shell` asks it from that of the tests.
"""

import json
import subprocess
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from django.db import connections

from kernel.embedded.environment import python
from kernel.embedded.paths import PROJECT

SERVE = "from tests.support.shell import serve; serve()"


class Shell:
    """Runs Python in an instance, one piece at a time, each with connections of its own."""

    def __init__(self, data: Sequence[str], env: dict[str, str], log: Path) -> None:
        """Be ready to open it.

        Args:
            data: words that name the folder of the instance, which must run when it is asked.
            env: of somebody who opens it.
            log: file that takes what the code logs.
        """
        self._command = python("-m", "kernel.embedded.manage", *data)
        self._env = env
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    def run(self, code: str) -> str:
        """Run some code and return what it printed.

        Raises:
            AssertionError: it failed; its traceback is told.
        """
        process = self._process = self._process or self._open()
        assert process.stdin
        assert process.stdout
        process.stdin.write(f"{json.dumps(code)}\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, self._log.read_text()
        answer: dict[str, Any] = json.loads(line)
        assert not answer["fault"], answer["printed"] + answer["fault"]
        return str(answer["printed"])

    def close(self) -> None:
        """Let it end, if it was ever asked."""
        if self._process:
            with self._process:  # it ends with its input
                self._process = None

    def _open(self) -> "subprocess.Popen[str]":
        with self._log.open("wb") as errors:
            return subprocess.Popen(
                (*self._command, "shell", "--no-imports", "-c", SERVE),
                cwd=PROJECT,
                env=self._env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )


def serve() -> None:
    """Run the code of each line of the input, and write what it printed or why it failed."""
    for line in sys.stdin:
        printed, fault = StringIO(), ""
        try:
            with redirect_stdout(printed):
                exec(json.loads(line), {})  # noqa: S102 what a shell is for
        except (Exception, SystemExit):  # noqa: BLE001 whoever asked is told
            fault = traceback.format_exc()
        finally:
            connections.close_all()  # the server may be killed before the next
        sys.stdout.write(json.dumps({"printed": printed.getvalue(), "fault": fault}) + "\n")
        sys.stdout.flush()
