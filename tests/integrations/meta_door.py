"""Our own door as Meta sees it: a real server that shakes hands, verifies and reads what the fake posts."""

import asyncio

from fakes.server import Answer, FakeServer
from integrations.protocols.channel import HookRequest
from kit import http


class Door(FakeServer):
    """Keeps the facts of what was let in, in the order of coming."""

    def __init__(self, channel, settings):
        super().__init__()
        self.channel, self.settings = channel, settings
        self.facts = []

    def execute(self, seen):
        request = HookRequest(
            method=seen.method,
            query=seen.query,
            headers=seen.headers,
            body=seen.body,
            url=self.url + seen.path,
        )
        reply = self.channel.handshake(self.settings, request)
        if reply is None and not self.channel.verify(self.settings, request):
            return Answer(self.channel.refused_status)
        if reply is None:
            self.facts += self.channel.parse(self.settings, request)
            reply = self.channel.acknowledge(self.settings, request)
        return Answer(reply.status, reply.body, reply.headers)

    def last(self):
        return self.facts[-1]


def in_loop(call):
    """Drives a call as the courier does."""

    async def there():
        async with http.async_client() as client:
            return await http.arun(call, client=client)

    return asyncio.run(there())
