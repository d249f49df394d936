"""Derives Python identifiers from blueprint names, avoiding keywords, builtins and names used in generated code."""

from __future__ import annotations

import builtins
import keyword

from tools.blueprint.model import Action, CustomOperation, Entity
from tools.blueprint.names import camel, collection_path, pascal, plural, snake
from tools.stacks.fastapi.rendering import Code, word

_MODULES = """
    adjustments arithmetic auth clock columns computed database dt fields models operations orm problems
    router rules sa schemas service store uuid web
"""
_LOCALS = """
    body changed chosen column condition conditions db descending each found id ids items key keys name page
    query raw row rows self session shown sort total values
"""
_FUNCTIONS = "check create check_read delete find list_all page read show show_all update"
_PYDANTIC = """
    construct copy dict fields from_orm json parse_file parse_obj parse_raw schema schema_json
    update_forward_refs validate
"""
_SQLALCHEMY = "cls metadata registry self touch type_annotation_map"
_PYTHON = frozenset(
    [*keyword.kwlist, *keyword.softkwlist, *(name for name in dir(builtins) if name.islower())]
)
_ATTRIBUTES = _PYTHON.union(_MODULES.split(), _PYDANTIC.split(), _SQLALCHEMY.split())
_VARIABLES = _PYTHON.union(_MODULES.split(), _LOCALS.split(), _FUNCTIONS.split())


def attribute(name: str) -> str:
    """Return the attribute for a field: its name in snake case, with a trailing underscore if that is reserved."""
    spelt = spelled(name)
    return f"{spelt}_" if spelt in _ATTRIBUTES or spelt.startswith("model_") else spelt


def identifier(name: str) -> str:
    """Return the name of a variable, module or function in snake case, with a trailing underscore if it is reserved."""
    spelt = spelled(name)
    return f"{spelt}_" if spelt in _VARIABLES else spelt


def function(operation: Action | CustomOperation) -> Code:
    """Return the name of the function that implements an operation, both in its own module and in the routes."""
    return Code(identifier(operation.name))


def class_name(name: str) -> str:
    """Return the name in Pascal case, modified if it would otherwise start with a digit or be a keyword."""
    spelt = pascal(name)
    if spelt[:1].isdigit():
        spelt = f"N{spelt}"
    return f"{spelt}0" if keyword.iskeyword(spelt) else spelt


def distinct(name: str, *taken: str) -> str:
    """Return an identifier for the name, prefixed with `other_` if it is already taken."""
    spelt = identifier(name)
    return f"other_{spelt}" if spelt in taken else spelt


def member(name: str, **more: object) -> dict[str, object]:
    """Return the template values of a member: its names in Python and in JSON, and those in `more`."""
    return {"attribute": Code(attribute(name)), "json": camel(name), **more}


def entity_names(entity: Entity) -> dict[str, object]:
    """Return the template values for an entity's names: words, class, variable and path."""
    plain = word(entity.name)
    article = f"{'an' if plain[:1] in 'aeiou' else 'a'} {plain}"
    return {
        "name": entity.name,
        "plural": plural(entity.name),
        "cls": Code(class_name(entity.name)),
        "own": Code(identifier(entity.name)),
        "article": Code(article),
        "Article": Code(article[:1].upper() + article[1:]),
        "path": collection_path(entity.name),
    }


def spelled(name: str) -> str:
    """Return the name in snake case, prefixed with "n" if it starts with a digit."""
    spelt = snake(name)
    return f"n{spelt}" if spelt[:1].isdigit() else spelt
