"""Room 4, publish: how it leaves. The door: everything other rooms may use is named here."""

from fallow.publish.audience import AUDIENCES, Audience, audience, fields_for
from fallow.publish.builders import Builder, prepare, publications
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
from fallow.publish.results import of_results

__all__ = [
    "AUDIENCES",
    "Absent",
    "Accepted",
    "Audience",
    "Builder",
    "Cell",
    "Chart",
    "Column",
    "Figure",
    "Heading",
    "Manifest",
    "Paragraph",
    "Publication",
    "Row",
    "Signatory",
    "Signatures",
    "Stamp",
    "Table",
    "Written",
    "audience",
    "fields_for",
    "of_results",
    "prepare",
    "publications",
]
