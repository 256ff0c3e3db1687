"""Arguments and output, which every command needs."""
