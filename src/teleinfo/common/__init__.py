"""Parts that every package may use: back-off, threads, translations, logging."""
