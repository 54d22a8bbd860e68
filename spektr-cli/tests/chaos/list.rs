//! The sender's list of events on a socket, page by page.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// The list. Clones share the same events.
#[derive(Clone)]
pub(crate) struct List {
    pub(crate) url: String,
    /// The events in the order of creation, each with its creation time.
    events: Arc<Mutex<Vec<(u128, String)>>>,
}

/// The apparent age of new events, a day. A verification leaves out events of the last minutes.
const AGE: u128 = 24 * 3600 * 1000;

impl List {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let list = Self { url, events: Arc::default() };
        let shown = list.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shown.answer(&stream);
            }
        });
        list
    }

    /// Makes an event of a customer, with a later time than all other events.
    pub(crate) fn create(&self, id: &str, customer: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let mut events = self.events.lock().expect("nobody panics");
        let at = events.last().map_or(now - AGE, |(last, _)| (now - AGE).max(last + 1));
        let event = format!(
            r#"{{"id":"{id}","spektrId":"{customer}","type":"customer_tag_add","createdAt":{at},"data":{{"tagId":"t","action":"add","userId":null,"processId":null}}}}"#
        );
        events.push((at, event.clone()));
        event
    }

    fn answer(&self, stream: &TcpStream) {
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let request = lines.next().unwrap_or_default();
        lines.take_while(|line| !line.is_empty()).for_each(drop);
        let number = |name: &str| {
            let mut pairs = request.split(['?', '&', ' ']).filter_map(|pair| pair.split_once('='));
            pairs.find_map(|(key, value)| (key == name).then(|| value.parse::<u128>().ok())?)
        };
        let events = self.events.lock().expect("nobody panics");
        let place = |at: u128| events.partition_point(|(other, _)| *other <= at);
        let end = number("createdBefore").map_or(events.len(), place);
        let found = &events[number("createdAfter").map_or(0, place).min(end)..end];
        let mut found: Vec<_> = found.iter().map(|(_, event)| event.as_str()).collect();
        if request.contains("sortOrder=desc") {
            found.reverse();
        }
        let number = |name| number(name).and_then(|number| usize::try_from(number).ok());
        let (page, limit) = (number("page").unwrap_or(1), number("limit").unwrap_or(10));
        let shown: Vec<_> = found.iter().skip((page - 1) * limit).take(limit).copied().collect();
        let (total, has_next) = (found.len(), page * limit < found.len());
        let body = format!(
            r#"{{"results":[{}],"totalResults":{total},"hasNextPage":{has_next}}}"#,
            shown.join(",")
        );
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
        let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        // The client may have ended already.
        let _gone = (&mut &*stream).write_all(answer.as_bytes());
    }
}
