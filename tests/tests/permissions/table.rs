//! Every pair of user and subject, allowed and forbidden.

use std::collections::BTreeSet;

use maestro_tests::nats::{Denials, NatsServer, USERS, create_streams, streams};

const CORE: &str = "EVENTS INBOX";
const WORK: &str = "SPAWN TERM KV_LIVE KV_NODES OBJ_RECORDINGS";
const READ: &str = "TERM KV_LIVE KV_NODES OBJ_RECORDINGS";
const NONE: &str = "";

/// A subject and the users that may publish on it.
const PUBLISH: &[(&str, &str)] = &[
    ("maestro.v1.cmd.web.s1.task.start", "core spawner edge"),
    ("maestro.v1.qry.web.s1.task.list", "core spawner edge"),
    ("maestro.v1.wait.web.s1.events", "core spawner edge"),
    ("maestro.v1.box.web.s1.task.complete", "core spawner edge"),
    ("maestro.v1.evt.web", "core"),
    ("maestro.v1.evt.web.more", NONE),
    ("maestro.v1.peer.n1.web", "core"),
    ("maestro.v1.spawn.gpu.shell", "core-work"),
    ("maestro.v1.term.web.s1.1.out", "spawner"),
    ("maestro.v1.term.web.s1.1.in", "core-work edge"),
    ("maestro.v1.term.web.s1.1.resize", "core-work edge"),
    ("maestro.v1.term.web.s1.1.screen", "core-work edge"),
    ("maestro.v1.term.web.s1.1.stop", "core-work edge"),
    ("maestro.v1.term.web.s1.1.ping", "core-work edge"),
    ("maestro.v1.term.web.s1.1.other", NONE),
    ("maestro.v1.node.host.info", "core-work edge"),
    ("maestro.v1.other", NONE),
    ("maestro.v2.cmd.web.s1.task.start", NONE),
    ("$KV.LIVE.web.s1", "spawner"),
    ("$KV.NODES.host", "spawner"),
    ("$KV.OTHER.key", NONE),
    ("$O.RECORDINGS.C.piece", "spawner"),
    ("$O.RECORDINGS.M.name", "spawner"),
    ("$O.OTHER.C.piece", NONE),
    ("_INBOX.web.s1.x", "core spawner"),
    ("_R_.abc.def", "core spawner"),
    ("$SRV.INFO", "core core-work spawner"),
    ("$SYS.REQ.SERVER.PING", NONE),
    ("$SYS.REQ.ACCOUNT.CORE.INFO", NONE),
    ("$JS.API.INFO", "core core-work spawner"),
    ("$JS.API.STREAM.NAMES", "core core-work"),
    ("$JS.API.STREAM.LIST", "core core-work"),
    ("$JS.API.ACCOUNT.PURGE.CORE", NONE),
    ("$JS.API.META.LEADER.STEPDOWN", NONE),
    ("$JS.API.SERVER.REMOVE", NONE),
    ("$JS.API.STREAM.CREATE.OTHER", NONE),
    ("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.SPAWN.x", NONE),
];

/// A subject about one stream (`{}`), and for each user the streams that it may name there.
type PerStream = (&'static str, [&'static str; 4]);

