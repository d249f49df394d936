"""The comparison of what a criterion names with the operations and tests that are said to cover it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from http import HTTPStatus
from urllib.parse import urlsplit

from pydantic import BaseModel, JsonValue

from crew.evidence.named import Endpoint, Named
from tools.testing.test_content import TestContent

SERVICE_WIDE = ("GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.yaml")
"""Operations that every generated service has and no blueprint names."""
_VARIABLE = re.compile(r"\{[^}]*\}|<[^>]*>|:\w+|\[[^\]]*\]|[0-9]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PREFIX = re.compile(r"api|rest|v[0-9][\w.]*|\{\}", re.IGNORECASE)
"""Pattern of a segment that may precede a path: part of a base path, or a variable that contains one."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_NUMBER = re.compile(r"(?<![\w.])[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?")
_TOLD = ("description", "summary", "title", "example", "examples", "tags", "operationId")
"""Members of a contract that are purely descriptive."""


class Claim(BaseModel, frozen=True):
    """The readings, operations and tests that are said to cover a criterion."""

    generated: bool
    """Whether the service is generated, so that its contract lists all of its operations."""
    operations: tuple[str, ...] = ()
    """Operations such as "POST /orders/{id}/pay"; empty for the data model, and for existing projects."""
    readings: tuple[str, ...] = ()
    contract: dict[str, JsonValue] = {}
    """The OpenAPI document of a generated service."""
    tests: TestContent = TestContent()


def differences(named: Named, claim: Claim) -> tuple[str, ...]:
    """Return one clause for each thing that a criterion names but nothing provides."""
    endpoints = [each for each in named.endpoints if not _meets_endpoint(each, claim)]
    statuses = [each for each in named.statuses if not _meets_status(each, claim)]
    quoted = [each for each in named.quoted if not _meets_text(each, claim)]
    return (
        *(f"it names {each}; {_covered_by(claim)}" for each in endpoints),
        *(f"it names status {each}; {_asserted(each, claim)}" for each in statuses),
        *(f'it names "{each}", which neither its operations nor its tests contain' for each in quoted),
        *(
            f"it names {each}, which neither its operations nor its tests contain"
            for each in _unmet_limits(named, claim)
        ),
    )


def _meets_endpoint(endpoint: Endpoint, claim: Claim) -> bool:
    if not claim.generated:
        return _is_requested(endpoint, claim.tests)
    paths = claim.contract.get("paths")
    known = [
        f"{method.upper()} {path}"
        for path, item in (paths.items() if isinstance(paths, dict) else ())
        for method in (item if isinstance(item, dict) else ())
    ]
    own = [_endpoint(each) for each in (*(claim.operations or known), *SERVICE_WIDE)]
    if not endpoint.path:
        return any(each.method == endpoint.method for each in own)
    base, wanted = _base(claim.contract), _segments(endpoint.path)
    if any(_fits(endpoint, each) and _same(wanted, [*base, *_segments(each.path)]) for each in own):
        return True
    # "/orders/unknown" counts as a request to "/orders/{id}" if a test sends exactly that.
    there = [_segments(each.path) for each in map(_endpoint, known) if _fits(endpoint, each)]
    return _is_requested(endpoint, claim.tests) and any(_is_instance(wanted, each) for each in there)


def _endpoint(operation: str) -> Endpoint:
    method, _, path = operation.partition(" ")
    return Endpoint(method=method, path=path)


def _fits(endpoint: Endpoint, operation: Endpoint) -> bool:
    return endpoint.method in ("", operation.method)


def _is_instance(wanted: Sequence[str], template: Sequence[str]) -> bool:
    same_length = len(wanted) == len(template)
    return same_length and all(other in (one, "{}") for one, other in zip(wanted, template, strict=True))


def _is_requested(endpoint: Endpoint, tests: TestContent) -> bool:
    methods = {method for method, path in tests.requests if not path or not endpoint.path}
    if not endpoint.path:
        return endpoint.method in methods
    sent = (Endpoint(method=method, path=path) for method, path in tests.requests if path)
    if any(_fits(endpoint, each) and _same(_segments(endpoint.path), _segments(each.path)) for each in sent):
        return True
    # The path of a request may be in a constant or a table.
    written = any(_same(_segments(endpoint.path), _segments(each)) for each in tests.texts if "/" in each)
    return written and (not endpoint.method or endpoint.method in methods | (tests.texts & {endpoint.method}))


def _segments(path: str) -> list[str]:
    """Return the segments of a path or URL without its query, with "{}" for each variable one."""
    plain = urlsplit(path).path if path.startswith(("http://", "https://")) else path.partition("?")[0]
    return ["{}" if _VARIABLE.fullmatch(each) else each for each in plain.strip("/").split("/")]


def _same(wanted: Sequence[str], there: Sequence[str]) -> bool:
    """Return whether two paths are the same, ignoring a base path that only the second one has."""
    extra = len(there) - len(wanted)
    if extra < 0 or not all(_PREFIX.fullmatch(each) for each in there[:extra]):
        return False
    return all(one == other for one, other in zip(wanted, there[extra:], strict=True))


def _base(contract: dict[str, JsonValue]) -> list[str]:
    servers = contract.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else {}
    url = first.get("url") if isinstance(first, dict) else ""
    return [each for each in _segments(str(url or "")) if each]


def _covered_by(claim: Claim) -> str:
    if claim.operations:
        return f"covered by {', '.join(claim.operations)}"
    if claim.generated:
        return "the service has no such operation"
    sent = sorted(
        {f"{method} {path}" for method, path in claim.tests.requests if path.startswith(("/", "http"))}
    )
    return f"its tests request {_some(sent)}" if sent else "none of its tests requests that"


def _meets_status(status: str, claim: Claim) -> bool:
    answered = _answers(claim)
    in_contract = not answered or any(_is_status(status, each) for each in answered)
    # A rule hidden by an earlier one has no test, but its reading is enough: the code comes from the same sentence.
    read = any(re.search(rf"\bwith {status}\b", each) for each in _sentences(claim))
    return in_contract and (read or any(_is_status(status, str(each)) for each in claim.tests.statuses))


def _is_status(wanted: str, status: str) -> bool:
    return status == wanted or (wanted.endswith("xx") and status[:1] == wanted[0])


def _answers(claim: Claim) -> list[str]:
    """Return the statuses that the contract allows the operations to return."""
    found: set[str] = set()
    for operation in claim.operations:
        responses = _operation(claim.contract, operation).get("responses")
        found |= set(responses) if isinstance(responses, dict) else set()
    return sorted(found)


def _asserted(status: str, claim: Claim) -> str:
    if any(_is_status(status, str(each)) for each in claim.tests.statuses):
        return f"{', '.join(claim.operations)} can return {_some(_answers(claim))}"
    refusal = status[0] in "45"
    alike = [each for each in claim.tests.statuses if (each >= HTTPStatus.BAD_REQUEST) == refusal]
    asserted = _some([str(each) for each in sorted(alike or claim.tests.statuses)])
    return f"the test asserts {asserted}" if asserted else "none of its tests asserts a status"


def _meets_text(text: str, claim: Claim) -> bool:
    if re.fullmatch(r"/\S*", text) and _meets_endpoint(Endpoint(path=text), claim):
        return True
    exact = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
    if any(exact.search(each) for each in claim.tests.texts):
        return True
    if any(f'"{text}"' in each for each in _sentences(claim)):
        return True
    wanted = _words(text)
    names = {*map(_words, claim.tests.texts), *map(_words, _contract_texts(claim))}
    return bool(wanted) and wanted in names


def _unmet_limits(named: Named, claim: Claim) -> list[str]:
    """Return the limits that occur nowhere in the claim; an existing project's tests may state them in another unit."""
    if not claim.generated or not named.limits:
        return []
    there = {
        _number(each)
        for text in (*_sentences(claim), *claim.tests.texts, *_contract_texts(claim))
        for each in _NUMBER.findall(text)
    }
    return [each for each in named.limits if _number(each) not in there]


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _sentences(claim: Claim) -> list[str]:
    """Return the readings that have a sentence form; those of custom operations are a model's own words."""
    return [each for each in claim.readings if not each.startswith("Custom ")]


def _words(text: str) -> tuple[str, ...]:
    """Return the words of a name, however it is spelt: "expiryDate", "expiry-date" and "Expiry date" are the same."""
    return tuple(each.lower() for each in _WORD.findall(text))


def _contract_texts(claim: Claim) -> Iterator[str]:
    """Yield the names and values in the contract of the operations, or in all of it if there are none."""
    parts: list[JsonValue] = [_operation(claim.contract, each) for each in claim.operations] or [
        claim.contract
    ]
    yield from (segment for each in claim.operations for segment in each.split("/"))
    seen: set[str] = set()
    while parts:
        part = parts.pop()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            yield from part
            parts += [value for name, value in part.items() if name not in _TOLD or isinstance(value, dict)]
            parts += _referenced(part, claim.contract, seen)
        elif isinstance(part, str | int | float):
            yield str(part)


def _referenced(
    part: dict[str, JsonValue], contract: dict[str, JsonValue], seen: set[str]
) -> list[JsonValue]:
    reference = part.get("$ref")
    if not isinstance(reference, str) or reference in seen:
        return []
    seen.add(reference)
    found: JsonValue = contract
    for name in reference.removeprefix("#/").split("/"):
        found = found.get(name) if isinstance(found, dict) else None
    return [found]


def _operation(contract: dict[str, JsonValue], operation: str) -> dict[str, JsonValue]:
    method, _, path = operation.partition(" ")
    found: JsonValue = contract
    for name in ("paths", path, method.lower()):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _some(names: Collection[str]) -> str:
    shown = list(names)[:6]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")
