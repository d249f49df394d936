"""A person ends the command, or stops listening to it: nothing is lost and nothing stands still."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import STORIES, Kiosk


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let processes be interrupted though this one is in a shell's background, where that is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_delivery_goes_on_though_nobody_reads(kiosk: Kiosk) -> None:
    with kiosk.start("run", str(kiosk.write(STORIES)), "--json") as process:
        assert process.stdout is not None
        begun = [process.stdout.readline() for _ in range(4)]
        (standing,) = json.loads(kiosk.crew("status", "--json"))["deliveries"]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    assert "delivery.opened" in begun[0]
    assert (standing["status"], f"Process {process.pid} " in standing["reason"]) == ("running", True)
    assert process.returncode == 1
    assert json.loads(out.splitlines()[-1])["event"] == "run.finished"
    assert "crew resume" in err
    assert "Traceback" not in err

    with kiosk.start("resume", "--json") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=300) == 0
    (standing,) = json.loads(kiosk.crew("status", "--json"))["deliveries"]
    assert standing["status"] == "delivered"


def test_standard_output_may_be_closed(kiosk: Kiosk) -> None:
    command = f"{sys.executable} -m crew plan {kiosk.write(STORIES)} >&- <&-"
    done = subprocess.run(["sh", "-c", command], cwd=kiosk.folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
