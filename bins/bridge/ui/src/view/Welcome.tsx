export function Welcome() {
  return (
    <main className="full" id="main">
      <img src="/icon.svg" alt="" width="48" height="48" />
      <h1>No project yet</h1>
      <p>A project is where tasks and agents live. In a repository, run</p>
      <pre><code>maestro init</code></pre>
      <p>and it appears here by itself.</p>
    </main>
  );
}
