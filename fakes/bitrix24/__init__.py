"""A Bitrix24 portal for tests, demo and bench: a real HTTP server that speaks its REST by inbound webhook.

    with FakeBitrix24() as bitrix:
        settings = {"webhook_url": bitrix.webhook_url}
        bitrix.on("crm.item.add", fault="drop")          # executed, the answer is lost
        bitrix.portal.plan = False                        # a plan without REST
        bitrix.portal.deals, bitrix.called("crm.item.add"), bitrix.ledgers.highest

Made to the vendor's documentation and to habits seen in its platform: batches with `$result`, lists for empty
objects, multi-fields that silently do nothing, no idempotency, a leaky bucket and an `operating` ledger.

`python -m fakes.bitrix24 --port 8024` runs one alone, with a page for people at `/`. From another process:
`GET /_fake/state`, `POST /_fake/script {"method", "status"|"fault", "code", "times"}`, `POST /_fake/portal
{"plan": false}`.
"""

from fakes.bitrix24.server import FakeBitrix24

__all__ = ["FakeBitrix24"]
