"""Small files made on the spot: a photo and a voice message need no binary beside the code."""

from __future__ import annotations

import io
import math
import struct
import wave
import zlib

WIDTH, HEIGHT = 360, 270
RATE = 8000

Colour = tuple[int, int, int]


def photo(seed: int = 0) -> bytes:
    """A PNG: a head of hair before a soft wall, `seed` turns the colours."""
    hair = ((58, 40, 30), (104, 72, 44), (120, 120, 126))[seed % 3]
    wall = ((214, 205, 190), (190, 205, 214), (206, 196, 212))[seed % 3]
    rows = b"".join(b"\0" + _row(y, hair, wall) for y in range(HEIGHT))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _row(y: int, hair: Colour, wall: Colour) -> bytes:
    shade = 1 - 0.25 * y / HEIGHT
    back = bytes(round(part * shade) for part in wall)
    row = bytearray(back * WIDTH)
    for height, width, middle, colour in (
        (0.62, 0.46, 1.05, (72, 84, 96)),  # shoulders
        (0.34, 0.19, 0.52, (226, 184, 156)),  # a face
        (0.20, 0.21, 0.30, hair),
    ):
        inside = 1 - ((y / HEIGHT - middle) / height) ** 2
        if inside > 0:
            half = round(WIDTH * width * math.sqrt(inside))
            start, end = max(WIDTH // 2 - half, 0), min(WIDTH // 2 + half, WIDTH)
            row[start * 3 : end * 3] = bytes(round(part * shade) for part in colour) * (end - start)
    return bytes(row)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def voice(seconds: int) -> bytes:
    """A WAV: a hum that rises and falls in syllables."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(RATE)
        sound.writeframes(bytes(_sample(number / RATE) for number in range(RATE * seconds)))
    return out.getvalue()


def _sample(at: float) -> int:
    loud = abs(math.sin(at * 9)) * (0.4 + 0.6 * abs(math.sin(at * 1.3)))
    return 128 + round(50 * loud * math.sin(at * 880 + 6 * math.sin(at * 7)))
