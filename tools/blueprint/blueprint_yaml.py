"""Conversion of blueprints to and from `blueprint.yaml`."""

from __future__ import annotations

from collections.abc import Mapping

import yaml
from pydantic import JsonValue, ValidationError

from tools.blueprint.model import Blueprint, Element
from tools.errors import ToolError
from tools.workspace.documents import BoundedLoader

_SHOWN_ERRORS = 10


def to_yaml(blueprint: Blueprint) -> str:
    """Return the blueprint as YAML, omitting default values."""
    head = {"version": blueprint.version, "service": blueprint.service, "stack": blueprint.stack}
    return yaml.safe_dump(head | _members(blueprint), sort_keys=False, allow_unicode=True, width=100)


def from_yaml(text: str) -> Blueprint:
    """Parse the output of `to_yaml`. Raises ToolError listing the invalid values."""
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
    except yaml.YAMLError as error:
        raise ToolError(f"blueprint.yaml is not valid YAML: {error}") from error
    try:
        return Blueprint.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        places = [f"- {'.'.join(map(str, each['loc'])) or 'document'}: {each['msg']}" for each in found]
        raise ToolError(
            "\n".join(["blueprint.yaml is not a valid blueprint:", *places[:_SHOWN_ERRORS]])
        ) from error


class _Loader(BoundedLoader):
    """A loader that keeps dates as strings."""

    yaml_implicit_resolvers = {  # noqa: RUF012  declared this way by the base class
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _members(element: Element) -> dict[str, JsonValue]:
    """Return the required members, those that differ from their defaults, and `kind`, which discriminates unions."""
    fields = type(element).model_fields
    given = {name: getattr(element, name) for name in fields}
    return {
        name: _plain(value)
        for name, value in given.items()
        if name == "kind" or fields[name].is_required() or value != fields[name].get_default()
    }


def _plain(value: object) -> JsonValue:
    if isinstance(value, Element):
        return _members(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, bool | int | str | None) else str(value)
