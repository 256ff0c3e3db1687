"""
The targets of the fuzzer, one file each.

Each has `check`, which takes any bytes and fails (AssertionError, or whatever the code under test lets out)
where something does not hold that the first line of its file says, and `seeds`, a few inputs to begin with.
"""
