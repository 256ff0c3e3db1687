"""Cost of the contract of this household, and of the same energy with other ones. Pure, but for files."""
