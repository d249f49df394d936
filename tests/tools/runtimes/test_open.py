from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from tools.errors import PlatformError
from tools.runtimes import Build, Release, Version
from tools.runtimes.local.runtime import LocalRuntime
from tools.runtimes.local.version import LocalVersion
from tools.runtimes.open import open_runtime

if TYPE_CHECKING:
    from tools.runtimes import Runtime


def test_the_local_runtime_is_opened_by_its_url(tmp_path: Path) -> None:
    runtime: Runtime = open_runtime(tmp_path)

    assert isinstance(runtime, LocalRuntime)
    assert runtime.status() == []
    assert runtime.down() == []


@pytest.mark.parametrize("url", ["docker", "kubernetes:prod", ""])
def test_an_unknown_runtime_is_refused_with_the_valid_ones(tmp_path: Path, url: str) -> None:
    with pytest.raises(PlatformError, match=f"Unknown runtime `{url}`; valid runtimes: local."):
        open_runtime(tmp_path, url=url)


def test_the_local_runtime_has_no_address(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="has no address"):
        open_runtime(tmp_path, url="local:/elsewhere")


def test_folders_are_chosen_by_the_local_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version names no folder of its own: the runtime places its data, and fills the placeholder."""
    launched: list[LocalVersion] = []

    def launch(_: LocalRuntime, version: LocalVersion) -> Release:
        launched.append(version)
        return Release(ready=True, url="", version="v1", switched=True, detail="")

    monkeypatch.setattr(LocalRuntime, "launch", launch)
    version = Version(
        service="checkout",
        version="v1",
        serve=("run",),
        variables={"DATABASE_URL": "sqlite:///{data}/service.db"},
        secrets={"KEY": SecretStr("hush")},
    )
    build = Build(code=tmp_path / "code", dependencies=tmp_path / "venv")

    open_runtime(tmp_path, "landlock").start(version, build)

    data = tmp_path / "data" / "checkout" / "production"
    (local,) = launched
    assert (local.folder, local.readable, local.data) == (build.code, (build.dependencies,), data)
    assert local.variables == {"DATABASE_URL": f"sqlite:///{data}/service.db"}
    assert (local.sandbox, local.secrets["KEY"].get_secret_value()) == ("landlock", "hush")
