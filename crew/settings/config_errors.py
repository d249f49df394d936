"""What is said of a setting that is wrong: its place, what is the matter, and how it is written right."""

from __future__ import annotations

import difflib
import json

from pydantic import BaseModel

from crew.settings.config import ROLES, Budgets, Config, Price

_PLAIN = {
    "string_pattern_mismatch": "it has not the form that it needs",
    "model_type": "it is a section",
    "model_attributes_type": "it is a section",
    "dict_type": "it is a section",
    "tuple_type": "it is a list",
}
"""Kinds of pydantic's errors whose own message speaks of Python."""


def complaint(place: tuple[str, ...], kind: str, message: str) -> str:
    """Return what is wrong at one place, and how it is written right."""
    if not place:
        return f"{message.removeprefix('Value error, ')}."
    if kind == "extra_forbidden":
        return _unknown(place)
    where = f"`{_key(place)}`"
    if kind == "missing":
        return f"{where} is missing. {right_example(place)}"
    if place[-1] == "[key]":
        said = f"there is no role `{place[-2]}`; there are {', '.join(ROLES)}.{_near(place)}"
        return f"{said} {right_example(place[:-2])}"
    plain = _PLAIN.get(kind) or message.replace("Input should", "it should").replace(
        "String should", "it should"
    )
    return f"{where} is wrong: {plain}. {right_example(place)}"


def _unknown(place: tuple[str, ...]) -> str:
    if any(word in place[-1].lower() for word in ("key", "password", "secret")):
        return (
            f"`{_key(place)}` is no setting: keys come from the environment. Write: export OPENAI_API_KEY=..."
        )
    known = list(_fields_at(place[:-1]).model_fields)
    close = difflib.get_close_matches(place[-1], known, 1)
    near = close[0] if close else known[0]
    meant = f" Did you mean `{_key((*place[:-1], near))}`?" if close else ""
    return f"`{_key(place)}` is no setting; there are {', '.join(known)}.{meant} {right_example((*place[:-1], near))}"


def _near(place: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(place[-2], ROLES, 1)
    return f" Did you mean `{close[0]}`?" if close else ""


def _key(place: tuple[str, ...]) -> str:
    return ".".join(each if each.replace("_", "").isalnum() else json.dumps(each) for each in place)


def _fields_at(place: tuple[str, ...]) -> type[BaseModel]:
    """Return the class of the section at a place, such as `("budget", "delivery")`."""
    section: type[BaseModel] = Config
    for name in place:
        if section is Config and name == "prices":
            section = Price
        elif (field := section.model_fields.get(name)) and isinstance(field.annotation, type):
            section = field.annotation
    return section


def right_example(place: tuple[str, ...]) -> str:
    """Return lines of TOML, with their section, that would be right where something was wrong."""
    if place[0] == "prices":
        return _shown(
            'prices."gpt-5"', *(f"{name} = {json.dumps(_right(Price, name))}" for name in ("input", "output"))
        )
    if place[:2] == ("model", "roles"):
        return _shown("model.roles", 'code = "openai:gpt-5"')
    sections, rest = place[:1], place[1:]
    if place[0] == "budget":
        known = place[1] if len(place) > 1 and place[1] in Budgets.model_fields else "delivery"
        sections, rest = ("budget", known), place[2:]
    section = _fields_at(sections)
    name = rest[0] if rest else next(iter(section.model_fields))
    return _shown(".".join(sections), f"{name} = {json.dumps(_right(section, name))}")


def _right(section: type[BaseModel], name: str) -> object:
    field = section.model_fields[name]
    return field.examples[0] if field.examples else field.default


def _shown(section: str, *lines: str) -> str:
    return "\n  ".join(("Right is, for example:", f"[{section}]", *lines))
