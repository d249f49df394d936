"""Services of several domains, as a design would settle them."""

from __future__ import annotations

from decimal import Decimal as D  # noqa: N817  a table of numbers

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
    Example,
    Expired,
    FieldRef,
    FieldSpec,
    Filter,
    Given,
    Guard,
    Limit,
    OperationSpec,
    Reference,
    Sort,
    Speed,
    Then,
    Transition,
    When,
)


def criteria(story: str, *texts: str) -> tuple[Criterion, ...]:
    return tuple(Criterion(id=f"{story}.{n}", text=text) for n, text in enumerate(texts, 1))


def has(field: str, subject: str = "self", via: str = "") -> FieldRef:
    return FieldRef.model_validate({"subject": subject, "via": via, "field": field})


def only(*names: str) -> tuple[OperationSpec, ...]:
    return tuple(OperationSpec.model_validate({"name": name}) for name in names)


CHECKOUT = Blueprint(
    service="checkout",
    entities=(
        Entity(
            name="order",
            fields=(
                FieldSpec(name="customer", type="email", criterion="CHK-1.1"),
                FieldSpec(name="note", type="text", max_length=200, optional=True, criterion="CHK-1.1"),
                FieldSpec(name="reason", type="text", max_length=50, optional=True, criterion="CHK-1.1"),
                FieldSpec(name="reference", type="text", optional=True, criterion="CHK-1.1"),
                FieldSpec(
                    name="total",
                    type="money",
                    computed=Computed(
                        kind="sum",
                        child="line item",
                        reference="order",
                        factors=("quantity", "price"),
                        criterion="CHK-1.4",
                    ),
                ),
                FieldSpec(
                    name="item count",
                    type="integer",
                    computed=Computed(
                        kind="count", child="line item", reference="order", criterion="CHK-1.5"
                    ),
                ),
                FieldSpec(
                    name="channel",
                    type="choice",
                    choices=("web", "Phone-Call", "in-store"),
                    default="web",
                    criterion="CHK-3.1",
                ),
                FieldSpec(
                    name="priority",
                    type="integer",
                    minimum=D(1),
                    maximum=D(9),
                    default=5,
                    criterion="CHK-3.1",
                ),
            ),
            filters=(
                Filter(field="customer", criterion="CHK-1.15"),
                Filter(field="status", criterion="CHK-1.15"),
                Filter(field="item count", criterion="CHK-1.15"),
            ),
            sorts=(Sort(field="total", criterion="CHK-1.15"),),
            initial_state="draft",
            initial_state_criterion="CHK-1.6",
            transitions=(
                Transition(operation="pay", source="draft", target="paid", criterion="CHK-1.7"),
                Transition(operation="ship", source="paid", target="shipped", criterion="CHK-1.8"),
                Transition(operation="cancel", source="draft", target="cancelled", criterion="CHK-1.9"),
                Transition(operation="cancel", source="paid", target="cancelled", criterion="CHK-1.10"),
            ),
            actions=(
                Action(
                    verb="pay",
                    inputs=(
                        FieldSpec(
                            name="reference", type="text", min_length=6, max_length=40, criterion="CHK-1.11"
                        ),
                    ),
                    criterion="CHK-1.7",
                ),
                Action(verb="ship", criterion="CHK-1.8"),
                Action(verb="cancel", criterion="CHK-1.9"),
                Action(verb="apply", object="discount code", criterion="CHK-2.4"),
            ),
            guards=(
                Guard(
                    operation="pay",
                    tests=(ChildCount(child="line item", reference="order", op="eq", number=0),),
                    status=422,
                    criterion="CHK-1.12",
                ),
                Guard(
                    operation="cancel",
                    tests=(Compare(left=has("status"), op="eq", right="shipped"),),
                    status=409,
                    criterion="CHK-1.13",
                ),
                Guard(
                    operation="apply discount code",
                    tests=(Expired(field=has("expiry date", "object")),),
                    status=422,
                    criterion="CHK-2.5",
                ),
                Guard(
                    operation="apply discount code",
                    tests=(Compare(left=has("status"), op="ne", right="draft"),),
                    status=409,
                    criterion="CHK-2.6",
                ),
                Guard(
                    operation="create",
                    tests=(Compare(left=has("priority"), op="gt", right=8),),
                    status=422,
                    criterion="CHK-3.2",
                ),
            ),
            effects=(
                Effect(
                    operation="cancel",
                    kind="set",
                    target=has("reason"),
                    amount="withdrawn",
                    criterion="CHK-1.14",
                ),
                Effect(
                    operation="apply discount code",
                    kind="reduce",
                    target=has("total"),
                    amount=has("percent", "object"),
                    percent=True,
                    criterion="CHK-2.4",
                ),
            ),
            limits=(Limit(operation="apply discount code", per="object", times=3, criterion="CHK-2.7"),),
            access=(Access(operation="ship", roles=("clerk",), criterion="CHK-3.3"),),
        ),
        Entity(
            name="line item",
            fields=(
                FieldSpec(name="product", type="text", max_length=80, criterion="CHK-1.2"),
                FieldSpec(
                    name="quantity", type="integer", minimum=D(1), maximum=D(1000), criterion="CHK-1.2"
                ),
                FieldSpec(name="price", type="money", minimum=D(0), criterion="CHK-1.2"),
            ),
            references=(Reference(name="order", target="order", criterion="CHK-1.3"),),
        ),
        Entity(
            name="discount code",
            fields=(
                FieldSpec(
                    name="code", type="text", min_length=4, max_length=20, unique=True, criterion="CHK-2.1"
                ),
                FieldSpec(name="percent", type="integer", minimum=D(1), maximum=D(90), criterion="CHK-2.1"),
                FieldSpec(name="expiry date", type="date", criterion="CHK-2.1"),
            ),
            operations=tuple(
                OperationSpec.model_validate({"name": name, "criterion": "CHK-2.2"})
                for name in ("create", "list", "read", "delete")
            ),
            filters=(Filter(field="percent", criterion="CHK-3.4"),),
            sorts=(
                Sort(field="expiry date", criterion="CHK-3.4"),
                Sort(field="percent", criterion="CHK-3.4"),
            ),
            access=(
                Access(operation="create", roles=("admin",), criterion="CHK-2.3"),
                Access(operation="delete", roles=("admin",), criterion="CHK-2.3"),
            ),
        ),
    ),
    examples=(
        Example(
            given=(Given(entity="order", values={"status": "shipped"}),),
            when=When(operation="cancel", entity="order"),
            then=(Then(kind="rejected", status=409),),
            criterion="CHK-1.16",
        ),
    ),
    speeds=(
        Speed(
            entity="order",
            operation="list",
            latency_ms=200,
            percentile=D(95),
            requests_per_second=50,
            criterion="CHK-1.17",
        ),
    ),
    criteria=(
        *criteria(
            "CHK-1",
            "An order has a customer (email), a note (text, up to 200 characters, optional), a reason (text, up "
            "to 50 characters, optional) and a reference (text, optional).",
            "A line item has a product (text, up to 80 characters), a quantity (integer, 1 to 1000) and a price "
            "(money, at least 0).",
            "A line item belongs to an order.",
            "An order's total is the sum of its line items' quantity times price.",
            "An order's item count is the number of its line items.",
            "An order starts as draft.",
            "An order goes from draft to paid when it is paid.",
            "An order goes from paid to shipped when it is shipped.",
            "An order goes from draft to cancelled when it is cancelled.",
            "An order goes from paid to cancelled when it is cancelled.",
            "Paying an order requires a reference (text, 6 to 40 characters).",
            "Paying an order that has no line items is rejected with 422.",
            "Cancelling an order that is shipped is rejected with 409.",
            'Cancelling an order sets its reason to "withdrawn".',
            "Orders can be filtered by customer, status and item count, and sorted by total.",
            "Given an order with status shipped, when it is cancelled, then it is rejected with 409.",
            "Listing orders answers within 200 ms at the 95th percentile under 50 requests per second.",
        ),
        *criteria(
            "CHK-2",
            "A discount code has a code (text, 4 to 20 characters, unique), a percent (integer, 1 to 90) and an "
            "expiry date (date).",
            "Discount codes can be created, listed, read and deleted.",
            "Only an admin can create or delete discount codes.",
            "Applying a discount code to an order reduces the order's total by the code's percent.",
            "Applying an expired discount code is rejected with 422.",
            "Applying a discount code to an order that is not draft is rejected with 409.",
            "A discount code can be applied at most 3 times.",
        ),
        *criteria(
            "CHK-3",
            "An order also has a channel (one of web, Phone Call or in store, default web) and a priority "
            "(integer, 1 to 9, default 5).",
            "Creating an order with a priority over 8 is rejected with 422.",
            "Only a clerk can ship orders.",
            "Discount codes can be filtered by percent, and sorted by expiry date and percent.",
        ),
    ),
)
