// Pages that stand alone: nobody is signed in, or there is nothing yet.

import { useState, type FormEvent } from "react";
import { command, openProject, retryNow } from "../../store/store";
import { useStore } from "../../store/state";

export function SignedOut() {
  const trying = useStore((state) => state.link.state === "signed_out" && state.link.trying);
  return (
    <main className="full">
      <img src="/icon.svg" alt="" width="48" height="48" />
      <h1>You are signed out</h1>
      <p>This browser has no session here, or its one-time code was used already. In a terminal, run</p>
      <pre><code>maestro up</code></pre>
      <p>and open the address that it prints. On a stack that runs already it prints a fresh one at once.</p>
      <button type="button" className="button primary" disabled={trying} onClick={retryNow}>{trying ? "Trying…" : "Try again"}</button>
    </main>
  );
}

export function Welcome() {
  const [title, setTitle] = useState("");
  const id = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 32);
  async function create(event: FormEvent) {
    event.preventDefault();
    if (!id) return;
    const outcome = await command({ entity: "project", verb: "create", data: { title: title.trim() }, label: `Create ${id}`, project: id });
    if (outcome.state === "done") openProject(id);
  }
  return (
    <main className="full" id="main">
      <img src="/icon.svg" alt="" width="48" height="48" />
      <h1>No project yet</h1>
      <p>A project is where tasks and agents live. In the repository that your agents are to work on, run</p>
      <pre><code>maestro init</code></pre>
      <p>and it appears here by itself. Or begin one without a repository:</p>
      <form className="inline-form" onSubmit={(event) => void create(event)}>
        <input className="field" aria-label="Title of the project" placeholder="Title" value={title} maxLength={200} onChange={(event) => setTitle(event.target.value)} />
        <button type="submit" className="button primary" disabled={!id}>Create {id && <code>{id}</code>}</button>
      </form>
    </main>
  );
}
