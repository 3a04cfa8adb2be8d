"""Quality of single samples: scores, and limits learned from real defects."""
