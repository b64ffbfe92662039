"""A Bitrix24 portal for tests, demo and bench: a real HTTP server that speaks its REST by inbound webhook.

Made to the vendor's documentation and to habits seen in its platform: batches with `$result`, lists for empty
objects, multi-fields that silently do nothing, no idempotency, a leaky bucket and an `operating` ledger, and
mishaps on demand. `python -m fakes.bitrix24 --port 8024` runs one alone, with a page for people at `/`.
"""
