"""Step 4, HTML: a publication as one page that needs nothing else and runs nothing.

Style and pictures are inside; there is no script, and the page forbids itself to load anything. Tables have
captions and scopes, pictures a text, numbers a link to the recipe they come from, so that it reads as well
aloud as on a screen or on paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

from fallow.analysis import telling
from fallow.publish.publication import (
    Absent,
    Block,
    Cell,
    Chart,
    Heading,
    Paragraph,
    Publication,
    Signatures,
    Table,
)
from fallow.publish.statements.statement import require_language
from fallow.publish.writers import plots, printed
from fallow.words import RIGHT_TO_LEFT, Text, in_language, say

_STYLE = """
:root{color-scheme:light}
body{font:16px/1.55 'Noto Sans','Almarai','Segoe UI',Tahoma,Arial,sans-serif;color:#1d2733;background:#fff;
margin:0 auto;max-width:62rem;padding:0 1.25rem 3rem}
header,footer{color:#52606d;font-size:.85rem;display:flex;flex-wrap:wrap;gap:.25rem 2rem;
justify-content:space-between;border-block-end:1px solid #b8c2cc;padding:.8rem 0}
footer{border-block-end:0;border-block-start:1px solid #b8c2cc;margin-block-start:3rem}
.invented{background:#7a1f1f;color:#fff;font-weight:700;text-align:center;padding:.3rem .6rem;flex-basis:100%}
h1{font-size:2.1rem;line-height:1.2;color:#12436d;margin:1.6rem 0 .4rem}
h2,h3,h4{color:#12436d;line-height:1.3;margin:2.2rem 0 .6rem}
.subtitle{font-size:1.2rem;color:#52606d;margin:.2rem 0}
.facts{color:#52606d;margin:.2rem 0 1rem}
.s4{background:#eef2f6;border-inline-start:4px solid #12436d;padding:.7rem 1rem}
.sheet{overflow-x:auto;margin:1.2rem 0 .3rem}
table{border-collapse:collapse;min-width:50%;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:start;font-weight:700;padding:.3rem 0}
th,td{text-align:start;vertical-align:top;padding:.3rem .7rem;border-block-end:1px solid #d3dae1}
thead th{background:#eef2f6;vertical-align:bottom}
tbody th{font-weight:400}
.n{text-align:right;white-space:nowrap}
.total>*{font-weight:700;background:#f6f8fa}
.quiet{color:#52606d;font-style:italic}
.notes{color:#52606d;font-size:.85rem;margin:.1rem 0}
figure{margin:1.6rem 0}
figcaption{font-weight:700}
svg{width:100%;max-width:46rem;height:auto;display:block}
.absent{border:1px dashed #8996a3;padding:.7rem 1rem;margin:1.2rem 0}
a{color:#12436d}td a,tbody th a{color:inherit;text-decoration-color:#b8c2cc}
sup{line-height:0;font-size:.68em}
dl{display:grid;grid-template-columns:minmax(9rem,auto) 1fr;gap:.15rem 1rem;font-size:.88rem}
dt{color:#52606d}dd{margin:0;overflow-wrap:anywhere}
a:focus-visible,.sheet:focus-visible{outline:3px solid #f0a35e;outline-offset:2px}
@media print{body{max-width:none;font-size:10pt}a{text-decoration:none}figure,tr{break-inside:avoid}
h2,h3,h4{break-after:avoid}}
"""


def write_html(publication: Publication, lang: str, target: Path) -> None:
    """Write a (redacted) publication in one language as one UTF-8 file."""
    target.write_text(html(publication, lang), encoding="utf-8", newline="\n")


def html(publication: Publication, lang: str) -> str:
    """The page."""
    return "\n".join(_Page(publication, lang).lines()) + "\n"


class _Page:
    """One publication in one language; every text passes through :meth:`said`, which escapes it."""

    def __init__(self, publication: Publication, lang: str) -> None:
        require_language(publication, lang)
        self._of, self._lang = publication, lang
        self._sources = printed.sources(publication, lang)
        self._marks: Mapping[str, printed.Source] = {one.name: one for one in self._sources}

    def said(self, words: str) -> str:
        return escape(printed.plain(words, self._lang), quote=True)

    def label(self, text: Text) -> str:
        return self.said(in_language(text, self._lang))

    def word(self, key: str, **facts: object) -> str:
        return self.said(say(f"publish.{key}", self._lang, **facts))

    def lines(self) -> Iterator[str]:
        of, stamp = self._of, self._of.stamp
        side = "rtl" if self._lang in RIGHT_TO_LEFT else "ltr"
        policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        yield f'<!doctype html>\n<html lang="{self._lang}" dir="{side}">\n<head>\n<meta charset="utf-8">'
        yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<title>{self.label(of.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<header>"
        invented = printed.invented(stamp, self._lang)
        if invented:
            yield f'<div class="invented">{self.said(invented)}</div>'
        yield f"<span>{self.said(stamp.programme)}</span>"
        yield f"<span>{self.word('data_to', date=stamp.data_date)}</span>\n</header>\n<main>"
        yield f"<h1>{self.label(of.title)}</h1>"
        if of.subtitle:
            yield f'<p class="subtitle">{self.label(of.subtitle)}</p>'
        facts = [self.word("issued", day=printed.day(of.issued, self._lang))] if of.issued else []
        facts.append(self.said(printed.clocks(stamp, self._lang)))
        yield f'<p class="facts">{" · ".join(facts)}</p>'
        yield f'<p class="s4">{self.said(printed.s4(stamp, self._lang))}</p>'
        level = 0
        for block in printed.blocks(of):
            if isinstance(block, Heading):
                level = min(block.level, level + 1)
                yield f"<h{level + 1}>{self.label(block.text)}</h{level + 1}>"
            else:
                yield from self._block(block)
        yield from self._recipes()
        yield f"</main>\n<footer><strong>{self.word('silence')}</strong>"
        yield f"<span>{self.said(stamp.programme)}</span>"
        if invented:
            yield f'<div class="invented">{self.said(invented)}</div>'
        yield "</footer>\n</body>\n</html>"

    def _block(self, block: Block) -> Iterator[str]:
        if isinstance(block, Paragraph):
            parts = [self._number(one.text, one.figure) for one in printed.pieces(block, self._lang)]
            yield f"<p>{''.join(parts)}</p>"
        elif isinstance(block, Table):
            yield from self._table(block)
        elif isinstance(block, Chart):
            table = self._of.table(block.table)
            yield f"<figure><figcaption>{self.label(block.title)}</figcaption>"
            yield plots.svg(block, table, self._lang)
            yield f'<p class="notes">{self._from(table)}</p></figure>'
        elif isinstance(block, Absent):
            title = f"<strong>{self.label(block.title)}</strong><br>" if block.title else ""
            yield f'<div class="absent">{title}<span class="quiet">'
            yield f"{self.word('absent')}: {self.label(block.reason)}</span></div>"
        elif isinstance(block, Signatures):
            yield from self._signatures(block)

    def _number(self, text: str, figure: object) -> str:
        """A run of words, or a number with the letter of its source."""
        of = self._marks.get(getattr(figure, "result", ""))
        if of is None:
            return self.said(text)
        return (
            f"{self._link(text, of, getattr(figure, 'id', ''))}"
            f'<sup><a href="#{of.anchor}" aria-hidden="true" tabindex="-1">{of.mark}</a></sup>'
        )

    def _link(self, text: str, of: printed.Source, id: str) -> str:
        about = self.word("source.of", mark=of.mark)
        to = f'href="#{of.anchor}" data-figure="{escape(id, quote=True)}" title="{about}"'
        return f"<a {to}><bdi>{self.said(text)}</bdi></a>"

    def _cell(self, cell: Cell, text: str) -> str:
        of = self._marks.get(cell.figure.result) if cell.figure else None
        said = self._link(text, of, cell.figure.id) if of and cell.figure else self.said(text)
        return f'<span class="quiet">{said}</span>' if cell.value is None else said

    def _table(self, table: Table) -> Iterator[str]:
        title = self.label(table.title)
        yield f'<div class="sheet" role="region" aria-label="{title}" tabindex="0">'
        yield f'<table id="{self.said(table.id)}">\n<caption>{title}</caption>\n<thead><tr>'
        classes = [' class="n"' if one.unit in printed.NUMBERS else "" for one in table.columns]
        for column, of in zip(table.columns, classes, strict=True):
            yield f'<th scope="col"{of}>{self.said(printed.head(column, self._lang))}</th>'
        yield "</tr></thead>\n<tbody>"
        for row in table.rows:
            cells = []
            for place, (cell, column) in enumerate(zip(row.cells, table.columns, strict=True)):
                text = printed.shown(cell, column.unit, self._lang, column.values)
                head = ("th", ' scope="row"') if place == 0 else ("td", "")
                cells.append(f"<{head[0]}{head[1]}{classes[place]}>{self._cell(cell, text)}</{head[0]}>")
            yield f"<tr{' class=total' if row.total else ''}>{''.join(cells)}</tr>"
        if not table.rows:
            yield f'<tr><td colspan="{len(table.columns)}" class="quiet">{self.word("empty_table")}</td></tr>'
        yield "</tbody></table></div>"
        for note in table.notes:
            yield f'<p class="notes">{self.label(note)}</p>'
        if said := self._from(table):
            yield f'<p class="notes">{said}</p>'

    def _from(self, table: Table) -> str:
        """The sources of a table's numbers, each once."""
        names = dict.fromkeys(cell.figure.result for row in table.rows for cell in row.cells if cell.figure)
        found = [self._marks[name] for name in names if name in self._marks]
        links = telling.listed((f'<a href="#{one.anchor}">{one.mark}</a>' for one in found), self._lang)
        return self.word("source.short", marks="{}").replace("{}", links) if found else ""

    def _signatures(self, of: Signatures) -> Iterator[str]:
        yield f"<h2>{self.word('signed_by')}</h2>"
        if not of.people:
            yield f"<p>{self.word('nobody_signed')}</p>"
            return
        yield f"<table><caption class=quiet>{self.word('signed_by')}</caption><thead><tr>"
        for name in ("name", "organisation", "mandate", "date"):
            yield f'<th scope="col">{self.word(f"signatory.{name}")}</th>'
        yield "</tr></thead><tbody>"
        for one in of.people:
            rest = "".join(
                f"<td><bdi>{self.said(text)}</bdi></td>" for text in (one.organisation, one.mandate, one.date)
            )
            yield f'<tr><th scope="row"><bdi>{self.said(one.name)}</bdi></th>{rest}</tr>'
        yield "</tbody></table>"

    def _recipes(self) -> Iterator[str]:
        if not self._sources:
            return
        yield f"<h2>{self.word('sources')}</h2>\n<p>{self.word('sources.about')}</p>"
        for one in self._sources:
            yield f'<h3 id="{one.anchor}">{self.word("source", mark=one.mark, title=one.title)}</h3>\n<dl>'
            for label, value in one.rows:
                yield f"<dt>{self.said(label)}</dt><dd><bdi>{self.said(value)}</bdi></dd>"
            if one.figures:
                listed = "<br>".join(f"<bdi>{self.said(id)}</bdi>" for id in one.figures)
                yield f"<dt>{self.word('source.figures')}</dt><dd>{listed}</dd>"
            yield "</dl>"
