"""Step 4, withholding: what an audience may not have, and what it has already."""
