"""The smallest file that is a spreadsheet, for tests of reading them."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def workbook(path: Path, rows: Sequence[Sequence[Any]], sheet: str = "Export") -> None:
    """Write the smallest file that is a spreadsheet; dates as day numbers of format 14."""
    cells = []
    for number, row in enumerate(rows, 1):
        written = ""
        for place, cell in enumerate(row):
            at = f"{'ABCDEFGH'[place]}{number}"
            if isinstance(cell, bool):
                written += f'<c r="{at}" t="b"><v>{int(cell)}</v></c>'
            elif isinstance(cell, dt.date):
                serial = (cell - dt.date(1899, 12, 30)).days
                written += f'<c r="{at}" s="1"><v>{serial}</v></c>'
            elif isinstance(cell, int | float):
                written += f'<c r="{at}"><v>{cell}</v></c>'
            elif cell is not None:
                written += f'<c r="{at}" t="inlineStr"><is><t>{cell}</t></is></c>'
        cells.append(f'<row r="{number}">{written}</row>')
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        f'<sheet name="{sheet}" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
        f'Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(cells)}'
        "</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
