//! Jobs are done once, come again when nobody says a word, and keep their order when that is asked for.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod kit;

use std::time::{Duration, Instant};

use bytes::Bytes;
use kit::{ACK, OPEN, Server, fill, stream};
use maestro_client::{Beat, Client, Headers, Job, Order, QueueConfig, QueueError, WorkQueue};
use serde_json::json;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(10);

async fn spawn_stream(client: &Client) {
    stream(client, "SPAWN", &["spawn.>"], json!({ "retention": "workqueue" })).await;
}

fn config() -> QueueConfig {
    QueueConfig { ack_wait: Duration::from_secs(1), ..QueueConfig::new("SPAWN", "workers", Some("spawn.>")) }
}

async fn one(queue: &mut WorkQueue) -> Job {
    queue.fetch(1, LONG).await.unwrap().pop().expect("a job")
}

fn number(job: &Job) -> usize {
    std::str::from_utf8(job.payload()).unwrap().parse().unwrap()
}

#[tokio::test]
async fn acknowledged_jobs_are_gone_and_dropped_ones_come_again() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    spawn_stream(&client).await;
    fill(&client, "spawn.a", 3).await;
    let mut queue = client.work_queue(config()).await.unwrap();
    let jobs = queue.fetch(10, LONG).await.unwrap();
    assert_eq!(jobs.len(), 3);
    let dropped = number(&jobs[0]);
    for job in jobs.into_iter().skip(1) {
        assert_eq!(job.deliveries(), 1);
        job.ack().await.unwrap();
    }
    let again = one(&mut queue).await;
    assert_eq!((number(&again), again.deliveries()), (dropped, 2));
    again.ack().await.unwrap();
    assert_eq!(client.stream_info("SPAWN").await.unwrap().messages, 0);
    let started = Instant::now();
    assert!(queue.fetch(1, SHORT).await.unwrap().is_empty());
    assert!(started.elapsed() >= SHORT && started.elapsed() < SHORT * 4);
}

#[tokio::test]
async fn a_waiting_fetch_gets_the_job_at_once() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    spawn_stream(&client).await;
    let mut queue = client.work_queue(config()).await.unwrap();
    let started = Instant::now();
    let appending = async {
        tokio::time::sleep(SHORT).await;
        client.append("spawn.a", Bytes::from("0"), &Headers::new(), None, ACK).await.unwrap();
    };
    let (job, ()) = tokio::join!(one(&mut queue), appending);
    assert!(started.elapsed() < SHORT + Duration::from_secs(1));
    job.ack().await.unwrap();
}

#[tokio::test]
async fn progress_holds_a_job_nak_returns_it_term_ends_it() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    spawn_stream(&client).await;
    fill(&client, "spawn.a", 1).await;
    let mut queue = client.work_queue(config()).await.unwrap();
    let job = one(&mut queue).await;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        job.in_progress().await.unwrap();
    }
    assert!(queue.fetch(1, SHORT).await.unwrap().is_empty());
    let started = Instant::now();
    job.nak(Duration::from_millis(400)).await.unwrap();
    let job = one(&mut queue).await;
    assert!(job.deliveries() == 2 && started.elapsed() >= Duration::from_millis(400));
    job.term("no such project").await.unwrap();
    assert!(queue.fetch(1, Duration::from_millis(1500)).await.unwrap().is_empty());
}

#[tokio::test]
async fn jobs_in_hand_stay_there_from_one_piece_of_work_to_the_next() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    spawn_stream(&client).await;
    fill(&client, "spawn.a", 2).await;
    let mut queue = client.work_queue(config()).await.unwrap();
    let jobs = queue.fetch(2, LONG).await.unwrap();
    let mut beat = Beat::every(Duration::from_millis(300));
    // Each is shorter than the pause between two words, all of them are longer than the queue waits.
    for _ in 0..10 {
        beat.hold(jobs.iter(), tokio::time::sleep(Duration::from_millis(200))).await;
    }
    assert!(queue.fetch(2, SHORT).await.unwrap().is_empty());
    for job in jobs {
        assert_eq!(job.deliveries(), 1);
        job.ack().await.unwrap();
    }
}

#[tokio::test]
async fn an_existing_consumer_is_compared_and_changed_where_that_is_possible() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    spawn_stream(&client).await;
    client.work_queue(config()).await.unwrap();
    client.work_queue(config()).await.unwrap();
    client.work_queue(QueueConfig { max_deliver: Some(5), ..config() }).await.unwrap();
    let refused = client.work_queue(QueueConfig { from_start: false, ..config() }).await.unwrap_err();
    assert!(matches!(&refused, QueueError::Mismatch { differences, .. } if differences.contains("deliver_policy")));
}

