"""The service under test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.support import AUTHORIZATION, ROOT, SECRET, Api, Service, migrated

START_SECONDS = 20

# The same examples every time: a test that changes its mind tells nothing.
settings.register_profile(
    "service",
    database=None,
    deadline=None,
    derandomize=True,
    max_examples=25,
    # The first example that fails is shown as it is: making it smaller can take minutes.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("service")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The application in this process."""
    found = Service(tmp_path_factory.mktemp("service"))
    yield found
    found.close()


@pytest.fixture
def api(service: Service) -> Api:
    """A caller of the service, which holds nothing yet."""
    return service.api()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A caller of the service as it runs in production: a process of its own behind a socket."""
    url = migrated(tmp_path_factory.mktemp("served") / "test.db")
    with tempfile.TemporaryDirectory(prefix="s") as folder:
        path = str(Path(folder) / "s")
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "SOCKET": path,
            "AUTH_JWT_SECRET": SECRET,
            "LOG_LEVEL": "ERROR",
        }
        process = subprocess.Popen([sys.executable, "-m", "app"], cwd=ROOT, env=environment)
        try:
            _wait(process, path)
            transport = httpx.HTTPTransport(uds=path)
            with httpx.Client(transport=transport, base_url="http://service") as client:
                yield Api(client.request, AUTHORIZATION)
        finally:
            process.terminate()
            process.wait()


def _wait(process: subprocess.Popen[bytes], path: str) -> None:
    """Return when somebody listens at the path."""
    for _ in range(START_SECONDS * 20):
        with socket.socket(socket.AF_UNIX) as found:
            if found.connect_ex(path) == 0:
                return
        assert process.poll() is None, "the service ended"
        time.sleep(0.05)
    raise AssertionError("the service did not start")
