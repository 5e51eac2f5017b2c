"""Step 4, reports: treaty tables and routine reports, a function each."""
