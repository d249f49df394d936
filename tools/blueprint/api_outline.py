"""The outline of a service's API, derived from its blueprint: paths, bodies, roles, error statuses."""

from __future__ import annotations

from tools.blueprint import model
from tools.blueprint.names import camel, collection_path, kebab

_PLAIN_ROUTES = {
    "create": ("POST", ""),
    "list": ("GET", ""),
    "read": ("GET", "/{id}"),
    "update": ("PATCH", "/{id}"),
    "delete": ("DELETE", "/{id}"),
}

Rule = model.Access | model.Transition | model.Guard | model.Limit | model.Effect


def operations(entity: model.Entity) -> tuple[model.Operation, ...]:
    """Return all operations of an entity: the CRUD operations it offers, its actions, then its custom operations."""
    plain = tuple(name for name in model.CRUD if entity.offers(name))
    actions = tuple(action.name for action in entity.actions)
    return plain + actions + tuple(custom.name for custom in entity.custom)


def action_of(entity: model.Entity, operation: model.Operation) -> model.Action | None:
    """Return the action with this name, or None; an offered CRUD operation takes precedence."""
    plain = any(name == operation and entity.offers(name) for name in model.CRUD)
    return None if plain else entity.action(operation)


def is_plain(entity: model.Entity, operation: model.Operation, *names: str) -> bool:
    """Return whether the operation is one of the named CRUD operations rather than an action of the same name."""
    return operation in names and action_of(entity, operation) is None


def custom_of(entity: model.Entity, operation: model.Operation) -> model.CustomOperation | None:
    """Return the custom operation with this name, or None; CRUD operations and actions take precedence."""
    named = operation in model.CRUD or entity.action(operation) is not None
    return None if named else entity.custom_operation(operation)


def route(entity: model.Entity, operation: model.Operation) -> tuple[str, str]:
    """Return the HTTP method and the path template, such as `("POST", "/orders/{id}/cancel")`."""
    collection = collection_path(entity.name)
    if is_plain(entity, operation, *_PLAIN_ROUTES):
        method, rest = _PLAIN_ROUTES[operation]
        return method, collection + rest
    custom = custom_of(entity, operation)
    method = "GET" if custom is not None and custom.kind == "query" else "POST"
    return method, f"{collection}/{{id}}/{kebab(operation)}"


def roles(entity: model.Entity, operation: model.Operation) -> tuple[str, ...]:
    """Return the roles that may call the operation, any one of which suffices; empty means that everyone may."""
    custom = custom_of(entity, operation)
    if custom is not None:
        return custom.roles
    named = (role for access in entity.access if access.operation == operation for role in access.roles)
    return tuple(dict.fromkeys(named))


def owner(entity: model.Entity, operation: model.Operation) -> str:
    """Return the name of the reference or text field that holds the owner, who may call the operation; "" for none."""
    return next((each.owner for each in entity.access if each.operation == operation), "")


def updated_references(entity: model.Entity) -> tuple[model.Reference, ...]:
    """Return the references that an update may change: all except the one to the owner."""
    return tuple(each for each in entity.references if each.name != entity.owner)


def rules(entity: model.Entity, operation: model.Operation) -> tuple[Rule, ...]:
    """Return the rules that apply to an operation in addition to its body schema."""
    every: list[Rule] = [*entity.access, *entity.transitions, *entity.guards]
    every += [*entity.limits, *entity.effects]
    return tuple(rule for rule in every if rule.operation == operation)


def written_fields(entity: model.Entity) -> tuple[model.FieldSpec, ...]:
    """Return the fields that a request body may set: all except computed ones and the status of a state machine."""
    ruled = {"status"} if entity.initial_state is not None else set()
    return tuple(each for each in entity.fields if each.computed is None and each.name not in ruled)


def object_field(blueprint: model.Blueprint, action: model.Action) -> model.FieldSpec | None:
    """Return the field by which the action's body identifies its object, or None if it does so by id."""
    found = blueprint.entity(action.object or "")
    if found is None:
        return None
    keys = [each for each in written_fields(found) if each.unique and each.type in ("text", "email")]
    taken = any(camel(each.name) == camel(keys[0].name) for each in action.inputs) if keys else False
    return keys[0] if len(keys) == 1 and not taken else None


def object_key(blueprint: model.Blueprint, action: model.Action) -> str | None:
    """Return the name of the body member that identifies the action's object, or None if the action has no object."""
    if action.object is None:
        return None
    field = object_field(blueprint, action)
    return camel(field.name) if field else camel(f"{action.object} id")


def stored_input(entity: model.Entity, spec: model.FieldSpec) -> model.FieldSpec:
    """Return the input; if a field stores it, the field's constraints are added to its own."""
    field_ = entity.field(spec.name)
    if field_ is None or field_.type != spec.type or field_.computed is not None:
        return spec
    narrowed: dict[str, object] = {"pattern": spec.pattern or field_.pattern, "unique": field_.unique}
    for name, tighter in (("minimum", max), ("maximum", min), ("min_length", max), ("max_length", min)):
        bounds = [getattr(each, name) for each in (spec, field_)]
        narrowed[name] = tighter((bound for bound in bounds if bound is not None), default=None)
    return spec.model_copy(update=narrowed)


def takes_body(entity: model.Entity, operation: model.Operation) -> bool:
    """Return whether requests for the operation have a body."""
    custom = custom_of(entity, operation)
    if custom is not None:
        return custom.kind == "command"
    return not is_plain(entity, operation, "list", "read", "delete")


def body_required(entity: model.Entity, operation: model.Operation) -> bool:
    """Return whether the request body is required; if it is not, a missing body is treated as `{}`."""
    custom = custom_of(entity, operation)
    if custom is not None:
        return any(each.required for each in custom.inputs)
    if is_plain(entity, operation, "create"):
        return bool(entity.references) or any(each.required for each in written_fields(entity))
    action = action_of(entity, operation)
    return action is not None and (action.object is not None or any(each.required for each in action.inputs))


def error_statuses(
    blueprint: model.Blueprint, entity: model.Entity, operation: model.Operation
) -> tuple[int, ...]:
    """Return the HTTP error statuses that an operation can return, in ascending order."""
    checked = {operation, "create"} if is_plain(entity, operation, "update") else {operation}
    found = {guard.status for guard in entity.guards if guard.operation in checked}
    if custom_of(entity, operation) is not None:
        found |= {409, 422}
    if roles(entity, operation) or owner(entity, operation):
        found |= {401, 403}
    if not is_plain(entity, operation, "create", "list"):
        found.add(404)
    if takes_body(entity, operation):
        found |= {413, 415, 422}
    if is_plain(entity, operation, "list"):
        found.add(422)
    if _conflicts(blueprint, entity, operation):
        found.add(409)
    return tuple(sorted(found))


def _conflicts(blueprint: model.Blueprint, entity: model.Entity, operation: model.Operation) -> bool:
    """Return whether unique fields, children, states, limits or effects can cause a 409 response."""
    unique = {each.name for each in written_fields(entity) if each.unique}
    action = action_of(entity, operation)
    if action is not None:
        refused = any(each.name in unique for each in action.inputs)
    elif operation == "delete":
        references = [reference for other in blueprint.entities for reference in other.references]
        refused = any(each.target == entity.name for each in references)
    else:
        refused = operation in ("create", "update") and bool(unique)
    return refused or any(
        isinstance(each, model.Transition | model.Limit | model.Effect) for each in rules(entity, operation)
    )
