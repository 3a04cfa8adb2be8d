"""How good the pictures are: one metric, one file. Arrays and features in, plain numbers out."""
