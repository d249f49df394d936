"""Blueprints that the tests make services of."""

from __future__ import annotations

import keyword
from decimal import Decimal
from typing import Any

from tools.blueprint.model import (
    Access,
    Action,
    Blueprint,
    ChildCount,
    Compare,
    Computed,
    Criterion,
    Effect,
    Entity,
    Expired,
    FieldRef,
    FieldSpec,
    FieldType,
    Filter,
    Guard,
    Limit,
    Missing,
    OperationSpec,
    Reference,
    Slo,
    Sort,
    Transition,
)


def field(name: str, kind: FieldType = "text", **more: Any) -> FieldSpec:
    return FieldSpec(name=name, type=kind, **more)


def ref(name: str, subject: Any = "self", via: str = "") -> FieldRef:
    return FieldRef(subject=subject, via=via, field=name)


def total_of(child: str, *factors: str) -> Computed:
    return Computed(kind="sum", child=child, reference="order", factors=factors)


CODE = Entity(
    name="discount code",
    fields=(
        field("code", min_length=4, max_length=20, unique=True),
        field("percent", "integer", minimum=Decimal(1), maximum=Decimal(90)),
        field("expiry date", "date"),
        field("uses", "integer", default=0, minimum=Decimal(0)),
    ),
    operations=tuple(OperationSpec(name=each) for each in ("create", "list", "read", "delete")),
    access=(
        Access(operation="create", roles=("admin",)),
        Access(operation="delete", roles=("admin", "owner")),
    ),
)

ORDER = Entity(
    name="order",
    fields=(
        field("customer", "email"),
        field("note", max_length=200, optional=True),
        field("total", "money", minimum=Decimal(0), computed=total_of("line item", "quantity", "price")),
        field("item count", "integer", computed=Computed(kind="count", child="line item", reference="order")),
        field("reason", optional=True),
        field("reference", optional=True),
        field("weight", "number", optional=True),
    ),
    initial_state="draft",
    transitions=(
        Transition(operation="pay", source="draft", target="paid"),
        Transition(operation="ship", source="paid", target="shipped"),
        Transition(operation="cancel", source="draft", target="cancelled"),
        Transition(operation="cancel", source="paid", target="refunded"),
    ),
    actions=(
        Action(verb="pay", inputs=(field("reference", min_length=6, max_length=40),)),
        Action(verb="ship"),
        Action(verb="cancel"),
        Action(verb="apply", object="discount code"),
        Action(verb="discount", inputs=(field("amount", "money", minimum=Decimal(0)),)),
    ),
    filters=tuple(Filter(field=each) for each in ("customer", "status", "item count", "weight")),
    sorts=tuple(Sort(field=each) for each in ("total", "weight", "created at")),
    guards=(
        Guard(
            operation="ship",
            tests=(ChildCount(child="line item", reference="order", op="eq", number=0),),
            status=422,
        ),
        Guard(
            operation="apply discount code",
            tests=(Expired(field=ref("expiry date", "object")),),
            status=422,
            criterion="CHK-2.1",
        ),
        Guard(operation="create", tests=(Compare(left=ref("weight"), op="gt", right="1000.5"),), status=422),
        Guard(
            operation="update",
            tests=(
                Compare(left=ref("status"), op="eq", right="shipped"),
                Missing(field=ref("note"), negated=True),
            ),
            status=409,
        ),
    ),
    effects=(
        Effect(
            operation="apply discount code",
            kind="reduce",
            target=ref("total"),
            amount=ref("percent", "object"),
            percent=True,
        ),
        Effect(operation="apply discount code", kind="increase", target=ref("uses", "object"), amount=1),
        Effect(operation="discount", kind="reduce", target=ref("total"), amount=ref("amount", "input")),
        Effect(operation="cancel", kind="set", target=ref("reason"), amount="withdrawn"),
    ),
    limits=(Limit(operation="apply discount code", per="object", times=3),),
)

