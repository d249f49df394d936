"""A version that reaches a disk limit says so, and one that writes without end is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.tools.deep import nested
from tools.runtimes import SERVICE_LIMITS
from tools.runtimes.local import storage
from tools.runtimes.local.runtime import LocalRuntime
from tools.runtimes.local.storage import DiskUse, disk_use
from tools.runtimes.local.version import LocalVersion

Make = Callable[..., LocalVersion]
LIMITS = SERVICE_LIMITS.model_copy(update={"file_mb": 4})


@pytest.mark.attack
def test_a_full_database_is_named_and_not_ready(runtime: LocalRuntime, make: Make, tmp_path: Path) -> None:
    data = tmp_path / "data"
    version = make("v1", data=data, variables={"DATA": str(data)}, limits=LIMITS)
    url = runtime.launch(version).url

    def fill() -> httpx.Response:
        return httpx.post(f"{url}/fill", headers={"File": "data.db"})

    deadline = time.monotonic() + 60
    while (answer := fill()).status_code in (201, 503):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert answer.status_code == 507
    assert "disk limit is reached: data.db has" in answer.json()["detail"]
    ready = httpx.get(f"{url}/readyz")
    assert ready.status_code == 503
    assert "disk limit is reached: data.db has" in ready.json()["detail"]
    assert httpx.get(url).text == "v1"
    (status,) = runtime.status()
    assert status.state == "running"
    assert "disk limit is reached: data.db has" in status.detail

    (data / "data.db").write_bytes(b"")
    while httpx.get(f"{url}/readyz").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert fill().status_code == 201


def test_use_below_the_limits(tmp_path: Path) -> None:
    (tmp_path / "data.db").write_bytes(bytes(2 << 20))
    assert disk_use([tmp_path, tmp_path / "away"], LIMITS) == DiskUse()


@pytest.mark.attack
def test_use_beyond_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "TOTAL_BYTES", 3 << 20)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(bytes(2 << 20))
    assert disk_use([tmp_path], LIMITS) == DiskUse(exceeded="It has written more than 3 MB.")
    with nested(tmp_path):
        assert "nested more than 100 deep" in disk_use([tmp_path], LIMITS).exceeded
