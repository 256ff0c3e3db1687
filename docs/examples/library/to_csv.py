"""
Convert a recording to CSV: a column for each étiquette, a row for each frame.

    python3 to_csv.py meter.tic >meter.csv
"""

import csv
import sys

import teleinfo

with open(sys.argv[1], "rb") as recording:
    rows = [reading.values for reading in teleinfo.decode(recording)]

# Not every frame has every étiquette. This keeps the order of the meter.
columns = dict.fromkeys(key for row in rows for key in row)
writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
writer.writeheader()
writer.writerows(rows)