/// The columns are core, core-work, spawner, edge: the order of `USERS`.
const JETSTREAM: &[PerStream] = &[
    ("$JS.API.STREAM.CREATE.{}", [CORE, WORK, NONE, NONE]),
    ("$JS.API.STREAM.UPDATE.{}", [CORE, WORK, NONE, NONE]),
    ("$JS.API.STREAM.INFO.{}", [CORE, WORK, WORK, NONE]),
    ("$JS.API.STREAM.DELETE.{}", [NONE, NONE, NONE, NONE]),
    ("$JS.API.STREAM.RESTORE.{}", [NONE, NONE, NONE, NONE]),
    ("$JS.API.STREAM.SNAPSHOT.{}", ["EVENTS", NONE, NONE, NONE]),
    ("$JS.API.STREAM.PURGE.{}", [CORE, "SPAWN TERM OBJ_RECORDINGS", "OBJ_RECORDINGS", NONE]),
    ("$JS.API.STREAM.MSG.GET.{}", [CORE, WORK, READ, NONE]),
    ("$JS.API.STREAM.MSG.DELETE.{}", [NONE, "SPAWN", NONE, NONE]),
    ("$JS.API.STREAM.PEER.REMOVE.{}", [NONE, NONE, NONE, NONE]),
    ("$JS.API.STREAM.LEADER.STEPDOWN.{}", [NONE, NONE, NONE, NONE]),
    ("$JS.API.DIRECT.GET.{}", [CORE, WORK, READ, READ]),
    ("$JS.API.DIRECT.GET.{}.some.subject", [CORE, WORK, READ, READ]),
    ("$JS.API.CONSUMER.CREATE.{}", [CORE, WORK, NONE, NONE]),
    ("$JS.API.CONSUMER.CREATE.{}.name", [CORE, WORK, "SPAWN", NONE]),
    ("$JS.API.CONSUMER.CREATE.{}.name.some.filter", [CORE, WORK, "SPAWN", NONE]),
    ("$JS.API.CONSUMER.DURABLE.CREATE.{}.name", [CORE, "SPAWN", NONE, NONE]),
    ("$JS.API.CONSUMER.DELETE.{}.name", [CORE, WORK, NONE, NONE]),
    ("$JS.API.CONSUMER.INFO.{}.name", [CORE, WORK, "SPAWN", NONE]),
    ("$JS.API.CONSUMER.NAMES.{}", [CORE, WORK, NONE, NONE]),
    ("$JS.API.CONSUMER.UNPIN.{}.name", [CORE, WORK, NONE, NONE]),
    ("$JS.API.CONSUMER.MSG.NEXT.{}.name", [CORE, READ, "SPAWN", NONE]),
    ("$JS.ACK.{}.name.1.2.3.4.5", [CORE, NONE, "SPAWN", NONE]),
    ("$JS.FC.{}.name.abc", ["EVENTS", READ, NONE, NONE]),
];

/// A subject and the users that may subscribe to it, alone and in a queue group.
const SUBSCRIBE: &[(&str, &str)] = &[
    ("maestro.v1.cmd.>", "core"),
    ("maestro.v1.cmd.web.s1.task.start", "core"),
    ("maestro.v1.qry.>", "core"),
    ("maestro.v1.wait.>", "core"),
    ("maestro.v1.box.>", NONE),
    ("maestro.v1.evt.*", NONE),
    ("maestro.v1.evt.web", NONE),
    ("maestro.v1.peer.>", "core"),
    ("maestro.v1.spawn.*.*", NONE),
    ("maestro.v1.spawn.gpu.shell", NONE),
    ("maestro.v1.term.*.*.*.out", "core-work edge"),
    ("maestro.v1.term.web.s1.1.out", "core-work edge"),
    ("maestro.v1.term.web.s1.1.in", "spawner"),
    ("maestro.v1.term.web.s1.1.resize", "spawner"),
    ("maestro.v1.term.web.s1.1.screen", "spawner"),
    ("maestro.v1.term.web.s1.1.stop", "spawner"),
    ("maestro.v1.term.web.s1.1.ping", "spawner"),
    ("maestro.v1.term.>", NONE),
    ("maestro.v1.node.host.>", "spawner"),
    ("maestro.v1.>", NONE),
    ("$KV.LIVE.>", NONE),
    ("$KV.NODES.>", NONE),
    ("$O.RECORDINGS.>", NONE),
    ("$JS.API.>", NONE),
    ("$JS.ACK.>", NONE),
    ("$JS.EVENT.ADVISORY.CONSUMER.>", "core core-work"),
    ("$JS.EVENT.ADVISORY.>", NONE),
    ("$SRV.INFO.maestro", "core spawner"),
    ("$SRV.>", "core spawner"),
    ("$SYS.>", NONE),
    ("_INBOX.>", "core core-work spawner edge"),
    ("_INBOX.web.s1.>", "core core-work spawner edge"),
    ("_R_.>", NONE),
    ("*", NONE),
    (">", NONE),
];

