"""Interpretation of sentences about relations, CRUD operations, filters, sort keys and states."""

from __future__ import annotations

from tools.blueprint.model import CRUD, Crud, Entity, Filter, Reference, Sort, Transition
from tools.blueprint.names import plural, verb_bases
from tools.blueprint.reader.choices import Choices, Unclear
from tools.blueprint.reader.facts import BuiltIn, Exists, Fact, Facts, InitialState, OfferedOperations
from tools.blueprint.reader.forms import lookup
from tools.blueprint.reader.forms.english import check_state
from tools.blueprint.reader.forms.fields import entity_name
from tools.blueprint.reader.forms.operations import SYNONYMS
from tools.blueprint.reader.forms.scope import Scope, no_field
from tools.blueprint.reader.forms.values import find_value, state_value
from tools.blueprint.reader.forms.verb_phrases import resolve_event
from tools.blueprint.reader.forms.wording import a, listing
from tools.blueprint.reader.grammar.phrases import Owned
from tools.blueprint.reader.grammar.sentences import Belongs, Finds, Goes, HasMany, Move, Offers, Starts


def belongs(sentence: Belongs, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "A line item belongs to an order"."""
    child = entity_name(sentence.child, scope)
    parents = [scope.named(each.words, choices).name for each in sentence.parents]
    return tuple(fact for parent in parents for fact in _relation(child, parent, scope))


def has_many(sentence: HasMany, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "An order has many line items"."""
    parent = scope.named(sentence.parent.words, choices).name
    if any(each.article for each in sentence.children):
        raise Unclear("name what it has many of without 'a', 'all' or 'every'")
    children = [entity_name(each, scope) for each in sentence.children]
    return tuple(fact for child in children for fact in _relation(child, parent, scope))


def offers(sentence: Offers, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "Discount codes can be created, listed, read and deleted"."""
    entity = scope.named(sentence.subject.words, choices)
    plain: list[Crud] = []
    for participle in sentence.participles:
        verbs = verb_bases(participle)
        found = next((name for name in CRUD if name in verbs), None)
        if found is not None:
            plain.append(found)
        elif scope.action(entity.name, verbs, None) is None and not scope.with_object(verbs, entity.name):
            raise _no_operation(participle, verbs, entity)
    if not plain:
        raise Unclear(f"it names none of the plain operations {listing(CRUD)}")
    return (Fact(entity.name, OfferedOperations(tuple(dict.fromkeys(plain)))),)


def finds(sentence: Finds, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "Orders can be filtered by customer and status, and sorted by total"."""
    entity = scope.named(sentence.subject.words, choices)
    if not entity.offers("list"):
        raise Unclear(f"{plural(entity.name)} cannot be listed; add 'listed' to their operations")
    facts = [_filter(entity, each.words, choices) for each in sentence.filters]
    for noun in sentence.sorts:
        facts.append(Fact(entity.name, Sort(field=_key(entity, noun.words, choices))))
    return tuple(facts)


def starts(sentence: Starts, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "An order starts as draft"."""
    entity = scope.named(sentence.subject.words, choices)
    if sentence.field.lower() not in ("status", "state"):
        raise Unclear(f"only a status has a starting value; give '{sentence.field}' a default instead")
    return (Fact(entity.name, InitialState(_spelt(entity.name, sentence.state, scope))),)


def goes(sentence: Goes, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "An order goes from draft to paid when it is paid"."""
    entity = scope.named(sentence.subject.words, choices)
    if entity.initial_state is None:
        raise Unclear(
            f"the starting state of {a(entity.name)} is not defined; "
            f"write '{a(entity.name).capitalize()} starts as {state_value(sentence.moves[0].sources[0])}.'"
        )
    return tuple(fact for move in sentence.moves for fact in _transitions(entity, move, scope, choices))


def _relation(child: str, parent: str, scope: Scope) -> Facts:
    if child == parent or _leads_to(parent, child, scope, frozenset()):
        raise Unclear(f"{a(child)} and {a(parent)} would each require the other; neither could be created")
    return Fact(child, Exists()), Fact(child, Reference(name=parent, target=parent))


def _leads_to(start: str, end: str, scope: Scope, seen: frozenset[str]) -> bool:
    entity = scope.blueprint.entity(start)
    targets = {each.target for each in entity.references} - seen if entity else set()
    return end in targets or any(_leads_to(each, end, scope, seen | targets) for each in targets)


def _no_operation(participle: str, verbs: tuple[str, ...], entity: Entity) -> Unclear:
    meant = [name for name in CRUD if set(SYNONYMS[name]).intersection(verbs)]
    if meant:
        return Unclear(f"'{participle}' is not one of {listing(CRUD)}; use one of these")
    return Unclear(
        f"'{participle}' is not one of the plain operations {listing(CRUD)}, "
        f"and no sentence says what it does to {a(entity.name)}"
    )


def _filter(entity: Entity, words: str, choices: Choices) -> Fact:
    references = lookup.references(entity, words)
    if references and not lookup.fields(entity, words):
        return Fact(
            entity.name, BuiltIn("list", f"{plural(entity.name)} can be filtered by {references[0].name}")
        )
    return Fact(entity.name, Filter(field=_key(entity, words, choices)))


def _key(entity: Entity, words: str, choices: Choices) -> str:
    found = lookup.fields(entity, words)
    if not found:
        raise no_field(entity.name, words)
    return choices.pick(found).name


def _transitions(entity: Entity, move: Move, scope: Scope, choices: Choices) -> Facts:
    event = move.event
    if isinstance(event.subject, Owned):
        raise Unclear("a state changes when something is resolved to a resource, not to one of its fields")
    resolved = resolve_event(event, scope, choices, it=entity.name)
    if resolved.entity != entity.name:
        raise Unclear(f"'{event.participle}' applies to {a(resolved.entity)}, not to {a(entity.name)}")
    if resolved.operation in ("create", "list", "read", "delete"):
        raise Unclear(
            f"{resolved.operation} cannot change the state; name an action, such as 'when it is paid'"
        )
    target = _spelt(entity.name, move.target, scope)
    declared = scope.statuses.get(entity.name, (target,))
    if target not in declared:
        raise Unclear(
            f"'{target}' is not among the values of the status of {entity.name}: {listing(declared)}"
        )
    facts = [Fact(entity.name, resolved.action)] if resolved.action else []
    for words in move.sources:
        source = _source(entity, words, scope)
        facts.append(
            Fact(entity.name, Transition(operation=resolved.operation, source=source, target=target))
        )
    return tuple(facts)


def _source(entity: Entity, words: str, scope: Scope) -> str:
    reachable = (*entity.states, *scope.states.get(entity.name, ()))
    found = find_value(words, reachable)
    if found is None:
        raise Unclear(
            f"{a(entity.name)} never becomes '{words}'; its states are {listing(dict.fromkeys(reachable))}"
        )
    return found


def _spelt(entity: str, words: str, scope: Scope) -> str:
    """Return the state in the letter case of its first mention. Raises Unclear if the words do not name a state."""
    known = scope.blueprint.entity(entity)
    states = (*(known.states if known else ()), *scope.states.get(entity, ()))
    check_state(words, states)
    return find_value(words, states) or state_value(words)
