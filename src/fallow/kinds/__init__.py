"""Room 0, kinds: what a record is, said once; tables, forms, schemas and pages are projections of it."""

from fallow.kinds.as_form import as_form
from fallow.kinds.as_page import as_index, as_page
from fallow.kinds.as_schema import as_schema
from fallow.kinds.as_table import Column, columns
from fallow.kinds.change import Additions, check_compatible
from fallow.kinds.declared import nearest
from fallow.kinds.freeze import model_from_json, model_to_json
from fallow.kinds.load import catalogue_digest, load_kinds
from fallow.kinds.model import Code, CodeList, Field, Kind, Model, StateMachine, Step
from fallow.kinds.values import (
    LONGEST_TEXT,
    UNITS,
    VALUE_TYPES,
    Reading,
    ValueType,
    date_high,
    date_low,
    date_patterns,
    find_unit,
    near_codes,
    suspicious,
)

__all__ = [
    "LONGEST_TEXT",
    "UNITS",
    "VALUE_TYPES",
    "Additions",
    "Code",
    "CodeList",
    "Column",
    "Field",
    "Kind",
    "Model",
    "Reading",
    "StateMachine",
    "Step",
    "ValueType",
    "as_form",
    "as_index",
    "as_page",
    "as_schema",
    "catalogue_digest",
    "check_compatible",
    "columns",
    "date_high",
    "date_low",
    "date_patterns",
    "find_unit",
    "load_kinds",
    "model_from_json",
    "model_to_json",
    "near_codes",
    "nearest",
    "suspicious",
]
