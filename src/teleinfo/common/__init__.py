"""What every package may use: back-off, threads, translations, logging."""
