"""The command line, and the commands that consist of one file."""
