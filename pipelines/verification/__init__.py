"""What `verify` looks at: rows and folders."""
