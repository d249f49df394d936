"""The outline of a service's API, derived from its blueprint: paths, bodies, roles, error statuses."""

from __future__ import annotations

from tools.blueprint import model
from tools.blueprint.names import camel, collection_path, kebab

Rule = model.Access | model.Transition | model.Guard | model.Limit | model.Effect


def operations(entity: model.Entity) -> tuple[model.Operation, ...]:
    """Return all operations of an entity: CRUD ones it offers, then actions, then custom ones."""
    plain = tuple(name for name in model.CRUD if entity.offers(name))
    actions = tuple(action.name for action in entity.actions)
    return plain + actions + tuple(custom.name for custom in entity.custom)


def action_of(entity: model.Entity, operation: model.Operation) -> model.Action | None:
    """Return the action of that name, or None; an offered CRUD operation takes precedence."""
    plain = any(name == operation and entity.offers(name) for name in model.CRUD)
    return None if plain else entity.action(operation)


def custom_of(entity: model.Entity, operation: model.Operation) -> model.CustomOperation | None:
    """Return the custom operation of that name, or None; CRUD operations and actions take precedence."""
    named = operation in model.CRUD or entity.action(operation) is not None
    return None if named else entity.custom_operation(operation)


def route(entity: model.Entity, operation: model.Operation) -> tuple[str, str]:
    """Return method and path template, such as `("POST", "/orders/{id}/cancel")`."""
    collection = collection_path(entity.name)
    plain = {
        "create": ("POST", collection),
        "list": ("GET", collection),
        "read": ("GET", f"{collection}/{{id}}"),
        "update": ("PATCH", f"{collection}/{{id}}"),
        "delete": ("DELETE", f"{collection}/{{id}}"),
    }
    if action_of(entity, operation) is None and operation in plain:
        return plain[operation]
    custom = custom_of(entity, operation)
    method = "GET" if custom is not None and custom.kind == "query" else "POST"
    return method, f"{collection}/{{id}}/{kebab(operation)}"


def roles(entity: model.Entity, operation: model.Operation) -> tuple[str, ...]:
    """Return the roles of which the caller needs one; empty means open to everybody."""
    custom = custom_of(entity, operation)
    if custom is not None:
        return custom.roles
    named = (role for access in entity.access if access.operation == operation for role in access.roles)
    return tuple(dict.fromkeys(named))


def rules(entity: model.Entity, operation: model.Operation) -> tuple[Rule, ...]:
    """Return the rules that apply to an operation besides its body schema."""
    groups: tuple[tuple[Rule, ...], ...] = (
        entity.access,
        entity.transitions,
        entity.guards,
        entity.limits,
        entity.effects,
    )
    return tuple(each for group in groups for each in group if each.operation == operation)


def written_fields(entity: model.Entity) -> tuple[model.FieldSpec, ...]:
    """Return the fields that a body may set: neither computed nor a state machine's status."""
    ruled = {"status"} if entity.initial_state is not None else set()
    return tuple(each for each in entity.fields if each.computed is None and each.name not in ruled)


def object_field(blueprint: model.Blueprint, action: model.Action) -> model.FieldSpec | None:
    """Return the field that identifies the action's object in its body; None means its id."""
    found = blueprint.entity(action.object or "")
    if found is None:
        return None
    keys = [each for each in written_fields(found) if each.unique and each.type in ("text", "email")]
    taken = any(camel(each.name) == camel(keys[0].name) for each in action.inputs) if keys else False
    return keys[0] if len(keys) == 1 and not taken else None


def object_key(blueprint: model.Blueprint, action: model.Action) -> str | None:
    """Return the body member that identifies the action's object, or None without an object."""
    if action.object is None:
        return None
    field = object_field(blueprint, action)
    return camel(field.name) if field else camel(f"{action.object} id")


def stored_input(entity: model.Entity, spec: model.FieldSpec) -> model.FieldSpec:
    """Return an input, narrowed to the constraints of the field that it is stored in, if any."""
    field_ = entity.field(spec.name)
    if field_ is None or field_.type != spec.type or field_.computed is not None:
        return spec
    low = [each for each in (spec.minimum, field_.minimum) if each is not None]
    high = [each for each in (spec.maximum, field_.maximum) if each is not None]
    least = [each for each in (spec.min_length, field_.min_length) if each is not None]
    most = [each for each in (spec.max_length, field_.max_length) if each is not None]
    return spec.model_copy(
        update={
            "minimum": max(low, default=None),
            "maximum": min(high, default=None),
            "min_length": max(least, default=None),
            "max_length": min(most, default=None),
            "pattern": spec.pattern or field_.pattern,
            "unique": field_.unique,
        }
    )


def takes_body(entity: model.Entity, operation: model.Operation) -> bool:
    """Whether a request carries a body."""
    custom = custom_of(entity, operation)
    if custom is not None:
        return custom.kind == "command"
    return action_of(entity, operation) is not None or operation not in ("list", "read", "delete")


def body_required(entity: model.Entity, operation: model.Operation) -> bool:
    """Whether the body is required; otherwise an absent one means `{}`."""
    custom = custom_of(entity, operation)
    if custom is not None:
        return any(each.required for each in custom.inputs)
    action = action_of(entity, operation)
    if operation == "create" and action is None:
        return bool(entity.references) or any(each.required for each in written_fields(entity))
    if action is None:
        return False
    return action.object is not None or any(each.required for each in action.inputs)


def error_statuses(
    blueprint: model.Blueprint, entity: model.Entity, operation: model.Operation
) -> tuple[int, ...]:
    """Return the error statuses of an operation in ascending order."""
    if custom_of(entity, operation) is not None:
        bodily = {413, 415} if takes_body(entity, operation) else set()
        gated = {401, 403} if roles(entity, operation) else set()
        return tuple(sorted({404, 409, 422} | bodily | gated))
    found = {each.status for each in entity.guards if each.operation == operation}
    action = action_of(entity, operation)
    if operation == "update" and action is None:
        found |= {each.status for each in entity.guards if each.operation == "create"}
    if roles(entity, operation):
        found |= {401, 403}
    if action is not None or operation not in ("create", "list"):
        found.add(404)
    if takes_body(entity, operation):
        found |= {413, 415, 422}
    if action is None and operation == "list":
        found.add(422)
    if _conflicts(blueprint, entity, operation):
        found.add(409)
    return tuple(sorted(found))


def _conflicts(blueprint: model.Blueprint, entity: model.Entity, operation: model.Operation) -> bool:
    """Whether uniqueness, children, states, limits or effects can cause a 409."""
    unique = {each.name for each in written_fields(entity) if each.unique}
    action = action_of(entity, operation)
    if action is None and operation in ("create", "update") and unique:
        return True
    if (
        action is None
        and operation == "delete"
        and any(
            reference.target == entity.name for other in blueprint.entities for reference in other.references
        )
    ):
        return True
    if action is not None and any(each.name in unique for each in action.inputs):
        return True
    return any(
        isinstance(each, model.Transition | model.Limit | model.Effect) for each in rules(entity, operation)
    )
