"""The vocabulary: one word for each code, wherever it is shown."""
