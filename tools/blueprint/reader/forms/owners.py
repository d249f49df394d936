"""Recognition of the owner of a resource in access rules, as in "Only the author can update posts"."""

from __future__ import annotations

from collections.abc import Sequence

from tools.blueprint.model import Entity
from tools.blueprint.names import plural
from tools.blueprint.reader.choices import Unclear
from tools.blueprint.reader.forms import lookup
from tools.blueprint.reader.forms.operations import ResolvedOperation
from tools.blueprint.reader.forms.scope import Scope
from tools.blueprint.reader.forms.wording import a
from tools.blueprint.reader.grammar.phrases import Noun


def is_owner(noun: Noun, entity: Entity, scope: Scope) -> bool:
    """Return whether the noun names the owner of one resource of the entity rather than a role.

    A noun names the owner if it follows "the" and is an entity of the service, or a reference or field of the entity.
    """
    if noun.article.lower() != "the":
        return False
    references = lookup.named(noun.words, [each.name for each in entity.references])
    return bool(references or lookup.fields(entity, noun.words)) or scope.is_entity(noun.words)


def owner_of(owners: Sequence[Noun], resolved: ResolvedOperation, scope: Scope) -> str:
    """Return the name of the reference or text field that holds the owner, or "" if there are no owners.

    Raises Unclear if the owner is unknown or ambiguous, differs from the existing one, or is named for a list.
    """
    if not owners:
        return ""
    entity, words = scope.entity(resolved.entity), owners[0].words
    if len(owners) > 1:
        raise Unclear(f"{a(entity.name)} can have one owner; name '{owners[0].words}' or '{owners[1].words}'")
    if resolved.operation == "list":
        raise Unclear(
            f"a list has no owner; only reading, changing or deleting {plural(entity.name)} can need one"
        )
    name = _holder(entity, words)
    if entity.owner not in ("", name):
        raise Unclear(f"{plural(entity.name)} already belong to their {entity.owner}, who is their owner")
    return name


def _holder(entity: Entity, words: str) -> str:
    own = lookup.named(words, [each.name for each in entity.references])
    targets = [each.name for each in entity.references if lookup.named(words, [each.target])]
    found = own or targets
    if len(found) > 1:
        raise Unclear(
            f"{a(entity.name)} refers to {a(words)} as {' and '.join(found)}; name one of them, "
            f"such as 'Only the {found[0]} can ...'"
        )
    if found:
        return found[0]
    fields = lookup.fields(entity, words)
    if not fields:
        noun = a(entity.name).capitalize()
        raise Unclear(
            f"'{words}' is an entity that {a(entity.name)} does not belong to; write '{noun} belongs to {a(words)}.', "
            f"or 'Only {a(words)} can ...' for a role"
        )
    if fields[0].type != "text" or not fields[0].required or fields[0].name == lookup.STATUS:
        raise Unclear(
            f"'{fields[0].name}' of {entity.name} must be a required text to hold its owner, as the token names it"
        )
    return fields[0].name
