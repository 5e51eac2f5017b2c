"""Step 4, writers: a publication as a document: PDF, Word, HTML, XLSX, CSV, and layers of a map."""
