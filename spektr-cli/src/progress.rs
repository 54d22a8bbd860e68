//! Shows the progress of a long run in a line on standard error, if that is a terminal.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

pub(crate) struct Progress {
    /// `None` if the total is unknown.
    total: Option<u64>,
    done: u64,
    begun: Instant,
    shown: Option<Instant>,
    is_on: bool,
}

impl Progress {
    /// Short runs show nothing, because nobody can read a bar that only flashes.
    const PATIENCE: Duration = Duration::from_millis(500);
    const BETWEEN: Duration = Duration::from_millis(100);

    pub(crate) fn new(total: usize) -> Self {
        Self { total: u64::try_from(total).ok(), ..Self::counting() }
    }

    /// Counts steps if the total is unknown.
    pub(crate) fn counting() -> Self {
        let is_on = std::io::stderr().is_terminal();
        Self { total: None, done: 0, begun: Instant::now(), shown: None, is_on }
    }

    pub(crate) fn step(&mut self) {
        self.at(self.done + 1);
    }

    /// Sets the number of steps that are done.
    pub(crate) fn at(&mut self, done: u64) {
        self.done = done;
        let is_due = match self.shown {
            Some(shown) => shown.elapsed() >= Self::BETWEEN,
            None => self.begun.elapsed() >= Self::PATIENCE,
        };
        if self.is_on && is_due {
            self.shown = Some(Instant::now());
            let text = match self.total {
                Some(total) => bar(self.done, total),
                None => format!("{} so far", self.done),
            };
            let _ = write!(std::io::stderr(), "\r{text}");
        }
    }
}

impl Drop for Progress {
    /// Clears the line, because the report replaces it.
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn bar(done: u64, total: u64) -> String {
    const WIDTH: usize = 30;
    let share = done.saturating_mul(WIDTH as u64).checked_div(total).unwrap_or(0);
    let full = usize::try_from(share).unwrap_or(WIDTH).min(WIDTH);
    format!("[{}{}] {done}/{total}", "=".repeat(full), " ".repeat(WIDTH - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_up() {
        assert_eq!(bar(0, 4), format!("[{}] 0/4", " ".repeat(30)));
        assert_eq!(bar(2, 4), format!("[{}{}] 2/4", "=".repeat(15), " ".repeat(15)));
        assert_eq!(bar(4, 4), format!("[{}] 4/4", "=".repeat(30)));
    }
}
