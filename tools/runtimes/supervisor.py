"""What runs, and who takes the traffic."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.runtimes import Ended, Release, ServiceStatus, Version, state
from tools.runtimes.instance import Instance, NotReadyError, Surroundings
from tools.runtimes.logs import prune
from tools.runtimes.metrics import Measures
from tools.runtimes.places import Places
from tools.runtimes.processes import Register
from tools.runtimes.restart_policy import Keeper
from tools.runtimes.router import Route
from tools.runtimes.state import PlatformState
from tools.sandbox import Sandbox

PORTS = range(21000, 31000)
"""Below the ports that kernels hand out to anybody (32768 on), so that a service finds its own free again."""
REMEMBERED_MIGRATIONS = 500


class _Service:
    """A service of an environment: its port, and the version behind it."""

    def __init__(self, name: str) -> None:
        self.keeper: Keeper | None = None
        self.route = Route(name, lambda: self.keeper)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.route.port}"


class Supervisor:
    """All services of one home."""

    def __init__(self, places: Places, sockets: Path, sandbox: Callable[[str], Sandbox]) -> None:
        self._places = places
        self._state = state.load(places)
        self._services: dict[str, _Service] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """By `Version.key`; starts and stops of one service come one after the other."""
        self._measures: dict[tuple[str, str], Measures] = {}
        self._numbers = itertools.count(1)
        self._around = Surroundings(
            sandbox=sandbox,
            starter=ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter"),
            sockets=sockets,
            logs=places.logs,
            register=Register(places.processes),
        )

    @property
    def busy(self) -> bool:
        """Whether something runs, should run, or is being started or stopped."""
        return bool(self._state.wanted) or any(each.locked() for each in self._locks.values())

    async def heal(self) -> None:
        """Start what should run."""
        for key, version in self._state.wanted.items():
            async with self._locks[key]:
                service = await self._open(key)
                service.keeper = self._keeper(version)
                service.keeper.keep()

    async def start(self, version: Version) -> Release:
        """See `Runtime.start`."""
        async with self._locks[version.key]:
            try:
                service = await self._open(version.key)
                keeper = service.keeper
                if keeper is not None and keeper.version == version:
                    await keeper.settled.wait()
                    if keeper.backend is not None:
                        return _release(service, version, switched=False, detail="It serves already.")
                return await self._switch(service, version)
            finally:
                opened = self._services.get(version.key)
                if opened is not None and opened.keeper is None:
                    await self._shut(version.key)

    def status(self) -> list[ServiceStatus]:
        """See `Runtime.status`."""
        return [
            ServiceStatus(
                name=keeper.version.service,
                environment=keeper.version.environment,
                url=service.url,
                version=keeper.version.version,
                state=keeper.state,
                restarts=keeper.restarts,
                since=keeper.since,
                detail=keeper.detail,
            )
            for _, service in sorted(self._services.items())
            if (keeper := service.keeper) is not None
        ]

    def is_running(self, version: Version) -> bool:
        """See `Runtime.is_running`."""
        service = self._services.get(version.key)
        keeper = service.keeper if service else None
        return keeper is not None and keeper.version == version and keeper.backend is not None

    def measures(self) -> list[Measures]:
        """Return what the router counted."""
        return list(self._measures.values())

    async def stop(self, key: str) -> Ended | None:
        """See `Runtime.stop`."""
        async with self._locks[key]:
            wanted = {name: each for name, each in self._state.wanted.items() if name != key}
            self._save(self._state.model_copy(update={"wanted": wanted}))
            return await self._shut(key, drain=True)

    async def close(self, forget: bool) -> list[Ended]:
        """End all services; with `forget` they are no longer wanted, else the next daemon starts them again.

        No start may be under way, nor begin later.
        """
        if forget:
            self._save(self._state.model_copy(update={"wanted": {}}))
        ended = await asyncio.gather(*(self._shut(key) for key in sorted(self._services)))
        return [each for each in ended if each is not None]

    async def _switch(self, service: _Service, version: Version) -> Release:
        candidate, previous = self._keeper(version), service.keeper
        try:
            await self._migrate(version)
            await candidate.start()
        except NotReadyError as error:
            return _release(service, version, switched=False, detail=str(error))
        try:
            self._save(
                self._state.model_copy(update={"wanted": {**self._state.wanted, version.key: version}})
            )
        except OSError as error:
            await candidate.end(drain=False)
            return _release(service, version, switched=False, detail=f"It could not be noted: {error}")
        service.keeper = candidate
        if previous is not None:
            await previous.end(drain=True)
        prune(self._places.logs)
        return _release(service, version, switched=True, detail="It takes all traffic.")

    async def _migrate(self, version: Version) -> None:
        done = _migration(version)
        fresh = version.data is not None and not (version.data.is_dir() and any(version.data.iterdir()))
        if not version.migrate or (done in self._state.migrated and not fresh):
            return
        await self._new(version).migrate()
        migrated = (*self._state.migrated, done)[-REMEMBERED_MIGRATIONS:]
        self._save(self._state.model_copy(update={"migrated": migrated}))

    async def _open(self, key: str) -> _Service:
        service = self._services.get(key)
        if service is None:
            service = _Service(key.partition("/")[0])
            port = await service.route.open(_ports(self._places.home, key, self._state.ports.get(key)))
            self._services[key] = service
            self._save(self._state.model_copy(update={"ports": {**self._state.ports, key: port}}))
        return service

    async def _shut(self, key: str, drain: bool = False) -> Ended | None:
        service = self._services.pop(key, None)
        if service is None:
            return None
        keeper, service.keeper = service.keeper, None
        if keeper is not None:
            await keeper.end(drain)
        await service.route.close()
        if keeper is None:
            return None
        version = keeper.version
        return Ended(name=version.service, environment=version.environment, version=version.version)

    def _new(self, version: Version) -> Instance:
        return Instance(version, next(self._numbers), self._around)

    def _keeper(self, version: Version) -> Keeper:
        new = Measures(version.service, version.environment, version.version)
        return Keeper(version, self._measures.setdefault((version.key, version.version), new), self._new)

    def _save(self, changed: PlatformState) -> None:
        state.save(self._places, changed)
        self._state = changed


def _release(service: _Service, version: Version, switched: bool, detail: str) -> Release:
    keeper = service.keeper
    if keeper is None or keeper.instance is None:
        return Release(ready=False, url="", version="", pid=0, started_at=None, switched=False, detail=detail)
    return Release(
        ready=keeper.version == version and keeper.backend is not None,
        url=service.url,
        version=keeper.version.version,
        pid=keeper.instance.pid,
        started_at=keeper.instance.started_at,
        switched=switched,
        detail=detail,
    )


def _migration(version: Version) -> str:
    parts = (version.key, version.version, str(version.data), *version.migrate)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _ports(home: Path, key: str, last: int | None) -> Iterator[int]:
    if last is not None:
        yield last
    # Every time from the same one on, so that even without its state a service tends to get its port again.
    begin = int.from_bytes(hashlib.sha256(f"{home}\0{key}".encode()).digest()[:4], "big")
    for offset in range(200):
        yield PORTS[(begin + offset) % len(PORTS)]
