//! What is told, to whom, in which order, and what is kept.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::Receiver;

use chrono::TimeDelta;

use super::*;
use crate::gate::spool::MOST;
use crate::test_server::{http, nobody, request, serving};

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("slo-spool-{}-{number}", std::process::id())))
    }

    fn spool(&self) -> Spool {
        Spool::new(&self.0)
    }

    fn left(&self) -> Vec<Notice> {
        let entries = self.spool().entries().unwrap();
        entries.into_iter().filter_map(|entry| entry.notice).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(number: i64) -> Notice {
    Notice {
        run: format!("run-{number}"),
        decided_at: Notice::example().decided_at + TimeDelta::minutes(number),
        ..Notice::example()
    }
}

fn sinks() -> Sinks {
    Sinks::within(Duration::from_secs(300))
}

fn webhook(url: &str) -> Sinks {
    sinks().webhook(Some(url.to_owned()))
}

fn told(number: i64, sinks: &Sinks, folder: &Folder) -> Vec<String> {
    let notice = run(number);
    let now = notice.decided_at;
    tell(notice, sinks, Some(&folder.spool()), now)
}

/// The runs that a server heard of, in order.
fn runs(heard: &Receiver<String>) -> Vec<String> {
    let run = |request: String| {
        let rest = request.split_once(r#""run":""#).map(|(_, rest)| rest.to_owned());
        rest.and_then(|rest| rest.split('"').next().map(ToOwned::to_owned))
            .unwrap_or(request)
    };
    heard.try_iter().map(run).collect()
}

fn ok(times: usize) -> Vec<Vec<u8>> {
    vec![http("200 OK", "", ""); times]
}

#[test]
fn what_is_told_leaves_nothing_behind() {
    let folder = Folder::new();
    let (url, heard) = serving(ok(1));
    assert_eq!(told(1, &webhook(&url), &folder), Vec::<String>::new());
    assert_eq!((runs(&heard), folder.left()), (vec!["run-1".to_owned()], vec![]));
}

#[test]
fn the_oldest_is_told_first_and_this_run_last() {
    let folder = Folder::new();
    let gone = webhook(&nobody());
    for number in [10, 2, 9] {
        assert!(told(number, &gone, &folder)[0].starts_with("NOT ANNOUNCED: webhook: "));
    }
    let (url, heard) = serving(ok(4));
    assert_eq!(told(11, &webhook(&url), &folder), Vec::<String>::new());
    assert_eq!(runs(&heard), ["run-2", "run-9", "run-10", "run-11"]);
    assert_eq!(folder.left(), []);
}

#[test]
fn who_does_not_answer_is_asked_once_and_nobody_overtakes() {
    let folder = Folder::new();
    told(1, &webhook(&nobody()), &folder);
    let (url, heard) = serving(vec![http("503 Service Unavailable", "", ""), http("200 OK", "", "")]);
    assert_eq!(
        told(2, &webhook(&url), &folder),
        [
            "NOT ANNOUNCED: webhook: it answered with status 503",
            "2 in the spool wait for the next run with --webhook"
        ]
    );
    assert_eq!(runs(&heard), ["run-1"]);
    assert_eq!(folder.left().len(), 2);
}

#[test]
fn it_is_on_the_disk_before_anybody_is_told() {
    let folder = Folder::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (seen, when_told) = std::sync::mpsc::channel();
    let spool = folder.spool();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        request(&mut stream);
        // A run that is ended here leaves this behind.
        seen.send(spool.entries().unwrap().len()).unwrap();
        std::io::Write::write_all(&mut stream, &http("200 OK", "", "")).unwrap();
    });
    assert_eq!(told(1, &webhook(&url), &folder), Vec::<String>::new());
    assert_eq!((when_told.recv().unwrap(), folder.left().len()), (1, 0));
}

#[test]
fn whoever_was_told_is_not_told_again() {
    let folder = Folder::new();
    let (alertmanager, heard) = serving(ok(1));
    let sinks = webhook(&nobody()).alertmanager(Some(alertmanager));
    assert_eq!(told(1, &sinks, &folder).len(), 2);
    assert!(heard.try_iter().next().unwrap().starts_with("POST /api/v2/alerts"));
    assert_eq!(folder.left()[0].to_tell, [Kind::Webhook]);
}

#[test]
fn what_is_refused_for_good_is_said_and_does_not_block_the_rest() {
    let folder = Folder::new();
    told(1, &webhook(&nobody()), &folder);
    let (url, _heard) = serving(vec![http("400 Bad Request", "", ""), http("200 OK", "", "")]);
    assert_eq!(
        told(2, &webhook(&url), &folder),
        ["NOT ANNOUNCED, and not tried again: webhook: it answered with status 400"]
    );
    assert_eq!(folder.left(), []);
}

#[test]
fn a_redirect_is_not_followed_with_what_may_be_a_secret() {
    let (elsewhere, heard) = serving(ok(1));
    let moved = http("307 Temporary Redirect", &format!("location: {elsewhere}/\r\n"), "");
    let said = tell(run(1), &webhook(&serving(vec![moved]).0), None, run(1).decided_at);
    assert_eq!(said[0], "NOT ANNOUNCED: webhook: it answered with status 307");
    assert_eq!(heard.try_iter().count(), 0);
}

