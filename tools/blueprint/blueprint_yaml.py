"""`blueprint.yaml`: a blueprint as a file that people read and a fresh clone loads."""

from __future__ import annotations

from collections.abc import Mapping

import yaml
from pydantic import JsonValue, ValidationError

from tools.blueprint.model import Blueprint, Element
from tools.errors import ToolError

_SHOWN_ERRORS = 10


def to_yaml(blueprint: Blueprint) -> str:
    """Return the blueprint as YAML, without what is as by default."""
    head = {"version": blueprint.version, "service": blueprint.service, "stack": blueprint.stack}
    return yaml.safe_dump(head | _members(blueprint), sort_keys=False, allow_unicode=True, width=100)


def from_yaml(text: str) -> Blueprint:
    """Load what `to_yaml` wrote, or raise ToolError that says where it is wrong."""
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, RecursionError) as error:
        raise ToolError(f"blueprint.yaml is not YAML: {error}") from error
    try:
        return Blueprint.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        places = [f"- {'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg']}" for each in found]
        raise ToolError("\n".join(["blueprint.yaml is not a blueprint:", *places[:_SHOWN_ERRORS]])) from error


class _Loader(yaml.SafeLoader):
    """Takes plain dates for text, as a blueprint does, and refuses aliases, which blow small files up."""

    yaml_implicit_resolvers = {  # noqa: RUF012  as its base declares it
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node that is no alias."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def _members(element: Element) -> dict[str, JsonValue]:
    """Return what differs from the defaults; `kind` stays, as it tells the kinds of a union apart."""
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
