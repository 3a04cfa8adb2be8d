"""The checked calls behind the pages: who may do what, in whose name."""
