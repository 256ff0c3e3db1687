"""
Speed and weight of teleinfo, each figure against a floor measured in the same run: `make bench`.

The floor is what the least program would need for the same work on the same machine at the same time: for the
decoder the search for ETX and `json.dumps`, for the daemon the program `tests.lab.bench.reference`, which
checks nothing. An absolute figure says little about another machine, a ratio says most of it.

Each part (`PARTS` in `__main__`) is a function that takes a `Scale` and returns its rows.
"""
