#!/usr/bin/env python3
"""Reads an lcov file and compares the share of lines that were reached with what is asked for.
With `--some` only of what was measured at all, and not of the workspace."""
import collections
import sys

WANTED = {"": 80.0, "shared/domain/src/": 95.0, "shared/wire/src/": 95.0}

reached = collections.Counter()
lines = collections.Counter()
path = ""
for line in open(sys.argv[1]):
    kind, _, value = line.strip().partition(":")
    if kind == "SF":
        path = value
    elif kind == "DA":
        hit = int(value.split(",")[1]) > 0
        for part in WANTED:
            if part in path:
                lines[part] += 1
                reached[part] += hit

some = "--some" in sys.argv
missing = False
for part, wanted in WANTED.items():
    if some and (part == "" or not lines[part]):
        continue
    share = 100.0 * reached[part] / lines[part] if lines[part] else 0.0
    missing |= share < wanted
    print(f"{part or 'workspace':20} {share:5.1f} % of {lines[part]} lines, {wanted:.0f} % wanted")
sys.exit(1 if missing else 0)
