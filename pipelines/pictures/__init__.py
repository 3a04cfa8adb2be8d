"""Stored pictures for jobs and pages: loaded, paired, laid over, made small."""
