"""Step 4, the XML of Word: elements in the order its schema asks for, and a zip that is always the same."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

if TYPE_CHECKING:
    from docx.text.paragraph import Paragraph

LOCALES = {
    "en": "en-GB",
    "fr": "fr-FR",
    "es": "es-ES",
    "ru": "ru-RU",
    "uk": "uk-UA",
    "az": "az-Latn-AZ",
    "ar": "ar-SA",
}
"""Word names a language with its country."""

_OLDEST = (1980, 1, 1, 0, 0, 0)
_AFTER_SHADE: tuple[str, ...] = (
    *("tabs", "suppressAutoHyphens", "kinsoku", "wordWrap", "overflowPunct", "topLinePunct"),
    *("autoSpaceDE", "autoSpaceDN", "bidi"),
)
_AFTER_BIDI: tuple[str, ...] = (
    *("adjustRightInd", "snapToGrid", "spacing", "ind", "contextualSpacing", "mirrorIndents"),
    *("suppressOverlap", "jc", "textDirection", "textAlignment", "textboxTightWrap", "outlineLvl"),
    *("divId", "cnfStyle", "rPr", "sectPr", "pPrChange"),
)
_AFTER_SIZE = ("highlight", "u", "effect", "bdr", "shd", "fitText", "vertAlign", "rtl", "cs", "em", "lang")


def same_bytes(body: bytes) -> bytes:
    """The same parts in order of name with one time: python-docx takes the clock's."""
    out = BytesIO()
    with ZipFile(BytesIO(body)) as given, ZipFile(out, "w") as written:
        for name in sorted(given.namelist(), key=lambda one: (one != "[Content_Types].xml", one)):
            part = ZipInfo(name, _OLDEST)
            part.compress_type = ZIP_DEFLATED
            part.external_attr = 0o600 << 16
            written.writestr(part, given.read(name))
    return out.getvalue()


def q(name: str) -> str:
    """A name with its namespace written out."""
    from docx.oxml.ns import qn

    return qn(name)


def made(name: str, attributes: dict[str, str] | None = None) -> Any:
    """An element."""
    from docx.oxml import OxmlElement

    element = OxmlElement(name)
    for key, value in (attributes or {}).items():
        element.set(q(key), value)
    return element


def shade_paragraph(out: Paragraph, colour: str) -> None:
    """A ground behind a paragraph."""
    put(out._p.get_or_add_pPr(), _shade(colour), (*_AFTER_SHADE, *_AFTER_BIDI))


def shade_cell(cell: Any, colour: str) -> None:
    """A ground behind a cell."""
    cell._tc.get_or_add_tcPr().append(_shade(colour))


def from_the_right(out: Paragraph) -> None:
    """Mark a paragraph as running from the right."""
    put(out._p.get_or_add_pPr(), made("w:bidi"), _AFTER_BIDI)


def table_from_the_right(table: Any) -> None:
    """Mark a table as beginning at the right."""
    table._tbl.tblPr.insert(1, made("w:bidiVisual"))


def lines_between_rows(table: Any) -> None:
    """Hairlines between rows and none between columns, as on the printed page."""
    borders = made("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        drawn = side in ("top", "bottom", "insideH")
        line = {"w:val": "single", "w:sz": "4", "w:space": "0", "w:color": "B8C2CC"}
        borders.append(made(f"w:{side}", line if drawn else {"w:val": "nil"}))
    after = ("shd", "tblLayout", "tblCellMar", "tblLook", "tblCaption", "tblDescription", "tblPrChange")
    put(table._tbl.tblPr, borders, after)


def size_of_arabic(properties: Any, points: float) -> None:
    """Word keeps the size of right-to-left letters apart from that of others."""
    for old in properties.findall(q("w:szCs")):
        properties.remove(old)
    put(properties, made("w:szCs", {"w:val": str(round(points * 2))}), _AFTER_SIZE)


def language(properties: Any, locale: str, *, right: bool) -> None:
    """The language that spelling and reading aloud go by."""
    for old in properties.findall(q("w:lang")):
        properties.remove(old)
    properties.append(made("w:lang", {"w:bidi" if right else "w:val": locale}))


def set_styles(out: Any, font: str, locale: str, *, right: bool, colour: str) -> None:
    """Font, language and colours of the styles that a document uses."""
    from docx.shared import Pt, RGBColor

    for name in ("Normal", "Title", "Subtitle", "Heading 1", "Heading 2", "Heading 3", "Caption"):
        style: Any = out.styles[name]
        style.font.name = font
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for kind in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(q(f"w:{kind}"), font)
        for theme in ("asciiTheme", "hAnsiTheme", "cstheme", "eastAsiaTheme"):
            fonts.attrib.pop(q(f"w:{theme}"), None)
        if name != "Normal":
            style.font.color.rgb = RGBColor.from_string("1D2733" if name == "Caption" else colour)
        language(style.element.get_or_add_rPr(), locale, right=right)
    out.styles["Normal"].font.size = Pt(10.5)
    size_of_arabic(out.styles["Normal"].element.get_or_add_rPr(), 10.5)
    out.styles["Caption"].font.size = Pt(10)
    out.styles["Caption"].font.bold = True
    out.styles["Caption"].paragraph_format.space_before = Pt(12)


def around_numbers(words: str) -> tuple[str, str, str]:
    """``Page {page} of {pages}`` in the three pieces around its numbers."""
    before, rest = words.split("{page}")
    between, after = rest.split("{pages}")
    return before, between, after


def counted(out: Paragraph, name: str) -> None:
    """A number that Word counts itself (``PAGE``, ``NUMPAGES``)."""
    field = made("w:fldSimple", {"w:instr": name})
    run = made("w:r")
    text = made("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    out._p.append(field)


def _shade(colour: str) -> Any:
    return made("w:shd", {"w:val": "clear", "w:color": "auto", "w:fill": colour})


def put(properties: Any, element: Any, before: tuple[str, ...]) -> None:
    """An element at its place among properties: before those that its schema puts behind it."""
    properties.insert_element_before(element, *(f"w:{name}" for name in before))


def anchor(name: str) -> str:
    """Word's bookmarks know no hyphen."""
    return name.replace("-", "_")
