"""Checked calls of those who make: pictures in, models, samples."""

from __future__ import annotations

from pipelines.calls import Calls


class MakeCalls(Calls):
    """Ingest, masks, train, generate, inpaint."""
