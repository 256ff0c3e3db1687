"""
Laboratories: tests that need more than a checkout, more than two minutes, or the rights of root.

`make test` runs none of them. Each folder is one laboratory, with a verb of the Makefile. Its head says
what it proves and what it costs. `.ci/run` plays nearly all of them.
"""
