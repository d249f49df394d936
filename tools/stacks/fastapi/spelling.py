"""Spellings of an entity, as the templates know them."""

from __future__ import annotations

from tools.blueprint.model import Entity
from tools.blueprint.names import collection_path, plural
from tools.stacks.fastapi.identifiers import class_name, identifier
from tools.stacks.fastapi.rendering import Code, word


def spellings(entity: Entity) -> dict[str, object]:
    """Return the entity's names as words, class, variable and path."""
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