ITEM = Entity(
    name="line item",
    fields=(
        field("quantity", "integer", minimum=Decimal(1)),
        field("price", "money", minimum=Decimal(0)),
        field("product", pattern="[A-Za-z][A-Za-z0-9 ]*"),
    ),
    references=(Reference(name="order", target="order"),),
    guards=(
        Guard(
            operation="create",
            tests=(Compare(left=ref("status", "reference", "order"), op="ne", right="draft"),),
            status=409,
        ),
    ),
    sorts=(Sort(field="price"),),
)

SHOP = Blueprint(
    service="shop",
    slo=Slo(availability=Decimal("99.9"), latency_p95_ms=250),
    entities=(ORDER, ITEM, CODE),
    criteria=(Criterion(id="CHK-2.1", text="Applying an expired discount code is rejected with 422."),),
)

KINDS: dict[FieldType, Any] = {
    "text": "it's {{ 7 * 7 }} \\ %s :name",
    "integer": 5,
    "number": "1.5",
    "money": "9.99",
    "boolean": True,
    "date": "2030-01-02",
    "timestamp": "2030-01-02T03:04:05+02:00",
    "email": "ada@example.com",
    "url": "https://example.com/x",
    "uuid": "6f1c2d3e-0000-4000-8000-00000000000a",
    "choice": "not so",
}
"""Each type with a default."""


def _typed(name: str, kind: FieldType, **more: Any) -> FieldSpec:
    return field(name, kind, choices=("so", "not so") if kind == "choice" else (), **more)


SAMPLE = Entity(
    name="sample",
    fields=(
        *(_typed(f"{kind} needed", kind) for kind in KINDS),
        *(_typed(f"{kind} maybe", kind, optional=True) for kind in KINDS),
        *(_typed(f"{kind} given", kind, default=default) for kind, default in KINDS.items()),
        field("evil", optional=True, pattern="(a+)+b"),
        field("exact", optional=True, pattern="[A-Z]{2}[0-9]+", min_length=4, max_length=6),
        field("half", "number", optional=True, minimum=Decimal("-0.5"), maximum=Decimal("0.5")),
    ),
    filters=tuple(Filter(field=f"{kind} needed") for kind in KINDS),
    sorts=tuple(Sort(field=f"{kind} maybe") for kind in KINDS),
)
TYPES = Blueprint(service="types", entities=(SAMPLE,))

_NASTY = "order class import base session none 3d_model metadata decimal date annotated self app"
_MORE_WORDS = """
    metadata registry schema copy json dict fields construct validate items total limit offset sort query session
    body type format name key order list str int bool uuid dt sa orm columns database models decimal annotated date
    self cls ordinal row values touch parent print status id_number model_config model_fields 3d_size computed
    arithmetic store web clock problems
"""
_WORDS = sorted(
    {each.lower().replace("_", " ") for each in (*keyword.kwlist, *keyword.softkwlist) if each != "_"}
    | {each.replace("_", " ") for each in _MORE_WORDS.split()}
)
EVIL = '"""; import os; os.system(\'x\') # {{ 7*7 }} {% raw %} \\" \' \n\u2028 ${x} `code` <script> %s'


