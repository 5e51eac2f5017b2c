"""Step 4, Word: a publication as DOCX that an office can edit, with real headings, tables and links.

Arabic is written as Word writes it: paragraphs, tables and runs marked as running from the right. Word takes
no SVG that every version shows, so plots are pictures that typst makes of the same SVG. The file is written
anew in a fixed order with fixed times, so that the same publication gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fallow.errors import FallowError
from fallow.publish.publication import (
    Absent,
    Block,
    Chart,
    Figure,
    Heading,
    Paragraph,
    Publication,
    Signatures,
    Table,
)
from fallow.publish.statements.statement import require_language
from fallow.publish.writers import plots, printed, typeset
from fallow.publish.writers.word_parts import (
    LOCALES,
    anchor,
    around_numbers,
    counted,
    from_the_right,
    lines_between_rows,
    made,
    same_bytes,
    set_styles,
    shade_cell,
    shade_paragraph,
    size_of_arabic,
    table_from_the_right,
)
from fallow.publish.writers.word_tables import Layout, fit, heads, layout, texts, turn
from fallow.words import RIGHT_TO_LEFT, in_language, say

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph as WordParagraph

FONT = "Arial"
"""On every machine that has Word, with Latin, Cyrillic and Arabic letters; nothing is embedded."""

_PROPERTY = 255
"""Letters that a property of a document may have."""
_BLUE, _QUIET, _PALE, _RED = "12436D", "52606D", "EEF2F6", "7A1F1F"


def write_docx(publication: Publication, lang: str, target: Path) -> None:
    """Write a (redacted) publication in one language; ``DOCUMENTS_MISSING`` without python-docx."""
    if find_spec("docx") is None:
        raise FallowError("DOCUMENTS_MISSING", "docx", package="python-docx")
    body = BytesIO()
    _Writer(publication, lang).document().save(body)
    target.write_bytes(same_bytes(body.getvalue()))


class _Writer:
    """One publication in one language as a document that grows."""

    def __init__(self, publication: Publication, lang: str) -> None:
        import docx

        require_language(publication, lang)
        self._of, self._lang = publication, lang
        self._right = lang in RIGHT_TO_LEFT
        self._sources = printed.sources(publication, lang)
        self._marks = {one.name: one for one in self._sources}
        self._bookmarks = 0
        self._layouts: dict[str, Layout] = {}
        self._out: Document = docx.Document()

    # -- words ------------------------------------------------------------------------------------------

    def _said(self, words: str) -> str:
        return printed.plain(words, self._lang)

    def _word(self, key: str, **facts: object) -> str:
        return self._said(say(f"publish.{key}", self._lang, **facts))

    # -- the document -----------------------------------------------------------------------------------

    def document(self) -> Document:
        """The whole of it."""
        of, stamp = self._of, self._of.stamp
        self._set_up()
        title = self._said(in_language(of.title, self._lang))
        self._paragraph(title, style="Title")
        if of.subtitle:
            self._paragraph(in_language(of.subtitle, self._lang), style="Subtitle")
        facts = [self._word("issued", day=printed.day(of.issued, self._lang))] if of.issued else []
        self._paragraph(" · ".join([*facts, printed.clocks(stamp, self._lang)]), quiet=True)
        warning = self._paragraph(printed.s4(stamp, self._lang))
        shade_paragraph(warning, _PALE)
        level = 0
        blocks = list(printed.blocks(of))
        for place, block in enumerate(blocks):
            turn(self._out, turned=self._turned(blocks[place:]))
            if isinstance(block, Heading):
                level = min(block.level, level + 1)
                self._heading(in_language(block.text, self._lang), level)
            else:
                self._block(block)
        turn(self._out, turned=False)
        self._recipes()
        return self._out

    def _turned(self, blocks: Sequence[Block]) -> bool:
        """Whether the first of these stands on a turned page: a wide table, and the headings above it."""
        first = next((one for one in blocks if not isinstance(one, Heading)), None)
        return isinstance(first, Table) and self._layout(first).turned

    def _layout(self, table: Table) -> Layout:
        if table.id not in self._layouts:
            self._layouts[table.id] = layout(heads(table, self._lang), texts(table, self._lang))
        return self._layouts[table.id]

    def _set_up(self) -> None:
        """Properties, page, styles, header and footer."""
        from docx.shared import Cm

        of, stamp, out = self._of, self._of.stamp, self._out
        day = datetime.fromisoformat(f"{(of.issued or stamp.data_date)[:10]}").replace(tzinfo=UTC)
        about = out.core_properties
        about.title = self._said(in_language(of.title, self._lang))[:_PROPERTY]
        about.author = about.last_modified_by = (self._said(stamp.programme) or "Fallow")[:_PROPERTY]
        about.subject = self._said(in_language(of.subtitle, self._lang))[:_PROPERTY]
        about.language = LOCALES[self._lang]
        about.comments = self._word("silence")
        about.identifier = f"{stamp.register}/{stamp.head}"
        about.keywords = ""
        about.created = about.modified = day.replace(tzinfo=None)
        about.revision = 1
        section = out.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.2)
        set_styles(out, FONT, LOCALES[self._lang], right=self._right, colour=_BLUE)
        head, foot = section.header.paragraphs[0], section.footer.paragraphs[0]
        self._run(head, f"{stamp.programme} · {self._word('data_to', date=stamp.data_date)}", quiet=True)
        invented = printed.invented(stamp, self._lang)
        if invented:
            badge = section.header.add_paragraph()
            self._run(badge, invented, bold=True, colour=_RED)
            self._turn(badge)
        self._run(foot, self._word("silence"), bold=True, quiet=True)
        self._run(foot, " · ", quiet=True)
        before, between, after = around_numbers(say("publish.page", self._lang))
        self._run(foot, before, quiet=True)
        counted(foot, "PAGE")
        self._run(foot, between, quiet=True)
        counted(foot, "NUMPAGES")
        self._run(foot, after, quiet=True)
        for one in (head, foot):
            self._turn(one)

    # -- parts ------------------------------------------------------------------------------------------

    def _block(self, block: Block) -> None:
        from docx.shared import Pt

        if isinstance(block, Paragraph):
            out = self._out.add_paragraph()
            for piece in printed.pieces(block, self._lang):
                self._number(out, piece.text, piece.figure)
            self._turn(out)
        elif isinstance(block, Table):
            self._table(block)
        elif isinstance(block, Chart):
            self._chart(block)
        elif isinstance(block, Absent):
            if block.title:
                title = self._paragraph(in_language(block.title, self._lang), bold=True)
                title.paragraph_format.space_before = Pt(12)
                title.paragraph_format.keep_with_next = True
                shade_paragraph(title, _PALE)
            reason = f"{self._word('absent')}: {in_language(block.reason, self._lang)}"
            self._paragraph(reason, quiet=True)
        elif isinstance(block, Signatures):
            self._signatures(block)

    def _paragraph(
        self, words: str, *, style: str | None = None, bold: bool = False, quiet: bool = False
    ) -> WordParagraph:
        out = self._out.add_paragraph(style=style)
        self._run(out, words, bold=bold, quiet=quiet)
        self._turn(out)
        return out

    def _heading(self, words: str, level: int, bookmark: str | None = None) -> None:
        out = self._out.add_heading(level=level)
        if bookmark:
            self._bookmark(out, bookmark)
        self._run(out, words)
        self._turn(out)

    def _run(
        self,
        out: WordParagraph,
        words: str,
        *,
        bold: bool = False,
        quiet: bool = False,
        colour: str | None = None,
        size: float | None = None,
    ) -> Any:
        from docx.shared import Pt, RGBColor

        run = out.add_run(self._said(words))
        if bold:
            run.bold = True
            run.font.cs_bold = self._right
        if quiet or colour:
            run.font.color.rgb = RGBColor.from_string(colour or _QUIET)
        if size:
            run.font.size = Pt(size)
            size_of_arabic(run._r.get_or_add_rPr(), size)
        if self._right:
            run.font.rtl = True
        return run

    def _number(
        self,
        out: WordParagraph,
        words: str,
        figure: Figure | None,
        *,
        bold: bool = False,
        size: float | None = None,
    ) -> None:
        """A run of words, or a number that links to its recipe; in a sentence the recipe's letter follows."""
        of = self._marks.get(figure.result) if figure else None
        if of is None:
            self._run(out, words, bold=bold, size=size)
            return
        link = made("w:hyperlink", {"w:anchor": anchor(of.anchor), "w:history": "1"})
        runs = [self._run(out, words, bold=bold, size=size, colour=None if size else _BLUE)]
        if size is None:
            letter = self._run(out, f"[{of.mark}]", colour=_BLUE)
            letter.font.superscript = True
            runs.append(letter)
        for run in runs:
            link.append(run._r)
        out._p.append(link)

    def _turn(self, out: WordParagraph) -> None:
        """Mark a paragraph as running from the right."""
        if self._right:
            from_the_right(out)

    def _bookmark(self, out: WordParagraph, name: str) -> None:
        self._bookmarks += 1
        number = str(self._bookmarks)
        out._p.append(made("w:bookmarkStart", {"w:id": number, "w:name": name}))
        out._p.append(made("w:bookmarkEnd", {"w:id": number}))

    def _grid(self, heads: Sequence[tuple[str, bool]], rows: int, title: str, of: Layout) -> Any:
        """A table whose first row is its head, on every page it reaches."""
        out = self._out.add_table(rows=rows + 1, cols=len(heads), style="Table Grid")
        lines_between_rows(out)
        if self._right:
            table_from_the_right(out)
        out._tbl.tblPr.append(made("w:tblCaption", {"w:val": self._said(title)}))
        first = out.rows[0]
        first._tr.get_or_add_trPr().append(made("w:tblHeader"))
        for cell, (head, number) in zip(first.cells, heads, strict=True):
            self._fill(cell, head, size=of.size, number=number, bold=True)
            shade_cell(cell, _PALE)
        return out

    def _fill(
        self,
        cell: Any,
        words: str,
        *,
        size: float,
        number: bool = False,
        bold: bool = False,
        quiet: bool = False,
        figure: Figure | None = None,
    ) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Pt

        out = cell.paragraphs[0]
        out.paragraph_format.space_after = Pt(0)
        if figure is not None:
            self._number(out, words, figure, bold=bold, size=size)
        else:
            self._run(out, words, bold=bold, quiet=quiet, size=size)
        self._turn(out)
        if number and not self._right:
            # A paragraph from the right begins at the right: there its digits stand under digits already.
            out.alignment = WD_ALIGN_PARAGRAPH.RIGHT

    def _table(self, table: Table) -> None:
        title = in_language(table.title, self._lang)
        caption = self._paragraph(title, style="Caption")
        caption.paragraph_format.keep_with_next = True
        of = self._layout(table)
        out = self._grid(heads(table, self._lang), len(table.rows) or 1, title, of)
        grid = [list(row.cells) for row in out.rows]
        for row, told, cells in zip(table.rows, texts(table, self._lang), grid[1:], strict=False):
            for cell, text, column, place in zip(row.cells, told, table.columns, cells, strict=True):
                self._fill(
                    place,
                    text,
                    size=of.size,
                    number=column.unit in printed.NUMBERS,
                    bold=row.total,
                    quiet=cell.value is None,
                    figure=cell.figure,
                )
        if not table.rows:
            empty = grid[1][0].merge(grid[1][-1])
            self._fill(empty, self._word("empty_table"), size=of.size, quiet=True)
        fit(out, of)
        for note in table.notes:
            self._small_line(in_language(note, self._lang))
        self._from(table)

    def _small_line(self, words: str) -> WordParagraph:
        from docx.shared import Pt

        out = self._out.add_paragraph()
        out.paragraph_format.space_after = Pt(0)
        self._run(out, words, quiet=True, size=8)
        self._turn(out)
        return out

    def _from(self, table: Table) -> None:
        """The line that names the sources of a table, each a link."""
        names = dict.fromkeys(cell.figure.result for row in table.rows for cell in row.cells if cell.figure)
        found = [self._marks[name] for name in names if name in self._marks]
        if not found:
            return
        before, after = say("publish.source.short", self._lang).split("{marks}")
        out = self._small_line(before)
        for place, one in enumerate(found):
            if place:
                self._run(out, ", ", quiet=True, size=8)
            link = made("w:hyperlink", {"w:anchor": anchor(one.anchor), "w:history": "1"})
            link.append(self._run(out, one.mark, colour=_BLUE, size=8)._r)
            out._p.append(link)
        if after:
            self._run(out, after, quiet=True, size=8)

    def _chart(self, chart: Chart) -> None:
        from docx.shared import Cm

        table = self._of.table(chart.table)
        caption = self._paragraph(in_language(chart.title, self._lang), style="Caption")
        caption.paragraph_format.keep_with_next = True
        picture = typeset.png(plots.svg(chart, table, self._lang))
        shape = self._out.add_picture(BytesIO(picture), width=Cm(16.4))
        about = shape._inline.docPr
        about.set("descr", self._said(in_language(chart.about, self._lang)))
        about.set("title", self._said(in_language(chart.title, self._lang)))
        self._from(table)

    def _signatures(self, of: Signatures) -> None:
        title = self._word("signed_by")
        self._heading(title, 1)
        if not of.people:
            self._paragraph(self._word("nobody_signed"))
            return
        columns = ("name", "organisation", "mandate", "date")
        named = [(self._word(f"signatory.{name}"), False) for name in columns]
        people = [(one.name, one.organisation, one.mandate, one.date) for one in of.people]
        shape = layout(named, people)
        out = self._grid(named, len(people), title, shape)
        for row, told in zip(out.rows[1:], people, strict=False):
            for place, (cell, text) in enumerate(zip(row.cells, told, strict=True)):
                self._fill(cell, text, size=shape.size, bold=place == 0)
        fit(out, shape)

    def _recipes(self) -> None:
        if not self._sources:
            return
        self._heading(self._word("sources"), 1)
        self._paragraph(self._word("sources.about"))
        for one in self._sources:
            self._heading(self._word("source", mark=one.mark, title=one.title), 2, anchor(one.anchor))
            for label, value in one.rows:
                out = self._small_line(f"{label}: ")
                self._run(out, value, size=8)
            for id in one.figures:
                out = self._small_line(f"{self._word('source.figures')}: ")
                self._run(out, id, size=8)
