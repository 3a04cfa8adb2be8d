"""Jobs killed with -9 at random moments and at named points, started again, and held against undisturbed ones."""
