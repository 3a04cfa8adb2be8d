"""What an ingest does with the files it finds: look, group, split, settle, write, report."""
