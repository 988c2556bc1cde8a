"""The report of the demonstration and its checks, from what the ledger says."""

import json
import pathlib
import sys

work, root = map(pathlib.Path, sys.argv[1:])


def load(name):
    return json.loads((work / f"{name}.json").read_text())["data"]


tasks = {row["id"]: load(row["id"]) for row in load("tasks")["items"]}
events = load("events")["items"]
sessions = {session["id"]: session for session in load("sessions")["items"]}
failures = []


def check(holds, what):
    print(f"   {'ok  ' if holds else 'FAIL'} {what}")
    if not holds:
        failures.append(what)


def of(task, kind):
    return [event for event in events if event["entity"] == f"task/{task}" and event["kind"] == kind]


summary_task = next(task for task in tasks.values() if "summary" in task.get("labels", []))
measured = [task for task in tasks.values() if "crate" in task.get("labels", [])]
broken = [task for task in tasks.values() if task["status"] != "completed" or not task.get("summary")]
if broken:
    sys.exit(f"not completed: {[(task['id'], task['status']) for task in broken]}")
parts = {task["id"]: json.loads(task["summary"]) for task in measured}
total = json.loads(summary_task["summary"])

print(f"   {'crate':<16} {'lines':>7} {'public':>7} {'to do':>6}  longest function")
for task in measured:
    figures = parts[task["id"]]["figures"]
    longest = (figures["longest"]["value"].splitlines() or ["-"])[0]
    print(
        f"   {parts[task['id']]['crate']:<16} {figures['lines']['value']:>7} {figures['public']['value']:>7}"
        f" {figures['todos']['value']:>6}  {longest}"
    )
sums = total["total"]
print(f"   {'all':<16} {sums['lines']:>7} {sums['public']:>7} {sums['todos']:>6}")

print("\n== where every figure came from")
commands = {}
for task in measured:
    part = parts[task["id"]]
    print(f"   {part['crate']:<16} task {task['id']:<4} session {part['session']} ({sessions[part['session']]['name']})")
    for name, figure in part["figures"].items():
        commands.setdefault((name, figure["command"].replace(part["crate"], "<crate>")), []).append(part["crate"])
print(f"   {'all':<16} task {summary_task['id']:<4} session {summary_task['completedBy']}: the sums of {', '.join(total['from'])}")
for (name, command), crates in commands.items():
    print(f"   {name + (':' if len(crates) == len(measured) else ' of ' + ', '.join(crates) + ':')}\n      $ {command}")

print("\n== checks")
check(all(len(of(task, "completed")) == 1 for task in tasks), f"all {len(tasks)} tasks were completed exactly once")
check(
    all(subtask["completed"] for task in tasks.values() for subtask in task.get("subtasks", [])),
    "every subtask is completed",
)
steps = [(task, event["subtask"]) for task in tasks for event in of(task, "subtask_completed")]
check(len(steps) == len(set(steps)), "no step was completed twice, by the one who took over neither")
check(
    all(sums[name] == sum(part["figures"][name]["value"] for part in parts.values()) for name in sums),
    "the sums are the sums of the parts",
)
lines = sum(
    path.read_bytes().count(b"\n")
    for part in parts.values()
    for path in (root / part["crate"]).rglob("*.rs")
    if "target" not in path.relative_to(root).parts
)
check(sums["lines"] == lines, f"the lines are those of the repository, counted again: {lines}")

blocked = [event for task in tasks for event in of(task, "blocked")]
unblocked = [event for task in tasks for event in of(task, "unblocked")]
check(
    bool(blocked) and {event["entity"] for event in blocked} == {event["entity"] for event in unblocked},
    "a worker blocked a task and the orchestrator answered",
)
answered = {event["actor"] for event in unblocked}
check({sessions[actor]["role"] for actor in answered if actor in sessions} == {"orchestrator"}, "nobody else answered")

killed = [session for session in sessions.values() if session["status"] in ("failed", "lost") or session.get("code", 0) != 0]
check(len(killed) == 1, "one session was killed: " + ", ".join(f"{s['id']} is {s['status']}" for s in killed))
for session in killed:
    left = [event["entity"].split("/")[1] for event in events if event["kind"] == "claimed" and event["actor"] == session["id"]]
    left = [task for task in left if tasks[task].get("completedBy") != session["id"]]
    others = [f"{task} by {tasks[task]['completedBy']}" for task in left]
    check(len(left) == 1, f"its task was finished by another: {', '.join(others)}")
check(
    all(session["status"] == "exited" for session in sessions.values() if session not in killed),
    "every other session ended by itself",
)
sys.exit(1 if failures else 0)
