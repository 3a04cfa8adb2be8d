"""The desk at which samples are judged, and its pictures."""
