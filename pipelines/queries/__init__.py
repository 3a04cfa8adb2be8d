"""What pages show, read from the registry in one go each."""
