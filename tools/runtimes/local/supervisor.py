"""Runs the versions of all services and switches the traffic between them."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.runtimes import Ended, Release, ServiceStatus
from tools.runtimes.local import state
from tools.runtimes.local.instance import Instance, NotReadyError, Platform
from tools.runtimes.local.json_files import write
from tools.runtimes.local.logs import prune
from tools.runtimes.local.metrics import Metrics
from tools.runtimes.local.paths import PlatformPaths
from tools.runtimes.local.processes import Register
from tools.runtimes.local.restart_policy import RestartPolicy
from tools.runtimes.local.router import Route
from tools.runtimes.local.version import LocalVersion
from tools.sandbox import Sandbox

PORTS = range(21000, 31000)
"""Ports for services, below the ephemeral ports (32768 and up) so that a service finds its port free again."""
REMEMBERED_MIGRATIONS = 500


class _Service:
    """A service in one environment: its port and the version behind it."""

    def __init__(self, name: str) -> None:
        self.policy: RestartPolicy | None = None
        self.route = Route(name, lambda: self.policy)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.route.port}"


class Supervisor:
    """Runs all services of one home, and switches their traffic to new versions."""

    def __init__(self, paths: PlatformPaths, sockets: Path, sandbox: Callable[[str], Sandbox]) -> None:
        self._paths = paths
        self._state = state.load(paths)
        self._services: dict[str, _Service] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Locks by `Version.key`, which serialise the starts and stops of one service."""
        self._metrics: dict[tuple[str, str], Metrics] = {}
        self._numbers = itertools.count(1)
        self._platform = Platform(
            sandbox=sandbox,
            starter=ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter"),
            sockets=sockets,
            logs=paths.logs,
            register=Register(paths.processes),
        )

    @property
    def busy(self) -> bool:
        """Whether a service is meant to run, or is being started or stopped."""
        return bool(self._state.wanted) or any(each.locked() for each in self._locks.values())

    async def heal(self) -> None:
        """Start all services that are meant to run, such as after a daemon was killed."""
        for key, version in self._state.wanted.items():
            async with self._locks[key]:
                service = await self._open(key)
                service.policy = self._policy(version)
                service.policy.keep()

    async def start(self, version: LocalVersion) -> Release:
        """See `Runtime.start`."""
        async with self._locks[version.key]:
            try:
                service = await self._open(version.key)
                policy = service.policy
                if policy is not None and policy.version == version:
                    await policy.first_result.wait()
                    if policy.backend is not None:
                        return _release(service, version, switched=False, detail="It is already serving.")
                return await self._switch(service, version)
            finally:
                current = self._services.get(version.key)
                if current is not None and current.policy is None:
                    await self._shut(version.key)

    def status(self) -> list[ServiceStatus]:
        """See `Runtime.status`."""
        return [
            ServiceStatus(
                name=policy.version.service,
                environment=policy.version.environment,
                url=service.url,
                version=policy.version.version,
                state=policy.state,
                restarts=policy.restarts,
                since=policy.since,
                detail=policy.detail,
            )
            for _, service in sorted(self._services.items())
            if (policy := service.policy) is not None
        ]

    def metrics(self) -> list[Metrics]:
        """Return the router's metrics, one object for each version of a service and environment."""
        return list(self._metrics.values())

    async def stop(self, key: str) -> Ended | None:
        """See `Runtime.stop`."""
        async with self._locks[key]:
            self._save(wanted={name: each for name, each in self._state.wanted.items() if name != key})
            return await self._shut(key, drain=True)

    async def close(self, forget: bool) -> list[Ended]:
        """Stop all services; unless `forget` is set, the next daemon starts them again.

        No start may be in progress, and none may be requested later.
        """
        if forget:
            self._save(wanted={})
        ended = await asyncio.gather(*(self._shut(key) for key in sorted(self._services)))
        return [each for each in ended if each is not None]

    async def _switch(self, service: _Service, version: LocalVersion) -> Release:
        candidate, previous = self._policy(version), service.policy
        try:
            await self._migrate(version)
            await candidate.start()
        except NotReadyError as error:
            return _release(service, version, switched=False, detail=str(error))
        try:
            self._save(wanted={**self._state.wanted, version.key: version})
        except OSError as error:
            await candidate.end(drain=False)
            return _release(service, version, switched=False, detail=f"Its state could not be saved: {error}")
        service.policy = candidate
        if previous is not None:
            await previous.end(drain=True)
        prune(self._paths.logs)
        return _release(service, version, switched=True, detail="It takes all traffic.")

    async def _migrate(self, version: LocalVersion) -> None:
        done = _migration(version)
        fresh = version.data is not None and not (version.data.is_dir() and any(version.data.iterdir()))
        if not version.migrate or (done in self._state.migrated and not fresh):
            return
        await self._new(version).migrate()
        self._save(migrated=(*self._state.migrated, done)[-REMEMBERED_MIGRATIONS:])

    async def _open(self, key: str) -> _Service:
        service = self._services.get(key)
        if service is None:
            service = _Service(key.partition("/")[0])
            port = await service.route.open(_ports(self._paths.home, key, self._state.ports.get(key)))
            self._services[key] = service
            self._save(ports={**self._state.ports, key: port})
        return service

    async def _shut(self, key: str, drain: bool = False) -> Ended | None:
        service = self._services.pop(key, None)
        if service is None:
            return None
        policy, service.policy = service.policy, None
        if policy is not None:
            await policy.end(drain)
        await service.route.close()
        if policy is None:
            return None
        version = policy.version
        return Ended(name=version.service, environment=version.environment, version=version.version)

    def _new(self, version: LocalVersion) -> Instance:
        return Instance(version, next(self._numbers), self._platform)

    def _policy(self, version: LocalVersion) -> RestartPolicy:
        new = Metrics(version.service, version.environment, version.version)
        return RestartPolicy(
            version, self._metrics.setdefault((version.key, version.version), new), self._new
        )

    def _save(self, **fields: object) -> None:
        """Update fields of the state, and write it to its file."""
        changed = self._state.model_copy(update=fields)
        write(self._paths.state, changed)
        self._state = changed


def _release(service: _Service, version: LocalVersion, switched: bool, detail: str) -> Release:
    policy = service.policy
    if policy is None or policy.instance is None:
        return Release(ready=False, url="", version="", switched=False, detail=detail)
    return Release(
        ready=policy.version == version and policy.backend is not None,
        url=service.url,
        version=policy.version.version,
        switched=switched,
        detail=detail,
    )


def _migration(version: LocalVersion) -> str:
    parts = (version.key, version.version, str(version.data), *version.migrate)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _ports(home: Path, key: str, last: int | None) -> Iterator[int]:
    if last is not None:
        yield last
    # The search always begins at the same port, so that a service tends to keep its port even if the state is lost.
    first = int.from_bytes(hashlib.sha256(f"{home}\0{key}".encode()).digest()[:4], "big")
    for offset in range(200):
        yield PORTS[(first + offset) % len(PORTS)]
