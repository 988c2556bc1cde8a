"""Shows progress from `maestro events --follow --json` on stdin, and kills the worker that says it stopped."""

import json
import os
import re
import signal
import sys

SHOWN = {
    "claimed": "takes it",
    "subtask_completed": "did: {title}",
    "blocked": "asks: {reason}",
    "unblocked": "answers: {message}",
    "released": "task is free again",
    "completed": "completed it",
    "requested": "asks for a session",
    "active": "is at work",
    "exited": "is done",
    "failed": "failed",
}

for line in sys.stdin:
    event = json.loads(line)
    kind, actor, entity = event.get("kind"), event.get("actor"), event.get("entity", "").split("/")[-1]
    if kind in SHOWN:
        fields = {**{"title": "", "reason": "", "message": ""}, **{k: v for k, v in event.items() if v is not None}}
        print(f"   {entity:<5} {actor:<7} {SHOWN[kind].format(**fields)}", flush=True)
    stopped = re.search(r"stopping here for a while, as process (\d+)", str(event.get("message", "")))
    if kind == "progress" and stopped:
        print(f"   {entity:<5} {actor:<7} stopped in the middle; killing it with SIGKILL", flush=True)
        os.kill(int(stopped.group(1)), signal.SIGKILL)
