"""How samples are drawn: chunk by chunk, tried out for a page, or as variants of one."""
