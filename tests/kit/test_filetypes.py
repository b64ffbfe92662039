"""What a file is, by its first bytes alone."""

import struct
import zlib

import pytest

from kit import filetypes


def png(width=3, height=2):
    """A small grey picture."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x80" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


OGG = b"OggS" + b"\0" * 24
FTYP = b"\0\0\0\x20ftyp"


@pytest.mark.parametrize(
    ("head", "said", "mime", "family", "inline"),
    [
        (png(), "", "image/png", "image", True),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "", "image/jpeg", "image", True),
        (b"GIF89a\x01\0\x01\0", "", "image/gif", "image", True),
        (b"RIFF\0\0\0\0WEBPVP8 ", "sticker", "image/webp", "image", True),
        (FTYP + b"heic", "image", "image/heic", "image", False),
        (FTYP + b"isom", "video", "video/mp4", "video", True),
        (FTYP + b"isom", "voice", "audio/mp4", "audio", True),
        (FTYP + b"M4A ", "", "audio/mp4", "audio", True),
        (FTYP + b"qt  ", "", "video/quicktime", "video", True),
        (OGG + b"OpusHead", "voice", "audio/ogg", "audio", True),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "", "video/webm", "video", True),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "voice", "audio/webm", "audio", True),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", "", "video/x-matroska", "video", False),
        (b"ID3\x04", "", "audio/mpeg", "audio", True),
        (b"\xff\xfb\x90\x44", "", "audio/mpeg", "audio", True),
        (b"\xff\xf1\x50\x80", "", "audio/aac", "audio", True),
        (b"#!AMR\n", "", "audio/amr", "audio", False),
        (b"%PDF-1.7", "", "application/pdf", "document", False),
        (b"PK\x03\x04", "", "application/zip", "document", False),
        # What could run scripts from our address is never shown, whatever it is said to be
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image", filetypes.UNKNOWN, "document", False),
        (b"<!doctype html><script>alert(1)</script>", "image", filetypes.UNKNOWN, "document", False),
        (b"<?xml version='1.0'?>", "", filetypes.UNKNOWN, "document", False),
        (b"\xff\xfe<\0s\0v\0g\0", "image", filetypes.UNKNOWN, "document", False),
        (b"", "image", filetypes.UNKNOWN, "document", False),
    ],
)  # fmt: skip
def test_the_first_bytes_decide(head, said, mime, family, inline):
    found = filetypes.look(head, said=said)
    assert (found.mime, found.family, found.inline) == (mime, family, inline)


def test_a_voice_message_is_opus_in_ogg():
    assert filetypes.look(OGG + b"OpusHead").voice
    assert not filetypes.look(OGG + b"\x01vorbis").voice
    assert not filetypes.look(b"ID3").voice


def jpeg(width, height, *, orientation=1):
    entry = struct.pack("<HHII", 0x0112, 3, 1, orientation)
    exif = b"Exif\0\0" + b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry + b"\0" * 4
    app1 = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\0" * 9
    return b"\xff\xd8" + app1 + b"\xff\xff" + frame


@pytest.mark.parametrize(
    ("head", "size"),
    [
        (png(640, 480), (640, 480)),
        (b"GIF89a" + struct.pack("<HH", 30, 20), (30, 20)),
        (b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 8 + (199).to_bytes(3, "little") + (99).to_bytes(3, "little"), (200, 100)),
        (b"RIFF\0\0\0\0WEBPVP8L" + b"\0" * 4 + b"\x2f" + (199 | 99 << 14).to_bytes(4, "little"), (200, 100)),
        (b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 10 + struct.pack("<HH", 200, 100), (200, 100)),
        (jpeg(4000, 3000), (4000, 3000)),
        (jpeg(4000, 3000, orientation=6), (3000, 4000)),
        (jpeg(4000, 3000)[:45], None),
        (b"\xff\xd8\xff\xd8\x00", None),
        (png()[:20], None),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)  # fmt: skip
def test_the_size_of_a_picture(head, size):
    assert filetypes.picture_size(head) == size