def _nasty(name: str, place: int, others: list[str]) -> Entity:
    kinds: tuple[FieldType, ...] = ("text", "integer", "money", "boolean", "date", "number")
    words = _WORDS if place == 1 else _WORDS[place % 9 :: 9]
    fields = tuple(field(word, kinds[index % 6], optional=index % 3 > 0) for index, word in enumerate(words))
    verbs = ("import", "class", "find", "page", "session", "return", "create_report")
    return Entity(
        name=name,
        fields=(
            *fields,
            field("spell", default=EVIL),
            field("pick", "choice", choices=(EVIL, "b"), optional=True),
        ),
        references=(Reference(name=others[0], target=others[0]),) if place else (),
        filters=tuple(Filter(field=each.name) for each in fields),
        sorts=tuple(Sort(field=each.name) for each in fields),
        actions=tuple(
            Action(
                verb=verb.replace("_", " "),
                object=others[index] if index % 3 == 0 else None,
                inputs=fields[1:3],
            )
            for index, verb in enumerate(verbs)
        ),
        guards=(
            *(
                Guard(
                    operation=operation,
                    tests=(Compare(left=ref(each.name), op="lt", right=ref(each.name)),),
                    status=409,
                    criterion="X.1",
                )
                for operation in ("create", "update", "delete", "class")
                for each in fields[::5]
            ),
            Guard(
                operation="create",
                tests=(
                    Compare(left=ref("spell"), op="eq", right=EVIL + EVIL),
                    Compare(left=ref("pick"), op="ne", right=EVIL),
                ),
                status=409,
            ),
        ),
        effects=(
            Effect(operation="class", kind="set", target=ref("spell"), amount=EVIL),
            Effect(operation="update", kind="set", target=ref("pick"), amount=EVIL),
        ),
        limits=(Limit(operation="class", per="self", times=2),),
        access=(Access(operation="delete", roles=("ad\"min'); import os #", "{{x}}")),),
    )


def _hostile() -> Blueprint:
    names = [each.replace("_", " ") for each in _NASTY.split()]
    return Blueprint(
        service="../../etc/passwd {{7*7}} $(rm -rf /)",
        entities=tuple(_nasty(name, place, names) for place, name in enumerate(names)),
        criteria=(Criterion(id="X.1", text=EVIL),),
    )


HOSTILE = _hostile()
"""Names that Python and the libraries keep for themselves, and text that tries to be code."""


def guard(operation: str, status: int, *tests: Any) -> Guard:
    return Guard(operation=operation, tests=tests, status=status)


def compare(left: FieldRef, op: Any, right: Any) -> Compare:
    return Compare(left=left, op=op, right=right)


