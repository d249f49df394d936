"""Error messages for invalid settings: which setting, what is wrong with it, and a valid example."""

from __future__ import annotations

import difflib
import json

from pydantic import BaseModel

from crew.settings.config import ROLES, Budgets, Config, Price

_PLAIN = {
    "string_pattern_mismatch": "it has an invalid format",
    "model_type": "it must be a section",
    "model_attributes_type": "it must be a section",
    "dict_type": "it must be a section",
    "tuple_type": "it must be a list",
}
"""Replacements for pydantic messages that mention Python types, by pydantic's error type."""


def config_error(place: tuple[str, ...], kind: str, message: str) -> str:
    """Return the message for an invalid setting, with a valid example."""
    if not place:
        return f"{message.removeprefix('Value error, ')}."
    if kind == "extra_forbidden":
        return _unknown(place)
    where = f"`{_key(place)}`"
    if kind == "missing":
        return f"{where} is missing. {valid_example(place)}"
    if place[-1] == "[key]":
        unknown = f"unknown role `{place[-2]}`; valid roles: {', '.join(ROLES)}.{_near(place)}"
        return f"{unknown} {valid_example(place[:-2])}"
    plain = _PLAIN.get(kind) or message.replace("Input should", "it must").replace("String should", "it must")
    return f"{where} is invalid: {plain}. {valid_example(place)}"


def _unknown(place: tuple[str, ...]) -> str:
    if any(word in place[-1].lower() for word in ("key", "password", "secret")):
        return (
            f"unknown setting `{_key(place)}`: keys come from the environment. Use: export OPENAI_API_KEY=..."
        )
    known = list(_fields_at(place[:-1]).model_fields)
    close = difflib.get_close_matches(place[-1], known, 1)
    near = close[0] if close else known[0]
    meant = f" Did you mean `{_key((*place[:-1], near))}`?" if close else ""
    valid = f"valid settings: {', '.join(known)}.{meant} {valid_example((*place[:-1], near))}"
    return f"unknown setting `{_key(place)}`; {valid}"


def _near(place: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(place[-2], ROLES, 1)
    return f" Did you mean `{close[0]}`?" if close else ""


def _key(place: tuple[str, ...]) -> str:
    return ".".join(each if each.replace("_", "").isalnum() else json.dumps(each) for each in place)


def _fields_at(place: tuple[str, ...]) -> type[BaseModel]:
    """Return the settings class of a section, such as `("budget", "delivery")`."""
    section: type[BaseModel] = Config
    for name in place:
        if section is Config and name == "prices":
            section = Price
        elif (field := section.model_fields.get(name)) and isinstance(field.annotation, type):
            section = field.annotation
    return section


def valid_example(place: tuple[str, ...]) -> str:
    """Return an example of valid TOML, including its section, for an invalid setting."""
    if place[0] == "prices":
        return _shown(
            'prices."gpt-5"',
            *(f"{name} = {json.dumps(_valid_value(Price, name))}" for name in ("input", "output")),
        )
    if place[:2] == ("model", "roles"):
        return _shown("model.roles", 'code = "openai:gpt-5"')
    sections, rest = place[:1], place[1:]
    if place[0] == "budget":
        known = place[1] if len(place) > 1 and place[1] in Budgets.model_fields else "delivery"
        sections, rest = ("budget", known), place[2:]
    section = _fields_at(sections)
    name = rest[0] if rest else next(iter(section.model_fields))
    return _shown(".".join(sections), f"{name} = {json.dumps(_valid_value(section, name))}")


def _valid_value(section: type[BaseModel], name: str) -> object:
    field = section.model_fields[name]
    return field.examples[0] if field.examples else field.default


def _shown(section: str, *lines: str) -> str:
    return "\n  ".join(("For example:", f"[{section}]", *lines))
