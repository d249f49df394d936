"""The filter, run by a small machine of our own, so that processors can be tested that we do not have."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from tools.sandbox.seccomp import Confinement, names_of_brokered, seccomp_filter
from tools.sandbox.syscalls import AUDIT_ARCH, NUMBERS, number

OWN_WORLD = Confinement(network=False, own_world=True, memory_counted=True)
SHARED = Confinement(network=False, own_world=False, memory_counted=True, landlock=7)
ANSWERS = {0x7FFF0000: "allowed", 0x80000000: "killed", 0x7FC00000: "handed over"}
PLAIN_CALLS = {
    "read": (0, 63),
    "write": (1, 64),
    "execve": (59, 221),
    "futex": (202, 98),
    "getrandom": (318, 278),
}


def answer(program: bytes, arch: int, call: int, *arguments: int) -> str:
    """Run a filter on a call."""
    words = [call, arch, 0, 0, *(word for each in arguments for word in (each & 0xFFFFFFFF, each >> 32))]
    words += [0] * (16 - len(words))
    accumulator = place = 0
    code = list(struct.iter_unpack("<HBBI", program))
    while True:
        operation, if_true, if_false, value = code[place]
        place += 1
        if operation == 0x20:
            accumulator = words[value // 4]
        elif operation == 0x54:
            accumulator &= value
        elif operation == 0x06:
            return ANSWERS.get(value, f"error {value & 0xFFFF}")
        else:
            holds = {0x15: accumulator == value, 0x25: accumulator > value, 0x45: bool(accumulator & value)}[
                operation
            ]
            place += if_true if holds else if_false


@pytest.fixture(params=sorted(AUDIT_ARCH))
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("mount", (), "error 1"),
        ("ptrace", (), "error 1"),
        ("clone3", (), "error 38"),
        ("clone", (17,), "allowed"),
        ("clone", (0x10000000 | 17,), "error 1"),
        ("unshare", (0x400,), "allowed"),
        ("unshare", (0x80,), "error 1"),
        ("ioctl", (0, 0x5401), "allowed"),
        ("ioctl", (0, 0x5412), "error 1"),
        ("ioctl", (0, 0x1_0000_541C), "error 1"),
        ("personality", (0xFFFFFFFF,), "allowed"),
        ("personality", (0x0040000,), "error 1"),
        ("prlimit64", (0, 7), "allowed"),
        ("prlimit64", (5, 7), "error 1"),
        ("socket", (1, 2), "allowed"),
        ("socket", (10, 1), "allowed"),
        ("socket", (16, 3), "error 97"),
        ("socketpair", (1, 1), "allowed"),
        ("socketpair", (2, 1), "error 97"),
        ("fchmod", (3, 0o755), "allowed"),
        ("fchmodat", (0, 0, 0o4755), "error 1"),
        ("openat", (0, 0, 0, 0o7777), "allowed"),
        ("openat", (0, 0, 0x40, 0o644), "allowed"),
        ("openat", (0, 0, 0x40, 0o2755), "error 1"),
        ("openat", (0, 0, 0x400000, 0o4755), "error 1"),
        ("kill", (1, 9), "allowed"),
        ("memfd_create", (), "allowed"),
    ],
)
def test_in_a_world_of_its_own(machine: str, name: str, arguments: tuple[int, ...], expected: str) -> None:
    call = number(name, machine)
    assert call is not None
    assert answer(seccomp_filter(machine, OWN_WORLD), AUDIT_ARCH[machine], call, *arguments) == expected


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("socket", (1, 1), "allowed"),
        ("socket", (1, 0x80000 | 1), "allowed"),
        ("socket", (1, 2), "error 1"),
        ("socket", (2, 1), "error 97"),
        ("socketpair", (1, 5), "allowed"),
        ("socketpair", (1, 2), "error 1"),
        ("setpriority", (0, 0, 5), "allowed"),
        ("setpriority", (0, 77, 5), "error 1"),
        ("setpriority", (2, 0, 5), "error 1"),
        ("sched_setaffinity", (77,), "error 1"),
        ("shmget", (), "error 1"),
        ("setxattr", (), "error 95"),
        ("fchown", (3, 0, 0), "error 1"),
        ("connect", (), "error 1"),
        ("fchmod", (3, 0o755), "error 1"),
        ("kill", (77, 9), "allowed"),
        ("fcntl", (3, 8, 77), "allowed"),
        ("truncate", (), "allowed"),
        ("pidfd_send_signal", (), "allowed"),
    ],
)
def test_without_a_world_of_its_own(
    machine: str, name: str, arguments: tuple[int, ...], expected: str
) -> None:
    call = number(name, machine)
    assert call is not None
    assert answer(seccomp_filter(machine, SHARED), AUDIT_ARCH[machine], call, *arguments) == expected


def test_an_older_landlock_leaves_more_to_the_filter(machine: str) -> None:
    old = seccomp_filter(machine, replace(SHARED, landlock=2))
    for name, arguments in {
        "kill": (77, 9),
        "fcntl": (3, 8, 77),
        "truncate": (),
        "pidfd_send_signal": (),
    }.items():
        assert answer(old, AUDIT_ARCH[machine], number(name, machine) or 0, *arguments) == "error 1"
    assert answer(old, AUDIT_ARCH[machine], number("fcntl", machine) or 0, 3, 1) == "allowed"


def test_what_is_handed_over_is_checked_before(machine: str) -> None:
    around = replace(SHARED, landlock=2, forks_counted=False, broker=True)
    program, arch = seccomp_filter(machine, around), AUDIT_ARCH[machine]
    names = names_of_brokered(around)
    assert {"connect", "fchmod", "kill", "clone", "truncate"} <= set(names)
    for name in names:
        if (call := number(name, machine)) is not None:
            assert answer(program, arch, call) == "handed over", name
    assert answer(program, arch, number("fchmod", machine) or 0, 3, 0o4755) == "error 1"
    assert answer(program, arch, number("clone", machine) or 0, 0x10000000) == "error 1"


def test_installing_speaks_to_the_internet_only(machine: str) -> None:
    program = seccomp_filter(machine, replace(SHARED, network=True))
    socket, connect = number("socket", machine) or 0, number("connect", machine) or 0
    said = [answer(program, AUDIT_ARCH[machine], socket, family, 1) for family in (1, 2, 10, 16)]
    assert said == ["error 97", "allowed", "allowed", "error 97"]
    assert answer(program, AUDIT_ARCH[machine], connect) == "allowed"


def test_uncounted_memory_is_not_to_be_had(machine: str) -> None:
    program = seccomp_filter(machine, replace(OWN_WORLD, memory_counted=False))
    assert answer(program, AUDIT_ARCH[machine], number("memfd_create", machine) or 0) == "error 38"


def test_ordinary_calls_pass_and_unknown_ones_do_not_exist(machine: str) -> None:
    program, arch = seccomp_filter(machine, OWN_WORLD), AUDIT_ARCH[machine]
    column = 0 if machine == "x86_64" else 1
    assert {answer(program, arch, numbers[column]) for numbers in PLAIN_CALLS.values()} == {"allowed"}
    assert answer(program, arch, 463) == "error 38"
    assert answer(program, arch, 0x40000000) == "error 38"  # the other numbering of x86_64
    assert answer(program, 0x40000003, 0) == "killed"  # i386


def test_no_number_is_given_twice() -> None:
    for column in (0, 1):
        numbers = [each[column] for each in NUMBERS.values() if each[column] is not None]
        assert len(numbers) == len(set(numbers))
