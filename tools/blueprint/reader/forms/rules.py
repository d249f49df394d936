"""Interpretation of guards, effects, limits, access rules and response times."""

from __future__ import annotations

from itertools import zip_longest

from tools.blueprint.model import CRUD, Access, Crud, Effect, Entity, FieldRef, FieldSpec, Guard, Limit, Speed
from tools.blueprint.names import participle, plural, singulars
from tools.blueprint.reader.choices import Ambiguity, Choices, Unclear
from tools.blueprint.reader.facts import Fact, Facts
from tools.blueprint.reader.forms import english
from tools.blueprint.reader.forms.comparisons import all_of
from tools.blueprint.reader.forms.conditions import Conditions
from tools.blueprint.reader.forms.operands import Fields, Found, Right, is_percent
from tools.blueprint.reader.forms.operations import ResolvedOperation
from tools.blueprint.reader.forms.owners import is_owner, owner_of
from tools.blueprint.reader.forms.scope import Scope
from tools.blueprint.reader.forms.values import NUMERIC, TEXTUAL, check_fits, state_value
from tools.blueprint.reader.forms.verb_phrases import resolve_event, resolve_phrases
from tools.blueprint.reader.forms.wording import a
from tools.blueprint.reader.grammar import sentences
from tools.blueprint.reader.grammar.phrases import Event, Noun, Term

_STATUS_WORDS = frozenset(
    {"http", "status", "code", "error", "response", "conflict", "unprocessable", "entity", "forbidden"}
)


