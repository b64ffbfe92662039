"""What a file really is, by its first bytes; what it is said to be is a stranger's word.

    found = filetypes.look(head, said="voice")
    found.mime, found.family      # "audio/ogg", "audio"

Only types with a signature of their own are told; anything else is `application/octet-stream`, which a browser saves
and never shows. Markup (HTML, SVG, XML) has none here on purpose: shown from our address it could run scripts.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Literal

# How many of the first bytes `look` and `picture_size` want to see (the size of a JPEG may stand behind its EXIF).
HEAD = 64 * 1024
UNKNOWN = "application/octet-stream"
# What browsers show or play in place and what cannot run anything.
SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
PLAYED = frozenset(
    {
        *("audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/wav", "audio/webm", "audio/flac"),
        *("video/mp4", "video/webm", "video/quicktime", "video/ogg"),
    }
)

Family = Literal["image", "audio", "video", "document"]


@dataclasses.dataclass(frozen=True, slots=True)
class FileType:
    """`mime` as found, `family` by it. `voice` is what messengers take for a voice message: Opus in Ogg."""

    mime: str
    family: Family
    voice: bool = False

    @property
    def inline(self) -> bool:
        """Whether a browser may show or play it in place."""
        return self.mime in SHOWN or self.mime in PLAYED


_PLAIN: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
# Brands of ISO media files (ISO 14496-12, `ftyp`) that are no video in MP4.
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), "image/heic"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"M4A ", b"M4B ", b"F4A "), "audio/mp4"),
    b"qt  ": "video/quicktime",
}


def look(head: bytes, *, said: str = "") -> FileType:
    """The type behind the first bytes. `said` ("voice", "audio", "video" …) decides where one container holds both."""
    mime = _mime(head, sounds=said in ("voice", "audio"))
    family = mime.partition("/")[0]
    voice = mime == "audio/ogg" and b"OpusHead" in head[:128]
    return FileType(mime, family if family in ("image", "audio", "video") else "document", voice)  # type: ignore[arg-type]


def _mime(head: bytes, *, sounds: bool) -> str:
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        mime = _BRANDS.get(head[8:12], "video/mp4")
        return "audio/mp4" if sounds and mime.startswith("video/") else mime
    if head[:4] == b"OggS":
        return "video/ogg" if b"theora" in head[:512] else "audio/ogg"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        webm = b"webm" in head[:64]
        return ("audio/webm" if sounds else "video/webm") if webm else "video/x-matroska"
    for signature, mime in _PLAIN:
        if head.startswith(signature):
            return mime
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return _frames(head)
    return UNKNOWN


def _frames(head: bytes) -> str:
    """MPEG audio without a tag: eleven set bits begin a frame; the layer tells AAC (0) from MP3 (III)."""
    layer, rate = head[1] >> 1 & 3, head[2] >> 4
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    return "audio/mpeg" if layer == 1 and rate not in (0, 15) else UNKNOWN


# Pictures ----------------------------------------------------------------------------------------------------------


def picture_size(head: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels of a PNG, GIF, WebP or JPEG; None where the first bytes do not tell."""
    try:
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            size = struct.unpack(">II", head[16:24])
        elif head.startswith((b"GIF87a", b"GIF89a")):
            size = struct.unpack("<HH", head[6:10])
        elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            size = _webp(head)
        elif head.startswith(b"\xff\xd8\xff"):
            size = _jpeg(head)
        else:
            return None
    except (struct.error, IndexError):
        return None
    return size if all(0 < side < 100_000 for side in size) else None


def _webp(head: bytes) -> tuple[int, int]:
    match head[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", head[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _jpeg(head: bytes) -> tuple[int, int]:
    """Walks the segments to the frame; a picture that a camera holds sideways (EXIF orientation) is turned."""
    at, turned = 2, False
    while True:
        if head[at] != 0xFF:
            raise IndexError
        marker = head[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        length = struct.unpack(">H", head[at + 2 : at + 4])[0]
        if marker == 0xE1 and head[at + 4 : at + 10] == b"Exif\x00\x00":
            turned = _sideways(head[at + 10 : at + 2 + length])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return (height, width) if turned else (width, height)
        at += 2 + length


def _sideways(tiff: bytes) -> bool:
    """Whether the EXIF orientation (tag 0x0112 of the first directory) is one of 5 to 8."""
    order: Literal["little", "big"] = "little" if tiff[:2] == b"II" else "big"
    start = int.from_bytes(tiff[4:8], order)
    for entry in range(int.from_bytes(tiff[start : start + 2], order)):
        at = start + 2 + 12 * entry
        if int.from_bytes(tiff[at : at + 2], order) == 0x0112:
            return int.from_bytes(tiff[at + 8 : at + 10], order) in (5, 6, 7, 8)
    return False
