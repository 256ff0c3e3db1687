"""The command line, the commands that consist of one file, and parts that several commands share."""
