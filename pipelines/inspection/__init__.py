"""The trainings of a gate: what they see, how they are planned, done, named, kept and concluded."""
