"""Secrets at rest: AES-256-GCM with a key ring, bound to the tenant and the place they are kept in.

A sealed value is `key id | nonce | ciphertext`; the associated data names tenant and place, so a value moved to
another row does not open. Opening what cannot be opened raises: a ciphertext is never taken for a value.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings


class CannotOpen(Exception):
    """The key is missing or the value was tampered with or moved."""


def seal(value: str | bytes, *, tenant_id: int, place: str) -> bytes:
    """Encrypts a value for one tenant and one place, such as `connection:settings`."""
    ring = settings.ENCRYPTION_KEYS
    plain = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    nonce = os.urandom(12)
    key_id = ring.current.encode()
    sealed = AESGCM(ring.keys[ring.current]).encrypt(nonce, plain, _associated(tenant_id, place))
    return bytes([len(key_id)]) + key_id + nonce + sealed


def unseal_bytes(sealed: bytes | memoryview, *, tenant_id: int, place: str) -> bytes:
    """The plain bytes.

    Raises:
        CannotOpen: see the class.
    """
    data = bytes(sealed)
    if not data:
        raise CannotOpen("empty")
    key_id = data[1 : 1 + data[0]].decode("ascii", "replace")
    rest = data[1 + data[0] :]
    key = settings.ENCRYPTION_KEYS.keys.get(key_id)
    if key is None:
        raise CannotOpen(f"key {key_id!r} is not in the ring")
    try:
        return AESGCM(key).decrypt(rest[:12], rest[12:], _associated(tenant_id, place))
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("wrong key, tenant or place") from error


def unseal(sealed: bytes | memoryview, *, tenant_id: int, place: str) -> str:
    """The plain text; see `unseal_bytes`."""
    return unseal_bytes(sealed, tenant_id=tenant_id, place=place).decode("utf-8", "surrogatepass")


def _associated(tenant_id: int, place: str) -> bytes:
    return f"{tenant_id}:{place}".encode()
