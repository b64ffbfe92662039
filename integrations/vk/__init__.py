"""VK communities: messages, lead forms and shop orders by the Callback API (dev.vk.com), answers by the API."""
