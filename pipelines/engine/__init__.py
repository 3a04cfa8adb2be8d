"""The plant's box: what runs on it, and the jobs that it works through. Prefect is imported in `flows.py` alone."""
