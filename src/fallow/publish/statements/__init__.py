"""Step 4, statements: documents of their authors whose numbers are computed when they are published."""
