"""Generates all files of a service's repository except the tests."""

from __future__ import annotations

from pathlib import Path

from tools.blueprint import value_formats
from tools.blueprint.api_outline import operations, owner, roles, route
from tools.blueprint.blueprint_yaml import to_yaml
from tools.blueprint.model import Blueprint, Entity
from tools.blueprint.names import collection_path, kebab, plural
from tools.stacks import Previous
from tools.stacks.fastapi.computed import computed_files
from tools.stacks.fastapi.custom import custom_files
from tools.stacks.fastapi.migrations import migration_files
from tools.stacks.fastapi.pruning import prune
from tools.stacks.fastapi.rendering import TEMPLATES, Code, format_python, line, render, static_files
from tools.stacks.fastapi.routes import main_file, route_files
from tools.stacks.fastapi.schemas import schema_files
from tools.stacks.fastapi.services import service_files
from tools.stacks.fastapi.slo import slo_yaml
from tools.stacks.fastapi.tables import adjusted_fields, model_files

_PINS = Path(__file__).parent / "pins"
_REQUIREMENTS = ("requirements.txt", "requirements-dev.txt", "requirements-traces.txt")
_PLAIN = {
    ".dockerignore": "dockerignore",
    ".gitignore": "gitignore",
    "alembic.ini": "alembic.ini",
}
_RENDERED = ("app/__init__.py", "app/fields.py", "app/settings.py", "app/web.py", "migrations/env.py")
_TEXTS = {
    ".github/workflows/ci.yml": "ci.yml.j2",
    "Dockerfile": "Dockerfile.j2",
    "README.md": "README.md.j2",
    "pyproject.toml": "pyproject.toml.j2",
}


def repository_files(blueprint: Blueprint, contract: str, previous: Previous | None) -> dict[str, str]:
    """Return the text of each file of the repository by path, except for the tests."""
    before = previous.blueprint if previous else None
    files = {
        **_common(blueprint),
        **model_files(blueprint),
        **schema_files(blueprint),
        **service_files(blueprint),
        **computed_files(blueprint),
        **route_files(blueprint),
        **custom_files(blueprint, previous.files if previous else {}),
        **migration_files(blueprint, before, previous.files if previous else {}),
        "app/main.py": main_file(blueprint),
        "blueprint.yaml": to_yaml(blueprint),
        "openapi.yaml": contract,
        **{name: (_PINS / name).read_text("utf-8") for name in _REQUIREMENTS},
        "slo.yaml": slo_yaml(blueprint),
    }
    return prune(files)


def _common(blueprint: Blueprint) -> dict[str, str]:
    """Return the files that differ between services only in names and numbers."""
    files = static_files("app")
    if not blueprint.restricted:
        del files["app/auth.py"]
    files |= {path: (TEMPLATES / source).read_text("utf-8") for path, source in _PLAIN.items()}
    values = {
        "service": Code(kebab(blueprint.service)),
        "formats": value_formats,
        "restricted": blueprint.restricted,
        "custom": any(each.custom for each in blueprint.entities),
        "adjusted": bool(adjusted_fields(blueprint)),
        "resources": [_described(blueprint, index) for index in range(len(blueprint.entities))],
        "criteria": [{"id": Code(line(each.id)), "text": line(each.text)} for each in blueprint.criteria],
    }
    owned = any(each.owner for each in blueprint.entities)
    rendered = (*_RENDERED, "app/owners.py") if owned else _RENDERED
    files |= {path: format_python(render(f"{path}.j2", **values)) for path in rendered}
    return files | {path: render(source, **values) for path, source in _TEXTS.items()}


def _callers(entity: Entity, operation: str) -> tuple[str, ...]:
    own = owner(entity, operation)
    return (*((f"the {own}",) if own else ()), *roles(entity, operation))


def _described(blueprint: Blueprint, index: int) -> dict[str, object]:
    entity = blueprint.entities[index]
    rows = [
        {
            "method": Code(route(entity, each)[0]),
            "path": Code(route(entity, each)[1]),
            "roles": Code(", ".join(map(line, _callers(entity, each))) or "anyone"),
        }
        for each in operations(entity)
    ]
    return {
        "name": line(plural(entity.name).capitalize()),
        "path": Code(collection_path(entity.name)),
        "rows": rows,
    }
