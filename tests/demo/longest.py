"""Prints the longest functions of a directory's Rust sources: `lines name (file)`. Formatted sources are taken for
granted: a function ends with the first brace that is indented like its beginning."""

import pathlib
import re
import sys

BEGIN = re.compile(r"^(\s*)(?:pub(?:\([^)]*\))? )?(?:default )?(?:const |async |unsafe |extern \"C\" )*fn (\w+)")

directory, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
found = []
for path in sorted(directory.rglob("*.rs")):
    if "target" in path.parts:
        continue
    lines = path.read_text().splitlines()
    for start, line in enumerate(lines):
        begin = BEGIN.match(line)
        if not begin:
            continue
        indent, name = begin.groups()
        for end in range(start, len(lines)):
            if lines[end].rstrip() in (indent + "}", indent + "};") or (end == start and lines[end].rstrip().endswith(("}", ";"))):
                found.append((end - start + 1, name, path))
                break
found.sort(key=lambda entry: (-entry[0], entry[1], str(entry[2])))
for length, name, path in found[:count]:
    print(f"{length} {name} ({path})")
