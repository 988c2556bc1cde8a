# An agent that is a script: a prompt in its terminal, pasting, and the hooks of Claude Code at the same points of its life.
# It notes each prompt as a line of JSON in $OUT, and does what stands in it: `busy FILE` works until the file is there,
# `ask FILE` shows a question until the file is there, `run COMMAND` runs a command. With $DEAF it throws away whatever is typed.
import json, os, subprocess, sys, termios, time, tty


def hook(event, **data):
    data = {"hook_event_name": event, "session_id": "c0ffee", **data}
    words = [os.environ["MAESTRO_BIN"], "hook", "claude", event]
    done = subprocess.run(words, input=json.dumps(data), capture_output=True, text=True)
    return json.loads(done.stdout) if done.stdout.strip() else {}


def note(kind, text):
    with open(os.environ["OUT"], "a") as out:
        out.write(json.dumps([kind, text]) + "\n")


def told(answer):
    context = answer.get("hookSpecificOutput", {}).get("additionalContext") or answer.get("reason")
    if context:
        note("told", context)


def await_file(path):
    while not os.path.exists(path):
        time.sleep(0.05)


def turn(prompt):
    note("prompt", prompt)
    told(hook("UserPromptSubmit", prompt=prompt))
    for line in prompt.splitlines():
        verb, _, rest = line.strip().partition(" ")
        if verb == "busy":
            await_file(rest)
            told(hook("PostToolUse", tool_name="Bash", tool_input={}))
        elif verb == "ask":
            hook("PermissionRequest", tool_name="Bash", tool_input={"command": "rm -rf /"})
            await_file(rest)
            told(hook("PostToolUse", tool_name="Bash", tool_input={}))
        elif verb == "run":
            subprocess.run(rest, shell=True)
    answer = hook("Stop", stop_hook_active=False)
    told(answer)
    if answer.get("decision") == "block":
        hook("Stop", stop_hook_active=True)


old = termios.tcgetattr(0)
tty.setraw(0)
sys.stdout.write("\x1b[?2004h> ")
sys.stdout.flush()
turn(sys.argv[1])
buffer = b""
while True:
    buffer += os.read(0, 65536)
    if os.environ.get("DEAF"):
        buffer = b""
    begin = buffer.find(b"\x1b[200~")
    enter = buffer.find(b"\r")
    if begin >= 0 and (enter < 0 or begin < enter):
        end = buffer.find(b"\x1b[201~")
        if end < 0:
            continue
        enter = buffer.find(b"\r", end)
    if enter < 0:
        continue
    line, buffer = buffer[:enter], buffer[enter + 1 :]
    text = line.replace(b"\x1b[200~", b"").replace(b"\x1b[201~", b"").decode()
    turn(text)
