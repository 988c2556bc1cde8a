export function SignedOut() {
  return (
    <main className="full">
      <img src="/icon.svg" alt="" width="48" height="48" />
      <h1>You are signed out</h1>
      <p>This browser has no session here, or its one-time code was used already. In a terminal, run</p>
      <pre><code>maestro up</code></pre>
      <p>and open the address that it prints. On a stack that runs already it prints a fresh one at once.</p>
      <button type="button" className="button primary" onClick={() => window.location.assign("/")}>Try again</button>
    </main>
  );
}
