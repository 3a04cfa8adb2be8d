"""The commands of `factory-gen`, one file per group; each reads its options and calls one job."""
