"""Are the pictures that come in still like those that the catalogue holds? Readings, limits, windows, alarms."""
