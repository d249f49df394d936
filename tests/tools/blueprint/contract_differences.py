"""One service's contract and single differences from it, each with what it is to a client, there and back.

The service is not of the crew's making, and uses more of OpenAPI than the crew writes.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["breaking", "additive", "incomparable", "none"]
GONE: Any = object()
"""In place of a value: the member is not there."""

ORDER = "/components/schemas/Order"
NEW = "/components/schemas/NewOrder"
POST = "/paths/~1orders/post"
GET = "/paths/~1orders~1{id}/get"
BODY = f"{POST}/requestBody/content/application~1json/schema"
_JSON: Any = "application/json"

CONTRACT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "1"},
    "servers": [{"url": "https://orders.example"}],
    "tags": [{"name": "orders"}],
    "paths": {
        "/orders": {
            "parameters": [{"name": "X-Trace", "in": "header", "schema": {"type": "string"}}],
            "post": {
                "operationId": "order",
                "summary": "Order something",
                "tags": ["orders"],
                "parameters": [{"$ref": "#/components/parameters/dryRun"}],
                "requestBody": {
                    "required": True,
                    "content": {_JSON: {"schema": {"$ref": "#/components/schemas/NewOrder"}}},
                },
                "responses": {
                    "201": {
                        "description": "Ordered",
                        "headers": {"Location": {"required": True, "schema": {"type": "string"}}},
                        "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Order"}}},
                        "links": {
                            "read": {"operationId": "read", "parameters": {"id": "$response.body#/id"}}
                        },
                    },
                    "default": {"$ref": "#/components/responses/Problem"},
                },
                "callbacks": {"done": {"{$request.body#/url}": {"post": {"responses": {"200": {}}}}}},
            },
        },
        "/orders/{id}": {
            "get": {
                "operationId": "read",
                "security": [{"token": ["clerk"]}, {"key": []}],
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {
                        "name": "fields",
                        "in": "query",
                        "style": "form",
                        "schema": {"type": "array", "items": {"type": "string", "enum": ["id", "lines"]}},
                    },
                ],
                "responses": {
                    200: {
                        "description": "It",
                        "content": {
                            _JSON: {"schema": {"$ref": "#/components/schemas/Order"}},
                            "text/plain": {"schema": {"type": "string"}},
                        },
                    },
                    404: {"$ref": "#/components/responses/Problem"},
                },
            },
        },
    },
    "components": {
        "parameters": {"dryRun": {"name": "dryRun", "in": "query", "schema": {"type": "boolean"}}},
        "responses": {"Problem": {"description": "No", "content": {_JSON: {"schema": {"type": "object"}}}}},
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        },
        "schemas": {
            "NewOrder": {
                "type": "object",
                "required": ["lines"],
                "additionalProperties": False,
                "properties": {
                    "lines": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 9,
                        "items": {"$ref": "#/components/schemas/Line"},
                    },
                    "note": {"type": ["string", "null"], "maxLength": 80, "default": "-"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "code": {"type": "string", "pattern": "^[A-Z]+$"},
                    "weight": {"type": "number", "minimum": 1, "exclusiveMaximum": 100},
                    "speed": {"type": "string", "enum": ["slow", "fast"]},
                    "payment": {
                        "oneOf": [
                            {"$ref": "#/components/schemas/Card"},
                            {"$ref": "#/components/schemas/Cash"},
                        ]
                    },
                    "pair": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]},
                    "gift": {"type": "object", "dependentRequired": {"card": ["text"]}},
                    "when": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
                    "choice": {"type": "string", "if": {"const": "a"}, "then": {"minLength": 1}},
                },
            },
            "Line": {
                "type": "object",
                "required": ["sku"],
                "properties": {
                    "sku": {"type": "string", "minLength": 3},
                    "count": {"type": "integer", "format": "int32", "multipleOf": 2},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                },
            },
            "Card": {"type": "object", "properties": {"number": {"type": "string"}}},
            "Cash": {"type": "object", "properties": {"amount": {"type": "number"}}},
            "Order": {
                "allOf": [
                    {"$ref": "#/components/schemas/Stored"},
                    {
                        "type": "object",
                        "title": "An order",
                        "properties": {
                            "state": {"type": "string", "enum": ["open", "sent"]},
                            "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                            "kind": {"const": "order"},
                        },
                    },
                ]
            },
            "Stored": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string", "readOnly": True},
                    "made": {"type": "string", "format": "date-time", "example": "2026-01-01T00:00:00Z"},
                },
            },
        },
    },
}


def edited(document: Any, pointer: str, value: Any) -> Any:
    """Return the document with one member set, or taken away by GONE; a list is appended to by "-"."""
    copied = copy.deepcopy(document)
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    target = copied
    for part in parents:
        if isinstance(target, list):
            target = target[int(part)]
        else:
            target = target[int(part)] if part not in target and part.isdigit() else target[part]
    if isinstance(target, list):
        target[:] = [*target, value] if last == "-" else target
        if last != "-":
            target[int(last) : int(last) + 1] = [] if value is GONE else [value]
    elif value is GONE:
        del target[int(last) if last not in target and last.isdigit() else last]
    else:
        target[last] = value
    return copied


@dataclass(frozen=True)
class Case:
    """One difference from CONTRACT."""

    name: str
    pointer: str
    value: Any
    there: Verdict
    back: Verdict

    @property
    def document(self) -> Any:
        """The contract with the difference."""
        return edited(CONTRACT, self.pointer, self.value)


B: Verdict = "breaking"
A: Verdict = "additive"
U: Verdict = "incomparable"
N: Verdict = "none"
_QUERY = {"name": "q", "in": "query", "schema": {"type": "string"}}
_LINES = f"{NEW}/properties/lines"
_WEIGHT = f"{NEW}/properties/weight"
_STORED = "/components/schemas/Stored"
_STATE = f"{ORDER}/allOf/1/properties/state"

CASES = (
    # parameters
    Case("required parameter at path level", "/paths/~1orders/parameters/-", _QUERY | {"required": True}, B, B),
    Case("optional parameter at path level", "/paths/~1orders/parameters/-", _QUERY, A, B),
    Case("path-level parameter becomes required", "/paths/~1orders/parameters/0/required", True, B, A),
    Case("optional parameter", f"{GET}/parameters/-", _QUERY, A, B),
    Case("required parameter", f"{GET}/parameters/-", _QUERY | {"required": True}, B, B),
    Case("parameter moves to the header", f"{GET}/parameters/1/in", "header", B, B),
    Case("parameter style", f"{GET}/parameters/1/style", "pipeDelimited", U, U),
    Case("parameter explode", f"{GET}/parameters/1/explode", False, U, U),
    Case("parameter schema", "/components/parameters/dryRun/schema/type", "integer", B, B),
    Case("parameter content", f"{GET}/parameters/1/content", {"text/plain": {}}, U, U),
    # security
    Case("security of an operation", f"{POST}/security", [{"key": []}], B, A),
    Case("security of the document", "/security", [{"key": []}], B, A),
    Case("another role", f"{GET}/security/0/token/0", "admin", B, B),
    Case("role and scheme together", f"{GET}/security/0/key", [], B, B),
    Case("one more way to be let in", f"{GET}/security/-", {"token": ["admin"]}, A, B),
    Case("definition of a security scheme", "/components/securitySchemes/key/name", "X-Other", U, U),
    # bodies
    Case("body becomes optional", f"{POST}/requestBody/required", False, A, B),
    Case("body goes", f"{POST}/requestBody", GONE, B, B),
    Case("optional body comes", f"{GET}/requestBody", {"content": {_JSON: {}}}, A, B),
    Case("media type of a request", f"{POST}/requestBody/content/text~1csv", {}, A, B),
    Case("encoding of a part", f"{POST}/requestBody/content/application~1json/encoding", {"a": {}}, U, U),
    # request schemas
    Case("exclusiveMinimum", f"{_WEIGHT}/exclusiveMinimum", 2, B, A),
    Case("exclusiveMaximum", f"{_WEIGHT}/exclusiveMaximum", 101, A, B),
    Case("maximum in place of a stricter one", f"{_WEIGHT}/maximum", 99, B, A),
    Case("minItems", f"{_LINES}/minItems", 2, B, A),
    Case("uniqueItems", f"{_LINES}/uniqueItems", True, B, A),
    Case("minProperties", f"{NEW}/minProperties", 2, B, A),
    Case("maxProperties", f"{NEW}/maxProperties", 2, B, A),
    Case("readOnly of what is sent", f"{NEW}/properties/code/readOnly", True, B, U),
    Case("writeOnly of what is sent", f"{NEW}/properties/code/writeOnly", True, A, A),
    Case("propertyNames", f"{NEW}/properties/labels/propertyNames", {"maxLength": 3}, U, U),
    Case("patternProperties", f"{NEW}/properties/labels/patternProperties", {"^a": False}, U, U),
    Case("dependentRequired", f"{NEW}/properties/gift/dependentRequired/card/-", "colour", U, U),
    Case("dependentSchemas", f"{NEW}/dependentSchemas", {"note": {"required": ["code"]}}, U, U),
    Case("if and then", f"{NEW}/properties/choice/then/minLength", 2, U, U),
    Case("if", f"{NEW}/if", {"required": ["note"]}, U, U),
    Case("items: false after prefixItems", f"{NEW}/properties/pair/items", False, U, U),
    Case("items after prefixItems", f"{NEW}/properties/pair/items", {"type": "string"}, U, U),
    Case("prefixItems", f"{NEW}/properties/pair/prefixItems/0/type", "number", U, U),
    Case("contains", f"{_LINES}/contains", {"required": ["count"]}, U, U),
    Case("unevaluatedProperties", f"{NEW}/unevaluatedProperties", False, U, U),
    Case("not", f"{NEW}/properties/code/not", {"const": "X"}, U, U),
    Case("const", f"{NEW}/properties/code/const", "X", U, U),
    Case("within oneOf", "/components/schemas/Card/required", ["number"], U, U),
    Case("another oneOf", f"{NEW}/properties/payment/oneOf/-", {"type": "string"}, U, U),
    Case("discriminator", f"{NEW}/properties/payment/discriminator", {"propertyName": "type"}, U, U),
    Case("one more of anyOf", f"{NEW}/properties/when/anyOf/-", {"type": "integer"}, A, B),
    Case("within anyOf", f"{NEW}/properties/when/anyOf/0/maxLength", 9, B, A),
    Case("schema of other properties", f"{NEW}/properties/labels/additionalProperties/maxLength", 9, B, A),
    Case("no other properties", f"{NEW}/properties/labels/additionalProperties", False, B, A),
    Case("other properties", f"{NEW}/additionalProperties", True, A, B),
    Case("name for one of the other properties", f"{NEW}/properties/labels/properties", {"a": {}}, U, B),
    Case("required property", f"{NEW}/required/-", "code", B, A),
    Case("optional property", f"{NEW}/properties/more", {"type": "string"}, A, B),
    Case("default", f"{NEW}/properties/note/default", "?", U, U),
    Case("new default", f"{NEW}/properties/weight/default", 2, A, U),
    Case("null", f"{NEW}/properties/note/type", "string", B, A),
    Case("null among the choices", f"{NEW}/properties/speed/enum/-", None, A, B),
    Case("pattern", f"{NEW}/properties/code/pattern", "^[a-z]+$", B, B),
    Case("contentEncoding", f"{NEW}/properties/code/contentEncoding", "base64", U, U),
    Case("a keyword of nobody", f"{NEW}/properties/code/length", 3, U, U),
    Case("a schema that admits nothing", f"{NEW}/properties/code", False, U, B),
    Case("a schema that is none", f"{NEW}/properties/code", 7, U, U),
    # responses
    Case("success", f"{GET}/responses/202", {"description": "Later"}, B, B),
    Case("failure", f"{GET}/responses/410", {"description": "Gone"}, A, A),
    Case("status of a range", f"{GET}/responses/4XX", {"$ref": "#/components/responses/Problem"}, A, A),
    Case("status as its default", f"{POST}/responses/409", {"$ref": "#/components/responses/Problem"}, N, N),
    Case("status unlike its default", f"{POST}/responses/409", {"description": "No", "content": {}}, B, B),
    Case("any other response", f"{GET}/responses/default", {"description": "Odd"}, U, U),
    Case("media type of a response", f"{GET}/responses/200/content/text~1csv", {}, B, B),
    Case("header", f"{POST}/responses/201/headers/ETag", {"schema": {"type": "string"}}, A, B),
    Case("optional header", f"{POST}/responses/201/headers/Location/required", False, B, A),
    Case("schema of a header", f"{POST}/responses/201/headers/Location/schema/format", "uri", A, B),
    Case("exclusiveMinimum of a response", f"{_STORED}/properties/made/exclusiveMinimum", 1, A, B),
    Case("minProperties of a response", f"{_STORED}/minProperties", 2, A, B),
    Case("readOnly of a response", f"{_STORED}/properties/made/readOnly", True, A, A),
    Case("writeOnly of a response", f"{_STORED}/properties/made/writeOnly", True, B, U),
    Case("required in a response", f"{_STORED}/required/-", "made", A, B),
    Case("a choice more in a response", f"{_STATE}/enum/-", "lost", A, A),
    Case("one more of allOf", f"{ORDER}/allOf/-", {"required": ["state"]}, A, U),
    Case("const of a response", f"{ORDER}/allOf/1/properties/kind/const", "offer", U, U),
    # around the operations
    Case("operation", f"{GET}", GONE, B, A),
    Case("servers", "/servers/0/url", "https://other.example", U, U),
    Case("servers of a path", "/paths/~1orders/servers", [{"url": "/v2"}], U, U),
    Case("callbacks", f"{POST}/callbacks/paid", {}, U, U),
    Case("webhooks", "/webhooks", {"paid": {"post": {"responses": {}}}}, U, U),
    Case("dialect", "/jsonSchemaDialect", "https://example.com/dialect", U, U),
    Case("minor version", "/openapi", "3.0.3", U, U),
    Case("Swagger 2.0", "/swagger", "2.0", U, U),
    Case("reference out of the document", f"{BODY}/$ref", "other.yaml#/NewOrder", U, U),
    Case("reference to nothing", f"{BODY}/$ref", "#/components/schemas/None", U, U),
    Case("reference to itself", NEW, {"$ref": "#/components/schemas/NewOrder"}, U, U),
    # annotations
    Case("description", f"{NEW}/description", "Other words", N, N),
    Case("example", f"{_STORED}/properties/made/example", "2027-01-01T00:00:00Z", N, N),
    Case("examples", f"{NEW}/examples", [{}], N, N),
    Case("title", f"{ORDER}/allOf/1/title", "Order", N, N),
    Case("summary", f"{POST}/summary", "Order", N, N),
    Case("tags", f"{POST}/tags", ["sales"], N, N),
    Case("external docs", "/externalDocs", {"url": "https://docs.example"}, N, N),
    Case("extension", f"{POST}/x-team", "sales", N, N),
    Case("deprecated", f"{POST}/deprecated", True, N, N),
    Case("version of the service", "/info/version", "2", N, N),
    Case("operationId", f"{POST}/operationId", "place", N, N),
    Case("link", f"{POST}/responses/201/links", {}, N, N),
    Case("patch version", "/openapi", "3.1.1", N, N),
)  # fmt: skip
