"""Benches: what is measured, on which plan, and how it is shown."""