#[tokio::test]
async fn a_queue_is_worked_through_a_restart_of_the_broker() {
    let mut server = Server::start(OPEN);
    let client = server.client().await;
    spawn_stream(&client).await;
    fill(&client, "spawn.a", 20).await;
    let mut queue = client.work_queue(config()).await.unwrap();
    let mut done = Vec::new();
    while done.len() < 20 {
        if done.len() == 10 {
            server.bounce(&[&client]).await;
        }
        for job in queue.fetch(5, LONG).await.unwrap() {
            let number = number(&job);
            if job.ack().await.is_ok() {
                done.push(number);
            }
        }
    }
    done.sort_unstable();
    done.dedup();
    assert_eq!(done.len(), 20);
}

#[tokio::test]
async fn one_process_at_a_time_works_in_order_and_another_takes_over() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    spawn_stream(&client).await;
    for body in ["0", "1", "2", "3", "4", "5", "6", "7"] {
        client.append("spawn.a", Bytes::from(body), &Headers::new(), None, ACK).await.unwrap();
    }
    let config = QueueConfig { order: Order::Single { pin_ttl: Duration::from_secs(1), at_once: 1 }, ..config() };
    let mut first = server.client().await.work_queue(config.clone()).await.unwrap();
    let mut second = server.client().await.work_queue(config).await.unwrap();
    for expected in 0..3 {
        let job = one(&mut first).await;
        assert_eq!(number(&job), expected);
        assert!(second.fetch(1, Duration::from_millis(50)).await.unwrap().is_empty(), "the first holds the pin");
        job.ack().await.unwrap();
    }
    // The first stops in the middle of a job: the second gets that one first.
    let abandoned = one(&mut first).await;
    assert_eq!(number(&abandoned), 3);
    for expected in 3..6 {
        let job = one(&mut second).await;
        assert_eq!(number(&job), expected);
        job.ack().await.unwrap();
    }
    // The old one is told, and waits its turn.
    assert!(first.fetch(1, Duration::from_millis(50)).await.unwrap().is_empty());
    drop(second);
    for expected in 6..8 {
        let job = one(&mut first).await;
        assert_eq!(number(&job), expected);
        job.ack().await.unwrap();
    }
}

#[tokio::test]
async fn in_batches_several_jobs_are_out_and_what_is_not_settled_goes_to_the_next() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    spawn_stream(&client).await;
    for body in 0..8 {
        client.append("spawn.a", Bytes::from(body.to_string()), &Headers::new(), None, ACK).await.unwrap();
    }
    let order = Order::Single { pin_ttl: Duration::from_secs(1), at_once: 6 };
    let config = QueueConfig { order, ..config() };
    let mut first = server.client().await.work_queue(config.clone()).await.unwrap();
    let mut second = server.client().await.work_queue(config).await.unwrap();
    let jobs = several(&mut first, 5).await;
    assert_eq!(jobs.iter().map(number).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(second.fetch(6, Duration::from_millis(50)).await.unwrap().is_empty(), "the first holds the pin");
    // Three of them are done; the two others are left as they are, and more come until six are out.
    for job in jobs.into_iter().take(3) {
        job.ack_unconfirmed().await.unwrap();
    }
    assert_eq!(several(&mut first, 3).await.iter().map(number).collect::<Vec<_>>(), [5, 6, 7]);
    drop(first);
    // Another takes over and gets everything that was not settled.
    let again = several(&mut second, 5).await;
    let mut numbers: Vec<_> = again.iter().map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [3, 4, 5, 6, 7]);
    for job in again {
        job.ack_unconfirmed().await.unwrap();
    }
    assert!(second.fetch(6, Duration::from_millis(1500)).await.unwrap().is_empty(), "all are settled");
    assert_eq!(client.stream_info("SPAWN").await.unwrap().messages, 0);
}

/// So many jobs, however many fetches it takes.
async fn several(queue: &mut WorkQueue, count: usize) -> Vec<Job> {
    let mut jobs = Vec::new();
    let end = tokio::time::Instant::now() + Duration::from_secs(10);
    while jobs.len() < count {
        assert!(tokio::time::Instant::now() < end, "only {} of {count} came", jobs.len());
        jobs.extend(queue.fetch(count - jobs.len(), Duration::from_millis(500)).await.unwrap());
    }
    jobs
}
