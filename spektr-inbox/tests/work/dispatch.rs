//! Tests which function gets an event: by its type, unknown events, and malformed entries.

use spektr_inbox::operate::replay;
use spektr_inbox::store::{Filter, State};
use spektr_inbox::{Clock as _, HandlerError, Malformed, Received, Router};
use spektr_types::{AlertResolved, CustomerTagAdded, catalogue};

use crate::support::{Inbox, ada, tag};
use crate::{SECOND, Seen, only, workers};

#[tokio::test]
async fn what_cannot_be_decoded_or_is_not_known_is_parked() {
    let inbox = Inbox::new();
    let malformed = tag("e1").replace(r#""tagId":"t""#, r#""tagId":{"marker":1}"#);
    let unknown = r#"{"id":"e2","type":"never_documented"}"#.to_owned();
    inbox.fill(&[malformed, unknown, "17".to_owned()]).await;
    let handler = |_: Received| async { Err(HandlerError::permanent("not for a handler")) };
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 3);
    let found: Vec<_> =
        inbox.all().await.into_iter().map(|one| (one.state, one.reason.unwrap())).collect();
    let expected = [
        (State::Malformed, "malformed entry: /data/tagId is object, expected string"),
        (State::Unknown, "the wire type is not known"),
        (State::Malformed, "malformed entry: the entry is integer, expected object"),
    ];
    assert_eq!(found, expected.map(|(state, reason)| (state, reason.to_owned())));
}

#[tokio::test]
async fn what_cannot_be_decoded_is_handled_by_a_function_if_there_is_one() {
    let inbox = Inbox::new();
    let malformed = tag("e1").replace(r#""tagId":"t""#, r#""tagId":{"marker":1}"#);
    inbox.fill(&[malformed.clone(), tag("e2"), "17".to_owned()]).await;
    let handler = |_: Received| async { Ok(()) };
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 3);
    let states = async || inbox.all().await.iter().map(|entry| entry.state).collect::<Vec<_>>();
    assert_eq!(states().await, [State::Malformed, State::Done, State::Malformed]);

    let now = inbox.clock.now();
    let filter = Filter::state(State::Malformed);
    assert_eq!(replay(&*inbox.store, &ada(), &filter, now, |_| {}).await.unwrap(), 2);
    let seen = Seen::default();
    let run = async |fails: bool| {
        let seen = seen.clone();
        let function = move |received: Received<Malformed>| {
            let entry = received.event();
            let (id, wire_type) = (entry.event_id(), entry.wire_type());
            let (raw, reason) = (received.raw(), entry.reason());
            let line = format!("{} {id:?} {wire_type:?} {raw} {reason}", received.attempt());
            seen.0.lock().unwrap().push(line);
            async move { if fails { Err(HandlerError::retry("not yet")) } else { Ok(()) } }
        };
        workers(&inbox, handler).with_malformed(function).run_due().await.unwrap()
    };
    assert_eq!(run(true).await, 2);
    assert_eq!(states().await, [State::Pending, State::Done, State::Pending]);
    inbox.clock.advance(20 * SECOND);
    assert_eq!(run(false).await, 2);
    assert_eq!(states().await, [State::Done; 3]);
    let one = format!(
        r#"Some("e1") Some("customer_tag_add") {malformed} malformed entry: /data/tagId is object, expected string"#
    );
    let other = "None None 17 malformed entry: the entry is integer, expected object";
    let attempts = [1, 2].map(|attempt| [&one[..], other].map(|line| format!("{attempt} {line}")));
    let mut lines = seen.take();
    // The order of the retries varies, because a random part shortens their pauses.
    lines[2..].sort_by_key(|line| !line.contains("e1"));
    assert_eq!(lines, attempts.concat());
}