PRODUCT = Entity(
    name="product",
    fields=(
        field("name", unique=True),
        field("stock", "integer", minimum=Decimal(0), maximum=Decimal(100), default=10),
        field("price", "money", minimum=Decimal(0), default="10"),
        field("sold", "integer", optional=True),
        field("factor", "number", optional=True, maximum=Decimal(100)),
        field("active", "boolean", default=True),
        field("hidden", "boolean", optional=True),
        field("memo", max_length=5, optional=True),
        field("contact", "email", optional=True),
        field("level", "choice", choices=("low", "high"), default="low"),
        field("starts", "date", optional=True),
        field("ends", "timestamp", optional=True),
        field(
            "turnover",
            "money",
            computed=Computed(kind="sum", child="sale", reference="product", factors=("worth",)),
        ),
    ),
    actions=(
        Action(verb="merge", object="product"),
        Action(
            verb="set",
            inputs=(
                field("memo", optional=True),
                field("level", "choice", choices=("low", "high"), default="high"),
            ),
        ),
        Action(verb="tag", inputs=(field("tag", "email"), field("until", "date"))),
        Action(verb="scale", inputs=(field("percent", "number"),)),
        Action(verb="reset"),
        Action(verb="read"),
    ),
    operations=tuple(OperationSpec(name=each) for each in ("create", "list", "update", "delete")),
    guards=(
        guard("create", 422, compare(ref("starts"), "ge", ref("ends"))),
        guard("create", 409, compare(ref("hidden"), "ne", False), compare(ref("level"), "eq", "high")),
        guard("merge product", 409, compare(ref("active", "object"), "eq", False)),
        guard("merge product", 422, compare(ref("price", "object"), "lt", ref("factor"))),
        guard("tag", 422, Expired(field=ref("until", "input"))),
        guard("tag", 409, Expired(field=ref("ends"), negated=True), Missing(field=ref("ends"), negated=True)),
        guard("delete", 409, compare(ref("sold"), "gt", 0)),
        guard("reset", 409, ChildCount(child="sale", reference="product", op="gt", number=1)),
        guard("reset", 422, compare(ref("turnover"), "gt", "1000")),
    ),
    effects=(
        Effect(
            operation="merge product", kind="increase", target=ref("stock"), amount=ref("stock", "object")
        ),
        Effect(operation="merge product", kind="set", target=ref("stock", "object"), amount=0),
        Effect(operation="merge product", kind="set", target=ref("memo"), amount=ref("memo", "object")),
        Effect(operation="tag", kind="set", target=ref("contact"), amount=ref("tag", "input")),
        Effect(operation="tag", kind="set", target=ref("starts"), amount=ref("until", "input")),
        Effect(
            operation="scale",
            kind="increase",
            target=ref("price"),
            amount=ref("percent", "input"),
            percent=True,
        ),
        Effect(operation="scale", kind="reduce", target=ref("factor"), amount="0.1"),
        Effect(operation="reset", kind="set", target=ref("turnover"), amount="0"),
        Effect(operation="reset", kind="set", target=ref("active"), amount=False),
        Effect(operation="reset", kind="set", target=ref("ends"), amount="2031-01-01T00:00:00+01:00"),
        Effect(operation="update", kind="increase", target=ref("sold"), amount=1),
    ),
    limits=(
        Limit(operation="update", per="self", times=3),
        Limit(operation="merge product", per="self", times=2),
        Limit(operation="merge product", per="object", times=1),
    ),
)
SALE = Entity(
    name="sale",
    fields=(
        field("quantity", "integer", minimum=Decimal(1)),
        field("bonus", "number", optional=True),
        field(
            "worth",
            "money",
            computed=Computed(kind="sum", child="part", reference="sale", factors=("price", "share")),
        ),
    ),
    references=(
        Reference(name="product", target="product"),
        Reference(name="gift", target="product", added_later=True),
    ),
    guards=(
        guard("create", 409, compare(ref("active", "reference", "product"), "eq", False)),
        guard("create", 422, compare(ref("level", "reference", "gift"), "eq", "high")),
        guard(
            "create",
            409,
            ChildCount(
                subject="reference", via="product", child="sale", reference="product", op="ge", number=3
            ),
        ),
    ),
    effects=(
        Effect(
            operation="create",
            kind="reduce",
            target=ref("stock", "reference", "product"),
            amount=ref("quantity"),
        ),
        Effect(
            operation="create",
            kind="increase",
            target=ref("sold", "reference", "gift"),
            amount=ref("quantity"),
        ),
        Effect(
            operation="delete",
            kind="increase",
            target=ref("stock", "reference", "product"),
            amount=ref("quantity"),
        ),
        Effect(operation="update", kind="set", target=ref("memo", "reference", "product"), amount="sale"),
        Effect(
            operation="delete",
            kind="reduce",
            target=ref("turnover", "reference", "product"),
            amount=ref("bonus"),
        ),
    ),
)
PART = Entity(
    name="part",
    fields=(field("price", "money"), field("share", "number", optional=True)),
    references=(Reference(name="sale", target="sale"),),
    sorts=(Sort(field="sale id"), Sort(field="created at")),
)
ODD = Blueprint(service="odd", entities=(PRODUCT, SALE, PART))
"""Rules in every combination that stories seldom have."""


def grown(blueprint: Blueprint) -> Blueprint:
    """Return a blueprint in which later stories added every reference and every field that they can add."""
    entities = tuple(
        entity.model_copy(
            update={
                "references": tuple(
                    each.model_copy(update={"added_later": True}) for each in entity.references
                ),
                "fields": tuple(
                    each
                    if each.computed or each.default is not None
                    else each.model_copy(update={"added_later": True})
                    for each in entity.fields
                ),
            }
        )
        for entity in blueprint.entities
    )
    return blueprint.model_copy(update={"service": f"grown-{blueprint.service}", "entities": entities})


GROWN_SHOP, GROWN_ODD = grown(SHOP), grown(ODD)
