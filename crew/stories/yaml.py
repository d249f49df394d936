"""YAML parser that returns values with line numbers."""

from __future__ import annotations

import yaml

from crew.errors import BadInput
from crew.stories.model import EXAMPLE, Node
from tools.workspace.documents import AliasError, BoundedLoader


def read_yaml(text: str, source: str, first_line: int = 1) -> Node:
    """Parse a YAML document; `first_line` is the line of the file on which the text starts.

    Raises BadInput for invalid YAML, duplicate keys, and aliases, which stories do not need and which could
    expand a small file into a huge one.
    """
    try:
        root = yaml.compose(text, Loader=BoundedLoader)
        return _node(root, source, first_line) if root else Node(None, first_line, source)
    except AliasError as error:
        raise BadInput(f"{source}: YAML aliases (*name) are not supported; write the text out.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = (mark.line if mark else 0) + first_line
        place = Node(None, line, source)
        raise place.wrong(f"invalid YAML: {error.problem or error.context}.", EXAMPLE) from error
    except yaml.YAMLError as error:
        raise BadInput(f"{source}: invalid YAML: {error}") from error


def _node(node: yaml.Node, source: str, first_line: int) -> Node:
    line = node.start_mark.line + first_line
    if isinstance(node, yaml.MappingNode):
        members: dict[str, Node] = {}
        for key, value in node.value:
            place = Node(None, key.start_mark.line + first_line, source)
            if not isinstance(key, yaml.ScalarNode):
                raise place.wrong("a key must be plain text.", EXAMPLE)
            if key.value in members:
                raise place.wrong(f"duplicate key {key.value!r}.", EXAMPLE)
            members[key.value] = _node(value, source, first_line)
        return Node(members, line, source)
    if isinstance(node, yaml.SequenceNode):
        return Node([_node(item, source, first_line) for item in node.value], line, source)
    return Node(_scalar(node, source, line), line, source)


def _scalar(node: yaml.Node, source: str, line: int) -> object:
    loader = yaml.SafeLoader("")
    try:
        # Keep dates and other special types as text, since such words in a criterion are meant literally.
        if node.tag.endswith((":null", ":int", ":float", ":bool")):
            return loader.construct_object(node)
    except (ValueError, yaml.YAMLError) as error:
        raise Node(None, line, source).wrong(f"{node.value!r} cannot be read: {error}.", EXAMPLE) from error
    finally:
        loader.dispose()
    return node.value
