"""What stands around a training: which model, its progress, its record, its storing."""
