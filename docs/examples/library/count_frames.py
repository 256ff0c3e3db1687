"""
Count the frames of a recording, and what was left out of them.

    python3 count_frames.py meter.tic
"""

import sys

import teleinfo

decoder = teleinfo.Decoder()
with open(sys.argv[1], "rb") as recording:
    for data in recording:
        decoder.feed(data)
decoder.close()

counts = decoder.counts
print(f"{counts.frames} frames in {counts.bytes_read} bytes")
print(f"{counts.rejected} groups rejected, {counts.unconfirmed + counts.implausible} withheld")
