//! The store fails under the daemon: a database that is cut off, a disk that is full. It says so, loses nothing, and goes on by itself.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "a proxy of blocking sockets needs threads")]

#[path = "support/postgres.rs"]
mod postgres;
mod support;

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use postgres::Postgres;
use support::daemon::Place;
use support::shop::{GROUP, Shop};

/// Hands connections through to a server, or cuts them.
struct Proxy {
    port: u16,
    /// `None`: cut.
    open: Arc<Mutex<Option<Vec<TcpStream>>>>,
}

impl Proxy {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = Arc::new(Mutex::new(Some(Vec::new())));
        let streams = Arc::clone(&open);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if let Some(open) = streams.lock().unwrap().as_mut() {
                    let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                    for (mut from, mut to) in [
                        (client.try_clone().unwrap(), server.try_clone().unwrap()),
                        (server.try_clone().unwrap(), client.try_clone().unwrap()),
                    ] {
                        std::thread::spawn(move || io::copy(&mut from, &mut to));
                    }
                    open.extend([client, server]);
                }
            }
        });
        Self { port, open }
    }

    fn cut(&self) {
        for stream in self.open.lock().unwrap().take().into_iter().flatten() {
            // It may be gone already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        *self.open.lock().unwrap() = Some(Vec::new());
    }
}

/// What people do while the store fails is told when it is back.
fn fails_and_comes_back(shop: &Shop, fail: impl Fn(u32), mend: impl Fn(u32)) {
    let place = &shop.place;
    let daemon = place.start();
    place.until_swept();
    assert!(place.get("/readyz").unwrap().contains("store: ok"));

    fail(daemon.id());
    shop.people("open");
    let told = place.until("it says so", || place.get("/readyz").filter(|answer| answer.starts_with("HTTP/1.1 503")));
    assert!(told.contains("store: ") && !told.contains("store: ok"), "{told}");
    assert!(place.get("/healthz").unwrap().starts_with("HTTP/1.1 200"), "it lives: a restart would help nobody");

    mend(daemon.id());
    let opened = place.until_is(GROUP, "open");
    assert_eq!(opened["finding"]["attribution"]["actor"]["name"], "mallory", "{opened:#}");
    place.until("it is ready again", || place.get("/readyz").filter(|answer| answer.starts_with("HTTP/1.1 200")));
    shop.people("close");
    place.until_is(GROUP, "resolved");
    assert_eq!(daemon.stop(), 0);
    assert!(!place.log().contains("panicked"), "{}", place.log());
}

#[test]
fn a_database_that_is_cut_off() {
    let Some(server) = Postgres::shared() else { return };
    let address = server.database();
    let (before, rest) = address.split_once("127.0.0.1:").unwrap();
    let (port, name) = rest.split_once('/').unwrap();
    let proxy = Proxy::to(port.parse().unwrap());
    let mut shop = Shop::new();
    let text = shop.config().replace("store: {path: driftd.db}", "store: {url: {env: DATABASE_URL}}");
    let through = format!("{before}127.0.0.1:{}/{name}", proxy.port);
    shop.place = Place::new(&shop.world.moto, &text).with("DATABASE_URL", &through);
    fails_and_comes_back(&shop, |_| proxy.cut(), |_| proxy.mend());
}

/// Files that may not grow are to SQLite what a full disk is.
#[test]
fn a_disk_that_is_full() {
    let shop = Shop::new();
    let limit = |id: u32, size: &str| {
        let done = Command::new("prlimit").args(["--pid", &id.to_string(), &format!("--fsize={size}:")]).status();
        assert!(done.expect("prlimit, of util-linux").success());
    };
    fails_and_comes_back(&shop, |id| limit(id, "4096"), |id| limit(id, "unlimited"));
}
