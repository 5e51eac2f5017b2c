"""Step 3, books: opening, moves and closing of the land in stock, and the reports behind each number."""
