"""What real defects teach about quality, and how samples are held against it."""
