"""The command line, the commands that are one file, and what several commands share."""
