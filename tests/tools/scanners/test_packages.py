"""What requirements add."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.environments.licences import Package
from tools.policy.regopy_engine import RegopyEngine
from tools.policy.source import load
from tools.scanners import dependencies
from tools.scanners.listing import listing

ROOT = Path(__file__).parents[3]
PINS = ROOT / "tools" / "stacks" / "fastapi" / "pins"
POLICIES = ROOT / "crew" / "policies"


def package(name: str, version: str, licence: str) -> Package:
    return Package(name=name, version=version, licence=licence)


def test_only_what_is_new_is_added() -> None:
    before = "fastapi==0.1\nuvicorn==0.2\n"
    after = "# the service's\nfastapi==0.1  # web\nuvicorn==0.3\nPy_JWT==2.0 ; sys_platform == 'linux'\n"

    assert dependencies(after, before) == {
        "added": {"uvicorn==0.3": True, "py-jwt==2.0": True},
        "unpinned": [],
        "licences": {},
    }


def test_pins_may_carry_extras_markers_and_hashes() -> None:
    hashes = f" \\\n    --hash=sha256:{'a' * 64} \\\n    --hash=sha256:{'b' * 64}\n"
    text = f"uvicorn[standard]==0.3 ; python_version > '3.8'{hashes}"

    assert dependencies(text, "") == {"added": {"uvicorn==0.3": True}, "unpinned": [], "licences": {}}


@pytest.mark.parametrize(
    "line",
    [
        "fastapi",
        "fastapi>=0.1",
        "fastapi==0.*",
        "fastapi===0.1",
        "fastapi==0.1,<2",
        "fastapi @ https://example.org/fastapi.whl",
        "git+https://example.org/fastapi",
        "https://example.org/fastapi.whl",
        "./fastapi",
        "-e .",
        "-r more.txt",
        "--index-url https://example.org",
        "fastapi==0.1 --index-url https://example.org",
        "fastapi==0.1 evil==1",
        "fastapi==0.1\x0c-r more.txt",
    ],
)
def test_everything_else_is_not_pinned(line: str) -> None:
    assert dependencies(line, "")["unpinned"] != []
    assert dependencies(line, line)["unpinned"] == []


def test_licences_are_those_of_what_is_added() -> None:
    installed = [
        package("a", "1", "MIT"),
        package("b", "1", "MIT"),
        package("b", "1", "MIT"),
        package("c", "1", ""),
        package("d", "2", "GPL-3.0-only"),
        package("old", "1", "GPL-3.0-only"),
    ]

    facts = dependencies("a==1\nb==1\nc==1\nd==1\nold==1\n", "old==1", installed)

    assert facts["licences"] == {"MIT": ["a==1", "b==1"]}


def test_a_new_service_of_the_stack_may_be_installed() -> None:
    """Every pin of the stack is on the list; if not, run `python -m tools.scanners.listing`."""
    requirements = "".join(path.read_text() for path in sorted(PINS.glob("*.txt")))
    call = {
        "delivery": "d",
        "role": "testing",
        "tool": "install_dependencies",
        "effect": "network",
        "arguments": {},
        "rationale": "The tests need it.",
        "evidence": [],
        "facts": {"dependencies": dependencies(requirements, ""), "rationale_letters": 15},
    }

    decision = RegopyEngine(load(POLICIES)).decide(call)

    assert decision.reasons == ()
    assert decision.outcome == "allow"


def test_the_list_is_of_the_stacks_pins_alone() -> None:
    data = json.loads((POLICIES / "packages.json").read_text())
    requirements = "".join(path.read_text() for path in sorted(PINS.glob("*.txt")))
    added = dependencies(requirements, "")["added"]
    assert isinstance(added, dict)

    assert sorted(data["listed"]) == sorted(added)
    for grouped in (data["packages"], data["releases"]):
        assert sorted(release for releases in grouped.values() for release in releases) == sorted(added)


def test_a_listing_groups_releases_and_keeps_what_is_not_installed_here() -> None:
    before = '{"packages": {"BSD-3-Clause": {"colorama==0.3": true}}}'

    text = listing(
        "a==2\nb==1\ncolorama==0.4 ; x\n", [package("a", "2", "MIT"), package("b", "1", "ISC")], before
    )

    assert json.loads(text) == {
        "listed": {"a==2": True, "b==1": True, "colorama==0.4": True},
        "packages": {
            "BSD-3-Clause": {"colorama==0.4": True},
            "ISC": {"b==1": True},
            "MIT": {"a==2": True},
        },
        "releases": {"a": ["a==2"], "b": ["b==1"], "colorama": ["colorama==0.4"]},
    }


def test_a_listing_asks_for_licences_that_nobody_knows() -> None:
    with pytest.raises(ValueError, match="licences of c==1 "):
        listing("c==1", [package("c", "1", "")], '{"packages": {}}')
