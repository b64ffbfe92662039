"""Small files of each kind, made here: no fixture has to lie beside the tests."""

from __future__ import annotations

import io
import struct
import wave
import zlib


def png(width: int = 3, height: int = 2) -> bytes:
    """A picture: a soft slope of colours."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def row(y: int) -> bytes:
        return bytes(v for x in range(width) for v in (200 - 120 * x // width, 120 + 80 * y // height, 150))

    rows = b"".join(b"\0" + row(y) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def wav(seconds: float = 1) -> bytes:
    """A quiet sound."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes(128 + (n % 40) // 8 for n in range(int(8000 * seconds))))
    return out.getvalue()


def ogg() -> bytes:
    """The beginning of a voice message: Opus in Ogg."""
    return b"OggS" + b"\0" * 24 + b"OpusHead" + b"\0" * 40
