//! A line on standard error that says how far a long run has come; nothing where
//! that is no terminal.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

pub(crate) struct Progress {
    total: usize,
    done: usize,
    begun: Instant,
    shown: Option<Instant>,
    is_on: bool,
}

impl Progress {
    /// Short runs show nothing: a bar that flashes up tells nobody anything.
    const PATIENCE: Duration = Duration::from_millis(500);
    const BETWEEN: Duration = Duration::from_millis(100);

    pub(crate) fn new(total: usize) -> Self {
        let is_on = std::io::stderr().is_terminal() && total > 1;
        Self { total, done: 0, begun: Instant::now(), shown: None, is_on }
    }

    pub(crate) fn step(&mut self) {
        self.done += 1;
        let is_due = match self.shown {
            Some(shown) => shown.elapsed() >= Self::BETWEEN,
            None => self.begun.elapsed() >= Self::PATIENCE,
        };
        if self.is_on && is_due {
            self.shown = Some(Instant::now());
            let _ = write!(std::io::stderr(), "\r{}", bar(self.done, self.total));
        }
    }
}

impl Drop for Progress {
    /// Clears the line, so that the report stands in its place.
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn bar(done: usize, total: usize) -> String {
    const WIDTH: usize = 30;
    let full = (done * WIDTH).checked_div(total).unwrap_or(0).min(WIDTH);
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
