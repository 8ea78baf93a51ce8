//! The daemon over a real listener.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::{Branch, RunError, Settings, run};
use crate::counter::SessionLimits;
use crate::testing::{HubDouble, Shop};

#[tokio::test]
async fn it_serves_ends_when_asked_and_lets_go_of_its_files() {
    let hub = HubDouble::start().await;
    let mut shop = Shop::open(&hub, "Chur", "CH").await;
    shop.stop().await;
    let address_file = shop.data().join("address");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (ready, is_ready) = oneshot::channel();
    let (end, is_asked) = oneshot::channel::<()>();
    let branch = Branch::open(shop.settings()).await.expect("it opens");
    let data = shop.data().to_owned();
    let running = tokio::spawn(async move {
        let announce = |address| ready.send(address).expect("awaited");
        let asked = async {
            let _ = is_asked.await;
        };
        branch.serve(&data, listener, announce, asked).await
    });
    let address = is_ready.await.expect("it serves");
    let noted = std::fs::read_to_string(&address_file).expect("noted");
    assert_eq!(noted, format!("http://{address}"));

    // A browser that keeps its connection must not keep the daemon.
    let mut browser = TcpStream::connect(address).await.expect("it listens");
    let request = b"GET /healthz HTTP/1.1\r\nhost: branch\r\n\r\n";
    browser.write_all(request).await.expect("sent");
    let mut answer = [0; 15];
    browser.read_exact(&mut answer).await.expect("answered");
    assert_eq!(&answer, b"HTTP/1.1 200 OK");

    end.send(()).expect("it runs");
    running.await.expect("no panic").expect("in order");
    assert!(!address_file.exists());
    shop.start().await;
}

#[tokio::test]
async fn a_machine_that_has_not_joined_is_told_how() {
    let home = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let settings = Settings {
        data: home.path().join("nothing"),
        hub: None,
        sessions: SessionLimits::default(),
        clock: crate::clock::Clock::of_this_machine(),
    };
    let refused = run(settings, listener, std::future::pending()).await;
    let error = refused.expect_err("it has no branch");
    assert!(matches!(error, RunError::NotJoined(_)));
    assert!(error.to_string().contains("offpiste-branch join"));
}
