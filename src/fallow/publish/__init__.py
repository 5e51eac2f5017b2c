"""Room 4, publish: how it leaves. The door: everything other rooms may use is named here."""

from fallow.publish.audience import AUDIENCES, Audience, audience, fields_for
from fallow.publish.builders import Builder, prepare, publications
from fallow.publish.checking.check import Check
from fallow.publish.checking.check import check as check_bundle
from fallow.publish.checking.checked import Line as CheckedLine
from fallow.publish.gate import FORMATS, preview, publish, small_numbers
from fallow.publish.manifest import Accepted, Manifest, Written
from fallow.publish.publication import (
    Absent,
    Cell,
    Chart,
    Column,
    Figure,
    Heading,
    Paragraph,
    Publication,
    Row,
    Signatory,
    Signatures,
    Stamp,
    Table,
)
from fallow.publish.results import key_column, measure_column, of_results
from fallow.publish.statements.keep import Kept as KeptStatement
from fallow.publish.statements.keep import new_statement
from fallow.publish.statements.keep import sign as sign_statement
from fallow.publish.statements.keep import withdraw as withdraw_signature
from fallow.publish.statements.look import look_at_statement
from fallow.publish.statements.statement import require_language, statement_publication
from fallow.publish.withholding.redact import Redacted
from fallow.publish.withholding.told import Told, log_findings, published
from fallow.publish.writers import printed
from fallow.publish.writers.geopackage import write_layer
from fallow.publish.writers.harmless import harmless, harmless_in_csv
from fallow.publish.writers.layers import Layer
from fallow.publish.writers.plots import svg as chart_svg
from fallow.publish.writers.plots_frame import PAGE as PAGE_LOOK

__all__ = [
    "AUDIENCES",
    "FORMATS",
    "PAGE_LOOK",
    "Absent",
    "Accepted",
    "Audience",
    "Builder",
    "Cell",
    "Chart",
    "Check",
    "CheckedLine",
    "Column",
    "Figure",
    "Heading",
    "KeptStatement",
    "Layer",
    "Manifest",
    "Paragraph",
    "Publication",
    "Redacted",
    "Row",
    "Signatory",
    "Signatures",
    "Stamp",
    "Table",
    "Told",
    "Written",
    "audience",
    "chart_svg",
    "check_bundle",
    "fields_for",
    "harmless",
    "harmless_in_csv",
    "key_column",
    "log_findings",
    "look_at_statement",
    "measure_column",
    "new_statement",
    "of_results",
    "prepare",
    "preview",
    "printed",
    "publications",
    "publish",
    "published",
    "require_language",
    "sign_statement",
    "small_numbers",
    "statement_publication",
    "withdraw_signature",
    "write_layer",
]
