"""Room 0, kinds: what a record is, said once; tables, forms, schemas and pages are projections of it."""
