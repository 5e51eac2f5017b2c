"""Step 4, checking: whether a bundle holds, with no register and no network."""