#[tokio::test]
async fn a_handler_is_tested_with_what_a_worker_would_give_it() {
    let inbox = Inbox::new();
    inbox.fill(&[tag("e1")]).await;
    let handler = |received: Received| async move {
        let made = Received::for_test(received.raw()).unwrap();
        let made = made.with_source("test").with_number(received.number());
        assert_eq!((made.event(), made.raw()), (received.event(), received.raw()));
        let facts = |one: &Received| (one.number(), one.attempt(), one.received_at());
        assert_eq!((facts(&made), made.is_conflict()), (facts(&received), false));
        assert_eq!(made.source(), received.source());
        Ok(())
    };
    assert_eq!(workers(&inbox, handler).run_due().await.unwrap(), 1);
    assert_eq!(only(&inbox).await.state, State::Done);

    let again = Received::<CustomerTagAdded>::for_test(&tag("e1")).unwrap().with_attempt(3);
    again.clone().set_status(503);
    assert_eq!((again.attempt(), again.told_status()), (3, Some(503)));
    let other = Received::<AlertResolved>::for_test(&tag("e1")).unwrap_err();
    assert_eq!(other.to_string(), "the JSON is another event");
    let malformed = tag("e1").replace(r#""tagId":"t""#, r#""tagId":null"#);
    let error = Received::<CustomerTagAdded>::for_test(&malformed).unwrap_err();
    assert_eq!(error.to_string(), "malformed entry: /data/tagId is null, expected string");
    let malformed = Received::malformed_for_test(&malformed).unwrap();
    assert_eq!(malformed.event().event_id(), Some("e1"));
    let error = Received::malformed_for_test(&tag("e1")).unwrap_err();
    assert_eq!(error.to_string(), "the JSON can be decoded");
}

#[tokio::test]
async fn a_router_gives_each_event_to_its_function_and_all_others_to_the_fallback() {
    let step = r#"{"id":"e2","spektrId":"s1","type":"step_init","createdAt":1700000000000}"#;
    let unknown = r#"{"id":"e3","type":"never_documented"}"#;
    for (wanted, state) in
        [(None, State::Done), (Some(true), State::Done), (Some(false), State::Unknown)]
    {
        let inbox = Inbox::new();
        inbox.fill(&[tag("e1"), step.to_owned(), unknown.to_owned()]).await;
        let seen = Seen::default();
        let (by_function, by_fallback) = (seen.clone(), seen.clone());
        let router = Router::new(move |received: Received| {
            by_fallback.note("fallback", received.number(), received.event().id());
            async { Ok(()) }
        })
        .on(move |received: Received<CustomerTagAdded>| {
            assert_eq!(received.raw(), tag("e1"));
            by_function.note("tag", received.number(), Some(&received.event().id));
            async { Ok(()) }
        });
        let names: Vec<_> = router.unhandled().map(|info| info.name()).collect();
        assert_eq!(names.len(), catalogue().len() - 1);
        assert!(!names.contains(&"CUSTOMER_TAG_ADDED"), "{names:?}");

        let workers = workers(&inbox, router);
        let workers = match wanted {
            Some(wanted) => workers.with_unknown_events(wanted),
            None => workers,
        };
        workers.run_due().await.unwrap();
        let mut found = seen.take();
        found.sort_unstable();
        let mut expected = vec!["fallback 2 e2", "tag 1 e1"];
        if state == State::Done {
            expected.insert(1, "fallback 3 e3");
        }
        assert_eq!(found, expected);
        let states: Vec<_> = inbox.all().await.iter().map(|entry| entry.state).collect();
        assert_eq!(states, [State::Done, State::Done, state]);
    }
}

#[tokio::test]
async fn a_handler_may_ask_for_unknown_events() {
    let inbox = Inbox::new();
    inbox.fill(&[r#"{"id":"e2","type":"never_documented"}"#.to_owned()]).await;
    let handler = |received: Received| async move {
        assert_eq!(received.event().event_type().as_str(), "never_documented");
        Ok(())
    };
    let workers = workers(&inbox, handler).with_unknown_events(true);
    assert_eq!(workers.run_due().await.unwrap(), 1);
    assert_eq!(only(&inbox).await.state, State::Done);
}
