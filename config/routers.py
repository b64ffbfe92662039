"""All aliases are one database under different roles; migrations run as its owner."""

from typing import Any


class OneDatabase:
    """Allows migrations through the owner's alias only."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """See Django's routers."""
        return db == "owner"

    def allow_relation(self, obj1: Any, obj2: Any, **hints: Any) -> bool:
        """Rows read through any alias may be tied: it is one database."""
        return True
