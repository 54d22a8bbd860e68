//! The sender's list of events on a socket, with a single page.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::support::read_request;

/// Answers every request with the same page, until the process ends.
pub(crate) struct List {
    pub(crate) url: String,
    page: Arc<Mutex<String>>,
}

impl List {
    /// Lists events, the oldest first.
    pub(crate) fn start(events: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let page = Arc::new(Mutex::new(page(events)));
        let shown = Arc::clone(&page);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // The client may have ended already.
                let _request = read_request(BufReader::new(&stream));
                let page = shown.lock().expect("nobody panics").clone();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{page}", page.len());
                let _gone = (&stream).write_all(answer.as_bytes());
            }
        });
        Self { url, page }
    }

    /// Lists other events from now on.
    pub(crate) fn show(&self, events: &[String]) {
        self.say(&page(events));
    }

    /// Answers with this text from now on.
    pub(crate) fn say(&self, text: &str) {
        text.clone_into(&mut self.page.lock().expect("nobody panics"));
    }
}

fn page(events: &[String]) -> String {
    let total = events.len();
    format!(
        r#"{{"results":[{}],"totalResults":{total},"page":1,"totalPages":1,"hasNextPage":false}}"#,
        events.join(",")
    )
}
