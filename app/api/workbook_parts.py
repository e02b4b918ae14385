"""A workbook (XLSX) written in parts, each of which is kept before the next one is begun.

Every part is made by the library as a small workbook of its own, whose rows begin where those before ended. The rows
are cut out of it and packed, so that parts laid end to end are one member of one archive; the last part adds the rest.
"""

import re
import struct
import zlib
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from app.api.problems import ListTooLong
from app.api.tables import Column, Item
from app.api.workbook import Sheet

_SHEET: Final = "xl/worksheets/sheet1.xml"
_BEGIN: Final = b"<sheetData>"
_END: Final = b"</sheetData>"
# how far the rows reach: only of this part, and it may be left out
_EXTENT: Final = re.compile(rb"<dimension [^>]*/>")
_MAX_SIZE: Final = 2**32 - 1  # of a member of an archive
_CRC_BEHIND: Final = 0x08


@dataclass(frozen=True, slots=True)
class Written:
    """How far a workbook is: rows with the heading, bytes of the file, and of its sheet size, packed size and CRC."""

    rows: int = 0
    bytes: int = 0
    size: int = 0
    packed: int = 0
    crc: int = 0


def next_part(columns: tuple[Column, ...], items: list[Item], so_far: Written, *, last: bool) -> tuple[bytes, Written]:
    """The bytes that follow, with how far the workbook is then. 422 when the format cannot hold the list."""
    with TemporaryDirectory(prefix="thads-export-") as folder:
        path = Path(folder, "part.xlsx")
        with closing(Sheet(path, columns, so_far.rows)) as sheet:
            sheet.add(items)
            sheet.complete()
        with ZipFile(path) as book:
            content, now = _sheet(book.read(_SHEET), replace(so_far, rows=sheet.rows), last=last)
            if last:
                content += _end(book, replace(now, bytes=now.bytes + len(content)))
    return content, replace(now, bytes=now.bytes + len(content))


def _sheet(xml: bytes, so_far: Written, *, last: bool) -> tuple[bytes, Written]:
    before, begin, rest = xml.partition(_BEGIN)
    rows, end, after = rest.rpartition(_END)
    head, tail = before + begin, end + after
    if not begin:  # there are no rows
        head, tail = b"", _END + xml.partition(b"<sheetData/>")[2]
    is_first = so_far.bytes == 0
    plain = (_EXTENT.sub(b"", head) if is_first else b"") + rows + (tail if last else b"")
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(plain) + packer.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)
    now = replace(
        so_far,
        size=so_far.size + len(plain),
        packed=so_far.packed + len(packed),
        crc=zlib.crc32(plain, so_far.crc),
    )
    if now.size > _MAX_SIZE:
        raise ListTooLong
    return (_member().FileHeader(zip64=False) if is_first else b"") + packed, now


def _member() -> ZipInfo:
    info = ZipInfo(_SHEET)
    info.compress_type = ZIP_DEFLATED
    info.flag_bits = _CRC_BEHIND
    return info


class _Behind:
    """A file as the archive's library writes it, of which the beginning is written already."""

    def __init__(self, start: int) -> None:
        self._start = start
        self.content = bytearray()

    def write(self, content: bytes) -> int:
        """Adds to it."""
        self.content += content
        return len(content)

    def tell(self) -> int:
        """The place in the whole file."""
        return self._start + len(self.content)

    def flush(self) -> None:
        """Nothing to be done."""


def _end(book: ZipFile, now: Written) -> bytes:
    """What follows the packed sheet: its sizes, the other members of a workbook, the directory."""
    behind = _Behind(now.bytes)
    behind.write(struct.pack("<4sLLL", b"PK\x07\x08", now.crc, now.packed, now.size))
    with ZipFile(cast("IO[bytes]", behind), "w", ZIP_DEFLATED) as whole:
        for name in book.namelist():
            if name != _SHEET:
                whole.writestr(ZipInfo(name), book.read(name))
        sheet = _member()
        sheet.header_offset, sheet.CRC, sheet.compress_size, sheet.file_size = 0, now.crc, now.packed, now.size
        whole.filelist.append(sheet)
    return bytes(behind.content)
