"""Parts of the contract that all services share: problem responses, security, health and metrics."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from pydantic import JsonValue

from tools.blueprint.field_schemas import Schema
from tools.blueprint.model import Entity
from tools.blueprint.names import collection_path, pascal

_MEANINGS = {
    401: "The bearer token is missing, malformed or expired.",
    403: "The bearer token carries none of the roles that may do this.",
    404: "There is no such resource.",
    409: "The state of the resource does not allow this, a value is taken, or a limit is reached.",
    413: "The body is over 1 MB.",
    415: "The body has an unsupported content type.",
    422: "The request breaks a rule of its schema, or of the service.",
}


def problem_schema() -> Schema:
    """Return the schema of RFC 9457 problem details."""
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "What is wrong, in a sentence."},
            "errors": {
                "type": "array",
                "description": "One entry for each member or parameter at fault.",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {
                        "field": {"type": "string", "description": 'Its name; "" is the whole body.'},
                        "message": {"type": "string"},
                    },
                },
            },
        },
    }


def problem_name(status: int) -> str:
    """Return the name of the response component for an error status, such as `Conflict`."""
    return pascal(_phrase(status))


def problems(statuses: Iterable[int]) -> dict[str, JsonValue]:
    """Return the response components for these statuses."""
    return {problem_name(status): _problem(status) for status in sorted(statuses)}


def _problem(status: int) -> Schema:
    found: Schema = {
        "description": _MEANINGS.get(status) or f"{_phrase(status)}, as a rule of the service says.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
    }
    if status == 401:
        found["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    return found


def success(description: str, schema: Schema) -> Schema:
    """Return a response object with a JSON body."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def created(entity: Entity, schema: Schema, links: Schema) -> Schema:
    """Return the response object of a create, with its `Location` header and links."""
    location: Schema = {"type": "string", "pattern": f"^{collection_path(entity.name)}/[0-9a-f-]{{36}}$"}
    found = success(f"The new {entity.name}.", schema)
    found["headers"] = {"Location": {"required": True, "schema": location}}
    if links:
        found["links"] = links
    return found


def bearer_scheme() -> Schema:
    """Return the security scheme of restricted operations; a requirement lists the required role."""
    return {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "HS256; the list claim `roles` holds the caller's roles.",
    }


def service_paths() -> dict[str, JsonValue]:
    """Return the paths that every service has in addition to those of its resources."""
    state: Schema = {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}
    not_ready = _problem(503) | {"description": "The database does not answer."}
    yaml_text: Schema = {"description": "This document.", "content": {"application/yaml": {}}}
    ready: Schema = {"200": success("The service can take traffic.", state), "503": not_ready}
    return {
        "/healthz": _get("health", "Whether the process is alive", {"200": success("It is.", state)}),
        "/readyz": _get("readiness", "Whether the service can take traffic", ready),
        "/metrics": _get("metrics", "Prometheus metrics", {"200": _text("text/plain", "The metrics.")}),
        "/openapi.yaml": _get("contract", "This document", {"200": yaml_text}),
    }


def _get(name: str, summary: str, answers: Schema) -> Schema:
    return {"get": {"operationId": name, "summary": summary, "tags": ["service"], "responses": answers}}


def _text(media_type: str, description: str) -> Schema:
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}


def _phrase(status: int) -> str:
    known = {each.value: each.phrase for each in HTTPStatus}
    return known.get(status, f"Status {status}")
