//! A trace's context on its way through programs that export nothing: what came with a command is in the ledger, on the
//! order and in the environment of the agent.

use std::time::{Duration, Instant};

use maestro_client::{Mode, Options, connect};
use maestro_tests::stack::{Stack, answer};
use maestro_wire::decode_commit;

const CONTEXT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test(flavor = "multi_thread")]
async fn a_context_goes_from_the_command_to_the_agent_and_a_bad_one_nowhere() {
    let stack = Stack::start();
    stack.maestro(&["project", "create", "web"]).data();
    let within = |context: &str, arguments: &[&str]| {
        let mut command = stack.place().command();
        let answer = answer(command.env("TRACEPARENT", context).args(["--json", "--project", "web"]).args(arguments));
        answer.data()["id"].as_str().unwrap().to_owned()
    };
    let shown = stack.place().path().join("shown");
    let script = format!("echo \"context: $TRACEPARENT\" >{}.part; mv {0}.part {0}", shown.display());
    for (context, expected) in [(CONTEXT, CONTEXT), ("nonsense", "")] {
        let task = within(context, &["task", "create", "one"]);
        within(context, &["session", "spawn", "--agent", "shell", "--task", &task, "--", "sh", "-c", &script]);
        let deadline = Instant::now() + Duration::from_secs(30);
        let text = loop {
            if let Ok(text) = std::fs::read_to_string(&shown) {
                break text;
            }
            assert!(Instant::now() < deadline, "the agent did not run");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(text.trim_end(), format!("context: {expected}").trim_end());
        std::fs::remove_file(&shown).unwrap();
    }
    let core = connect(Options::new(&stack.nats_url("core"), Mode::OneShot).unwrap()).await.unwrap();
    let (mut seq, mut kept) = (0, Vec::new());
    while let Some(commit) = core.next_message("EVENTS", "maestro.v1.evt.web", seq + 1).await.unwrap() {
        seq = commit.seq;
        let events = decode_commit(&commit.payload).unwrap().events;
        let created = events.into_iter().filter(|recorded| recorded.event.kind() == ("task", "created"));
        kept.extend(created.map(|recorded| recorded.traceparent));
    }
    assert_eq!(kept, [Some(CONTEXT.to_owned()), None]);
}