def guard(sentence: sentences.Guarded, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "Cancelling an order that is shipped is rejected with 409"."""
    status = status_code(sentence.status)
    facts: list[Fact] = []
    for resolved in resolve_phrases(sentence.verb_phrases, "gerund", scope, choices):
        conditions = Conditions(scope, resolved, choices)
        parts = [conditions.attached(), *(conditions.situation(each) for each in sentence.situations)]
        if resolved.operation == "list":
            raise Unclear(f"listing {plural(resolved.entity)} is never rejected because of their values")
        for tests in all_of(parts):
            if not tests:
                raise Unclear("it does not say which ones are rejected; add 'that is ...' or 'with ...'")
            facts += [
                *action_facts(resolved, scope),
                Fact(resolved.entity, Guard(operation=resolved.operation, tests=tests, status=status)),
            ]
    return tuple(dict.fromkeys(facts))


def status_code(said: sentences.Status) -> int:
    """Return the HTTP status of a rejection, 400 to 499. Raises Unclear for other statuses or unknown words."""
    strange = [word for words in said.words for word in words.lower().split() if word not in _STATUS_WORDS]
    if strange:
        raise Unclear(f"'{strange[0]}' is not understood next to the status; write 'with {said.code}'")
    if not 400 <= said.code <= 499:
        raise Unclear(f"{said.code} is not a rejection; use a status from 400 to 499")
    return said.code


def changes(sentence: sentences.Changes, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as 'Cancelling an order sets its reason to "withdrawn"'."""
    facts: list[Fact] = []
    for resolved in resolve_phrases(sentence.verb_phrases, "gerund", scope, choices):
        if resolved.conditions:
            raise Unclear(
                "an effect cannot depend on conditions; remove the condition or express it as a rejection"
            )
        if resolved.operation in ("list", "read"):
            raise Unclear(f"{resolved.operation} changes nothing; name another operation")
        for change in sentence.changes:
            effect = _effect(change, resolved, scope, choices)
            facts += [*action_facts(resolved, scope), Fact(resolved.entity, effect)]
    return tuple(dict.fromkeys(facts))


def _effect(change: sentences.Change, resolved: ResolvedOperation, scope: Scope, choices: Choices) -> Effect:
    fields = Fields(scope, resolved, choices)
    target = fields.find(change.target)
    _check_target(target, change, resolved)
    share = FieldSpec(name=target.spec.name, type="number") if change.percent else target.spec
    amount, spec = fields.right(change.amount, share)
    if change.kind == "set":
        _check_settable(target, amount, spec)
    elif spec is not None and spec.type not in NUMERIC:
        raise Unclear(f"'{spec.name}' is {spec.type}, so it cannot be an amount of change")
    percent = change.kind != "set" and (change.percent or (spec is not None and is_percent(spec.name)))
    if change.kind != "set" and not percent:
        _check_fraction(target.spec, spec)
    if isinstance(change.amount, Term) and change.amount.text.startswith("-"):
        raise Unclear("an amount of change cannot be negative; use 'reduces' or 'increases'")
    return Effect(
        operation=resolved.operation, kind=change.kind, target=target.ref, amount=amount, percent=percent
    )


def _check_target(target: Found, change: sentences.Change, resolved: ResolvedOperation) -> None:
    name, spec = target.spec.name, target.spec
    if target.ref.subject == "input":
        raise Unclear(f"'{name}' is an input of the request; name a field to change")
    if name == "status" and spec.choices and spec.criterion == "" and change.kind == "set":
        raise Unclear(
            f"write '{a(resolved.entity).capitalize()} goes from ... to ... when ...' to change the status"
        )
    if target.ref.subject == "self" and resolved.operation == "delete":
        raise Unclear("a deleted resource cannot be changed")
    if change.kind != "set" and spec.type not in NUMERIC:
        raise Unclear(f"'{name}' is {spec.type}, which can be set but not reduced or increased")


def _check_settable(target: Found, amount: Right, spec: FieldSpec | None) -> None:
    if not isinstance(amount, FieldRef):
        check_fits(target.spec, amount, "the value")
    if spec is None:
        return
    wider = {"number": ("integer", "money"), "money": ("integer",), "text": TEXTUAL}
    if spec.type != target.spec.type and spec.type not in wider.get(target.spec.type, ()):
        raise Unclear(
            f"'{target.spec.name}' is {target.spec.type} and cannot hold '{spec.name}', which is {spec.type}"
        )
    if spec.type == "choice" and not set(spec.choices) <= set(target.spec.choices):
        raise Unclear(f"'{target.spec.name}' cannot hold every choice of '{spec.name}'")


def _check_fraction(target: FieldSpec, amount: FieldSpec | None) -> None:
    """Raise Unclear if the amount can have decimals that the target cannot hold."""
    finer = {"integer": ("money", "number"), "money": ("number",)}
    if amount is not None and amount.type in finer.get(target.type, ()):
        raise Unclear(
            f"'{target.name}' is {target.type} and cannot change by '{amount.name}', which is {amount.type}"
        )


def limit(sentence: sentences.Limited, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "A discount code can be applied at most 3 times"."""
    if sentence.times < 1:
        raise Unclear("a limit must allow at least one time")
    event = sentence.event
    assert isinstance(event.subject, Noun)  # noqa: S101  the grammar only allows nouns here
    resolved = resolve_event(event, scope, choices)
    if resolved.action is None:
        raise Unclear(f"only actions can be limited, and {resolved.operation} is a plain operation")
    subject = scope.named(event.subject.words, choices).name
    if event.ending is not None and resolved.action.object == subject:
        raise _each_pair(subject, resolved, sentence.times)
    per = choices.pick([each for each in ("object", "self") if _is_subject(each, subject, resolved)])
    return (
        *action_facts(resolved, scope),
        Fact(resolved.entity, Limit(operation=resolved.operation, per=per, times=sentence.times)),  # type: ignore[arg-type]
    )


def _each_pair(subject: str, resolved: ResolvedOperation, times: int) -> Ambiguity:
    verb = participle(resolved.action.verb if resolved.action else resolved.operation)
    often = f"{verb} at most {times} times"
    noun = a(subject).capitalize()
    return Ambiguity(
        f"'to {a(resolved.entity)}' does not say what is counted; write '{noun} can be {often}.' for the total",
        (f"{noun} can be {often} in all.", f"{noun} can be {often} to the same {resolved.entity}."),
    )


def _is_subject(per: str, subject: str, resolved: ResolvedOperation) -> bool:
    return subject == (resolved.action.object if per == "object" and resolved.action else resolved.entity)


def access(sentence: sentences.Restricted, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "Only an admin can create or delete discount codes"."""
    facts: list[Fact] = []
    for each in restricted_operations(sentence, scope, choices):
        if each.conditions:
            raise Unclear("access cannot depend on conditions; remove the condition")
        owners = [noun for noun in sentence.roles if is_owner(noun, scope.entity(each.entity), scope)]
        roles = tuple(dict.fromkeys(_role(noun) for noun in sentence.roles if noun not in owners))
        rule = Access(operation=each.operation, roles=roles, owner=owner_of(owners, each, scope))
        facts += [*action_facts(each, scope), Fact(each.entity, rule)]
    return tuple(facts)


def restricted_operations(
    sentence: sentences.Restricted, scope: Scope, choices: Choices
) -> tuple[ResolvedOperation, ...]:
    """Return the operations that the sentence restricts to certain roles."""
    if sentence.subject is None:
        return resolve_phrases(sentence.verb_phrases, "base", scope, choices)
    events = [Event(sentence.subject, each) for each in sentence.participles]
    return tuple(resolve_event(each, scope, choices) for each in events)


def speed(sentence: sentences.Fast, scope: Scope, choices: Choices) -> Facts:
    """Return the facts of a sentence such as "Listing orders answers within 200 ms at the 95th percentile"."""
    resolved = resolve_phrases([sentence.verb_phrase], "gerund", scope, choices)[0]
    if resolved.conditions:
        raise Unclear("a response time covers all requests of an operation; remove the condition")
    check_known(resolved, scope)
    if len(sentence.percentiles) != 1 or len(sentence.rates) > 1:
        raise Unclear("give one percentile, such as 'at the 95th percentile', and at most one rate")
    percentile, rates = sentence.percentiles[0], sentence.rates
    if not 0 < percentile < 100 or any(each != int(each) or each < 1 for each in rates):
        raise Unclear("a percentile must be between 0 and 100, and a rate a whole number of requests")
    if sentence.milliseconds < 1 or sentence.milliseconds != int(sentence.milliseconds):
        raise Unclear("a response time must be a whole number of milliseconds, at least 1")
    measured = Speed(
        entity=resolved.entity,
        operation=resolved.operation,
        latency_ms=int(sentence.milliseconds),
        percentile=percentile,
        requests_per_second=int(rates[0]) if rates else None,
    )
    return (Fact(resolved.entity, measured),)


def check_known(resolved: ResolvedOperation, scope: Scope) -> None:
    """Raise Unclear if the operation is unknown, since response times and examples cannot introduce one."""
    action = resolved.action
    if action is None:
        action_facts(resolved, scope)
    elif scope.action(resolved.entity, (action.verb,), action.object) is None:
        raise Unclear(f"no sentence says what '{resolved.operation}' does to {a(resolved.entity)}")


def not_offered(entity: Entity, name: Crud) -> Unclear:
    """Return the error for a CRUD operation that the entity does not offer."""
    criterion = next((f" ({each.criterion})" for each in entity.operations if each.criterion), "")
    return Unclear(
        f"{plural(entity.name)} cannot be {participle(name)}; add it to the sentence that lists "
        f"their operations{criterion}"
    )


def action_facts(resolved: ResolvedOperation, scope: Scope) -> Facts:
    """Return the fact that a rule's action exists; empty for a CRUD operation, which the entity must offer."""
    if resolved.action is not None:
        return (Fact(resolved.entity, resolved.action),)
    entity = scope.entity(resolved.entity)
    name = next(each for each in CRUD if each == resolved.operation)
    if not entity.offers(name):
        raise not_offered(entity, name)
    return ()


def _role(noun: Noun) -> str:
    """Return the role as spelt in tokens: in the singular and in kebab-case, with its letter case kept."""
    words = english.role_words(noun)
    if noun.article.lower() not in ("a", "an", "the"):
        one = singulars(words)[0]
        words = "".join(
            new.upper() if old.isupper() else new
            for new, old in zip_longest(one, words[: len(one)], fillvalue="")
        )
    return state_value(words)