#[test]
fn what_waits_for_somebody_else_keeps_waiting() {
    let folder = Folder::new();
    told(1, &webhook(&nobody()), &folder);
    let quiet = Notice {
        announcement: None,
        ..run(2)
    };
    let (url, heard) = serving(ok(1));
    let others = sinks().alertmanager(Some(url));
    let said = tell(quiet, &others, Some(&folder.spool()), run(2).decided_at);
    assert_eq!(said, ["1 in the spool wait for the next run with --webhook"]);
    assert_eq!((heard.try_iter().count(), folder.left().len()), (0, 1));
}

#[test]
fn without_a_spool_it_is_told_at_once_and_what_fails_is_said() {
    let (url, heard) = serving(ok(1));
    assert_eq!(
        tell(run(1), &webhook(&url), None, run(1).decided_at),
        Vec::<String>::new()
    );
    assert_eq!(runs(&heard), ["run-1"]);
    let said = tell(run(1), &webhook(&nobody()), None, run(1).decided_at);
    assert!(
        said[0].starts_with("NOT ANNOUNCED: webhook: ") && said[1].contains("give --spool"),
        "{said:?}"
    );
}

#[test]
fn a_spool_that_cannot_be_written_keeps_nobody_from_being_told() {
    let folder = Folder::new();
    fs::write(&folder.0, "a file in its place").unwrap();
    let (url, heard) = serving(ok(1));
    let said = told(1, &webhook(&url), &folder);
    assert!(said[0].starts_with("NOT SPOOLED: "), "{said:?}");
    assert_eq!(runs(&heard), ["run-1"]);
    fs::remove_file(&folder.0).unwrap();
}

#[test]
fn a_spool_has_an_end_and_what_finds_no_place_is_told_all_the_same() {
    let folder = Folder::new();
    for number in 0..i64::try_from(MOST).unwrap() {
        folder.spool().put(&run(number)).unwrap();
    }
    let said = told(9_999, &webhook(&nobody()), &folder);
    assert_eq!(
        said[0],
        "NOT SPOOLED: 256 wait in it already; see why nobody can be told"
    );
    assert_eq!(folder.left().len(), MOST);
    let all = webhook(&serving(ok(2 * MOST)).0);
    assert_eq!(told(9_999, &all, &folder).len(), 2); // the Alertmanager and the collector that nobody gave
}

#[test]
fn half_a_file_is_nobodys_notice() {
    let folder = Folder::new();
    told(1, &webhook(&nobody()), &folder);
    let name = "01767225660250000000-run-1.json";
    let whole = fs::read(folder.0.join(name)).unwrap();
    // A run that was ended while it wrote leaves the one, a disk that lies the other.
    fs::write(folder.0.join(format!("{name}.unfinished")), &whole[..10]).unwrap();
    fs::write(folder.0.join("01767225660250000000-run-0.json"), &whole[..10]).unwrap();
    let (url, heard) = serving(ok(2));
    let said = told(2, &webhook(&url), &folder);
    assert_eq!(
        said,
        ["`01767225660250000000-run-0.json` in the spool is no notice of ours; look at it and remove it"]
    );
    assert_eq!(runs(&heard), ["run-1", "run-2"]);
}

#[test]
fn while_another_run_tells_this_one_leaves_its_own_behind() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    let held = folder.spool().lock(Duration::ZERO).unwrap();
    let (url, heard) = serving(ok(2));
    let hasty = Sinks::within(Duration::ZERO).webhook(Some(url.clone()));
    assert_eq!(
        told(1, &hasty, &folder),
        ["left in the spool: another run has been telling for 0s"]
    );
    drop(held);
    assert_eq!(told(2, &webhook(&url), &folder), Vec::<String>::new());
    assert_eq!(runs(&heard), ["run-1", "run-2"]);
}

#[test]
fn no_address_is_kept_or_shown() {
    let folder = Folder::new();
    let secret = nobody().replace("http://", "http://ana:hush@") + "/hush?token=hush";
    let sinks = webhook(&secret).alertmanager(Some("hush hush".to_owned()));
    let said = told(1, &sinks, &folder).join("\n");
    let kept = fs::read_to_string(folder.0.join("01767225660250000000-run-1.json")).unwrap();
    assert!(said.contains("NOT ANNOUNCED") && !said.contains("hush"), "{said}");
    assert!(!kept.contains("hush"), "{kept}");
}

#[test]
fn telling_all_of_them_has_one_deadline() {
    let now = run(1).decided_at;
    let over = sinks();
    let mut telling = Telling::new(&over, now);
    assert!(telling.left() > Duration::from_secs(60));
    telling.until = Instant::now();
    assert_eq!(
        telling.left(),
        Duration::from_millis(1),
        "a timeout of zero would be none"
    );
    // Whoever answers after the time is over, and within that of one.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let late = webhook(&format!("http://{}", listener.local_addr().unwrap()));
    let (told, end) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = end.recv_timeout(Duration::from_secs(3));
        request(&mut stream);
        let _ = std::io::Write::write_all(&mut stream, &http("200 OK", "", ""));
    });
    let mut telling = Telling::new(&late, now);
    telling.until = Instant::now();
    let mut notice = run(1);
    telling.tell(&mut notice);
    drop(told);
    assert!(notice.to_tell.contains(&Kind::Webhook));
    assert_eq!(
        telling.into_complaints(),
        ["NOT ANNOUNCED: webhook: it did not answer in time"]
    );
}
