//! A receiver with prepared answers, which keeps each request byte for byte.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

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
                let received = serve(&listener, answer);
                *counted.0.lock().expect("is counted") += 1;
                counted.1.notify_all();
                received
            };
            answers.iter().map(answer).collect()
        });
        Self { url, answered, thread }
    }

    /// Waits until a number of requests have been answered.
    pub(crate) fn waits_for(&self, number: usize) {
        let (answered, changed) = &*self.answered;
        let answered = answered.lock().expect("is counted");
        drop(changed.wait_while(answered, |answered| *answered < number).expect("is counted"));
    }

    /// Returns the received requests.
    pub(crate) fn finish(self) -> Vec<Received> {
        self.thread.join().expect("does not panic")
    }
}

fn serve(listener: &TcpListener, answer: &str) -> Received {
    let (stream, _) = listener.accept().expect("a connection");
    let mut reader = BufReader::new(&stream);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        headers.push(line);
    }
    let length = headers.iter().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
    reader.read_exact(&mut body).expect("the body");
    let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    (&stream).write_all(answer.as_bytes()).expect("the answer");
    Received { headers, body }
}
