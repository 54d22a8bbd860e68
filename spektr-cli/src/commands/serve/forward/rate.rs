//! Limits the number of posts a second.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Spaces posts evenly. The rate applies to this process only.
pub(super) struct Rate {
    pause: Duration,
    /// When the next post may be made.
    next: Mutex<Option<Instant>>,
}

impl Rate {
    /// Takes a number of posts a second, at least 1.
    pub(super) fn new(posts: u32) -> Self {
        Self { pause: Duration::from_secs(1) / posts.max(1), next: Mutex::default() }
    }

    /// Waits until another post may be made.
    pub(super) async fn wait(&self) {
        sleep_until(self.place(Instant::now())).await;
    }

    /// Reserves the next free time, and returns it.
    fn place(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let place = next.map_or(now, |next| next.max(now));
        *next = Some(place + self.pause);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_a_pause_apart_and_none_is_saved_up() {
        let rate = Rate::new(10);
        let now = Instant::now();
        let after = |millis| now + Duration::from_millis(millis);
        assert_eq!(
            [0, 0, 50, 50].map(|millis| rate.place(after(millis))),
            [0, 100, 200, 300].map(after)
        );
        assert_eq!([5000, 5000].map(|millis| rate.place(after(millis))), [5000, 5100].map(after));
    }
}
