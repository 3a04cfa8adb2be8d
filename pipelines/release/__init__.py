"""What an export checks before and writes after: version, pictures, folders."""
