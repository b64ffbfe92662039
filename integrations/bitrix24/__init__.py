"""The wire to Bitrix24: `CRM` speaks `integrations.protocols.crm` with a portal's REST.

Facts of the outside and their sources stand in the docstrings of the modules; the vendor's documentation is
meant by every bare page name (github.com/bitrix-tools/b24-rest-docs).
"""

from integrations.bitrix24.wire import CRM

__all__ = ["CRM"]
