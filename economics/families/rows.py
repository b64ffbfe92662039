"""The sets of rows that metrics of several families share."""

from __future__ import annotations

from economics.metric import Kind, RowSet

LEADS = RowSet(
    name="leads", piece="lead_facts", kind=Kind.LEAD, where="NOT spam", owner="lead",
    dims=("spam", "state", "visited", "was_client", "answered", "in_target"),
    keys=("channel",),
)  # fmt: skip
HANDLING = RowSet(name="handling", piece="lead_handling", kind=Kind.LEAD, owner="lead", measures=("cost",))
LEAD_MESSAGES = RowSet(
    name="lead_messages", piece="lead_messages", kind=Kind.MESSAGE, owner="lead", lead_column="lead_id",
    measures=("cost",),
)  # fmt: skip
LEAD_COSTS = RowSet(
    name="lead_costs", piece="lead_costs", kind=Kind.LEAD, owner="lead", measures=("cost",), shown="cost <> 0"
)
WAITS = RowSet(
    name="waits", piece="lead_waits", kind=Kind.LEAD, where="NOT spam", owner="lead", keys=("channel",)
)
INBOX_WAITS = RowSet(name="inbox_waits", piece="inbox_waits", kind=Kind.LEAD, where="NOT spam", owner="lead")

SPEND = RowSet(
    name="spend",
    piece="spend_days",
    kind=Kind.SPEND,
    owner="spend",
    dims=("kind", "source"),
    measures=("amount",),
    present="kind <> 'retention'",
)

BOOKINGS = RowSet(
    name="bookings", piece="booking_facts", kind=Kind.BOOKING, owner="client",
    dims=("status", "planned", "known", "eligible", "offered", "taken", "over"),
    measures=(
        "listed", "discount", "due", "refunded", "revenue", "forfeited", "kept", "net", "vat", "materials",
        "staff_share", "ended_fees", "ended_messages", "tips", "receivable", "gross", "contribution", "addon_price",
    ),
    keys=("staff_id", "service_id"), present="done OR contribution <> 0",
)  # fmt: skip
MADE = RowSet(name="made", piece="made_bookings", kind=Kind.BOOKING, owner="client")
MOVED = RowSet(name="moved", piece="moved_bookings", kind=Kind.BOOKING, owner="client")
VISITS = RowSet(
    name="visits", piece="visit_facts", kind=Kind.VISIT, owner="client", dims=("anonymous",),
    measures=("revenue", "contribution"),
)  # fmt: skip
ACTIVE = RowSet(
    name="active", piece="active_clients", kind=Kind.CLIENT, owner="client", measures=("revenue",)
)
CLIENTS = RowSet(
    name="clients", piece="client_facts", kind=Kind.CLIENT, owner="client", dims=("ripe", "returned"),
    measures=("kept", "contribution"),
)  # fmt: skip
# The same money, booking by booking: a breakdown rounds on the row.
CLIENT_BOOKINGS = RowSet(
    name="client_bookings",
    piece="client_bookings",
    kind=Kind.BOOKING,
    owner="client",
    measures=("contribution",),
    present="contribution <> 0",
    shown="contribution <> 0",
)
GAPS = RowSet(name="gaps", piece="visit_gaps", kind=Kind.VISIT, owner="client")
