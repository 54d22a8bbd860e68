//! A receiver with prepared answers, which keeps each request byte for byte.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use crate::support::{PATIENCE, respond};

/// Answers one request after the other, each on its own connection.
pub(crate) struct Receiver {
    pub(crate) url: String,
    answered: Arc<(Mutex<usize>, Condvar)>,
    thread: JoinHandle<Vec<Received>>,
}

/// A received request.
pub(crate) struct Received {
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Receiver {
    /// Answers one request with each answer, for example `200 OK`.
    pub(crate) fn start(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let answered = Arc::<(Mutex<usize>, Condvar)>::default();
        let counted = Arc::clone(&answered);
        let thread = std::thread::spawn(move || {
            let answer = |answer: &&str| {
                let (stream, _) = listener.accept().expect("a connection");
                let (headers, body) = respond(stream, answer);
                *counted.0.lock().expect("is counted") += 1;
                counted.1.notify_all();
                Received { headers, body }
            };
            answers.iter().map(answer).collect()
        });
        Self { url, answered, thread }
    }

    /// Waits until a number of requests have been answered.
    pub(crate) fn waits_for(&self, number: usize) {
        let (answered, changed) = &*self.answered;
        let answered = answered.lock().expect("is counted");
        let waited = changed.wait_timeout_while(answered, PATIENCE, |count| *count < number);
        let (answered, _) = waited.expect("is counted");
        assert!(*answered >= number, "{} of {number} requests have come", *answered);
    }

    /// Returns the received requests.
    pub(crate) fn finish(self) -> Vec<Received> {
        self.thread.join().expect("does not panic")
    }
}
