"""Reads one answer of `maestro --json` on stdin and prints a part of it."""

import json
import sys

answer = json.load(sys.stdin)
data = answer["data"]
match sys.argv[1:]:
    case ["--seq"]:
        print(answer.get("seq") or 0)
    case ["--ids"]:
        print(*(item["id"] for item in data["items"]))
    case ["--tasks", status]:
        for reason in data.get("reasons", []):
            if reason.get("status") == status and "task" in reason:
                print(reason["task"])
    case [name]:
        value = (data or {}).get(name)
        print("" if value is None else value if isinstance(value, str) else json.dumps(value))
