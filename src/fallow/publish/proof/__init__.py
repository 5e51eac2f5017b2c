"""Step 4, proof: the bundle with which a stranger can make every number again."""