fn lists(names: &str, name: &str) -> bool {
    names.split_whitespace().any(|one| one == name)
}

/// `(subject, may)` for one user: the rows above, with every stream's name in those about a stream.
fn publish_rows(user: &str) -> Vec<(String, bool)> {
    let column = USERS.iter().position(|&(name, _)| name == user).unwrap();
    let mut rows: Vec<_> = PUBLISH.iter().map(|&(subject, users)| (subject.to_owned(), lists(users, user))).collect();
    for (template, per_user) in JETSTREAM {
        for stream in [CORE, WORK, "OTHER"].into_iter().flat_map(str::split_whitespace) {
            rows.push((template.replace("{}", stream), lists(per_user[column], stream)));
        }
    }
    rows
}

/// Runs after each attempt: a subject that nobody may touch, so that its refusal proves the attempt was looked at.
async fn refused(denials: &Denials, kind: &str, subject: &str, marker: &str) -> bool {
    let reports = denials.before(&format!("\"{}\"", marker.to_lowercase())).await;
    let wanted = format!("permissions violation for {kind} to \"{}\"", subject.to_lowercase());
    for report in &reports {
        assert!(report.contains(&wanted), "{subject}: unexpected report {report}");
    }
    !reports.is_empty()
}

#[tokio::test]
async fn every_user_publishes_exactly_what_the_table_allows() {
    let server = NatsServer::secured();
    create_streams(&server, 1).await;
    let mut wrong = Vec::new();
    for (user, _) in USERS {
        let (client, denials) = server.connect_watched(user).await;
        for (number, (subject, may)) in publish_rows(user).into_iter().enumerate() {
            let marker = format!("marker.{number}");
            client.publish(subject.clone(), "x".into()).await.unwrap();
            client.publish(marker.clone(), "".into()).await.unwrap();
            if refused(&denials, "publish", &subject, &marker).await == may {
                wrong.push(format!("{user} {} publish on {subject}", if may { "may not" } else { "may" }));
            }
        }
    }
    assert!(wrong.is_empty(), "{} pairs differ from the table:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_user_subscribes_to_exactly_what_the_table_allows() {
    let server = NatsServer::secured();
    let mut wrong = Vec::new();
    for (user, _) in USERS {
        let (client, denials) = server.connect_watched(user).await;
        for (number, &(subject, users)) in SUBSCRIBE.iter().enumerate() {
            for queue in [None, Some("maestro")] {
                let marker = format!("marker.{number}.{}", queue.unwrap_or("alone"));
                let subscription = match queue {
                    None => client.subscribe(subject).await.unwrap(),
                    Some(group) => client.queue_subscribe(subject, group.into()).await.unwrap(),
                };
                client.publish(marker.clone(), "".into()).await.unwrap();
                let may = lists(users, user);
                if refused(&denials, "subscription", subject, &marker).await == may {
                    wrong.push(format!("{user} {} subscribe to {subject}", if may { "may not" } else { "may" }));
                }
                drop(subscription);
            }
        }
    }
    assert!(wrong.is_empty(), "{} pairs differ from the table:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn nobody_enters_without_a_password_or_with_a_wrong_one() {
    let server = NatsServer::secured();
    assert!(async_nats::connect(server.url()).await.is_err(), "a connection without a user was accepted");
    for (user, _) in USERS {
        for password in ["", "x", server.password("core").get(1..).unwrap()] {
            let options = async_nats::ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned());
            assert!(options.connect(server.url()).await.is_err(), "{user} entered with a wrong password");
        }
    }
}

#[test]
fn the_table_names_every_stream() {
    let named: BTreeSet<_> = [CORE, WORK].into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect();
    let defined: BTreeSet<_> =
        streams(1).into_iter().map(|(_, config)| config["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(named, defined);
}
