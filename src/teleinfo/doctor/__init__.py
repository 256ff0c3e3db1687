"""Find out why nothing comes: one file an area, each gives findings, and changes nothing."""
