//! Examples as people run them.

use std::path::Path;
use std::process::Output;

use tokio::process::Command;
use tokio::time::timeout;
use xmpp_proto::modules::roster::{Roster, RosterItem};
use xmpp_runtime_tokio::{Event, TlsMode, connect_with};

use crate::Town;
use crate::session::{PATIENCE, account};
use crate::support::Server;
use crate::support::dir::TempDir;
use crate::support::process::example;

/// Runs it as Alice, in a directory.
async fn run(town: &Town, name: &str, dir: &Path) -> String {
    let mut command = Command::new(example(name));
    command.current_dir(dir).env("XMPP_PASSWORD", "secret").env("XMPP_CA_FILE", town.ca_file());
    command.env("XMPP_PORT", town.address().port().to_string()).kill_on_drop(true);
    let Output { status, stdout, stderr } =
        timeout(PATIENCE, command.output()).await.expect("in time").expect("it runs");
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("UTF-8")
}

#[tokio::test]
async fn the_thermometer_asks_itself() {
    let (town, dir) = (Town::start().await, TempDir::new());
    let said = run(&town, "custom_module", dir.path()).await;
    assert!(said.contains("\n21.5 \u{b0}C\n"), "{said}");
    let module = include_str!("../../examples/custom_module.rs");
    assert!(module.lines().count() < 80, "it is promised to be short");
}

#[tokio::test]
async fn the_file_saves_fetching_a_roster_again() {
    let (town, dir) = (Town::start().await, TempDir::new());
    let config = account(&town, "alice", "secret", TlsMode::Direct);
    let (client, mut events, driver) = connect_with(config, Roster::default()).unwrap();
    tokio::spawn(driver);
    while !matches!(timeout(PATIENCE, events.next()).await, Ok(Some(Event::Online { .. }))) {}
    let bob = RosterItem::new("bob@localhost".parse::<xmpp_proto::jid::BareJid>().unwrap())
        .with_name("Bob \"the\" builder")
        .with_group("Friends");
    client.ask(move |roster, cx| roster.set(cx, &bob)).await.unwrap();

    let first = run(&town, "json_roster", dir.path()).await;
    assert!(first.starts_with("the file was out of date\nbob@localhost\n"), "{first}");
    let second = run(&town, "json_roster", dir.path()).await;
    assert!(second.starts_with("the file was right\nbob@localhost\n"), "{second}");
}
