"""
Decode one frame that is at hand as bytes, and print what it means as JSON.

    python3 decode_frame.py <frame.bin
"""

import json
import sys

import teleinfo

frame = sys.stdin.buffer.read()
reading = next(teleinfo.decode([frame]), None)
if reading is None:
    sys.exit("no group of the frame could be believed")

meaning = {}
for key, value in reading.values.items():
    label = teleinfo.lookup(reading.mode, key)
    if label is not None and label.kind in {teleinfo.Kind.INDEX, teleinfo.Kind.QUANTITY}:
        meaning[label.english] = f"{value} {label.unit or ''}".strip()
print(json.dumps({"values": dict(reading.values), "meaning": meaning}, indent=2))
