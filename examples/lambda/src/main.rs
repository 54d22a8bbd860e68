//! Calls the function once, as a runtime does: the request of the gateway on the standard input,
//! the response on the standard output.
//!
//! ```text
//! export SPEKTR_WEBHOOK_KEYS="key-id=secret"
//! cargo run --manifest-path examples/lambda/Cargo.toml -- messages < event.json
//! ```
//!
//! In the place of a queue it has a folder, with a file for each message.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

use spektr_example_lambda::{LambdaEvent, Queue, Receiver};
use spektr_verify::{KeyRing, SignedContent, Verifier};

/// Files `1`, `2` and so on.
struct Folder(PathBuf);

impl Queue for Folder {
    fn send(&self, message: &[u8]) -> io::Result<()> {
        let next = fs::read_dir(&self.0)?.count() + 1;
        // It fails if another call has taken the number meanwhile, and the sender comes back.
        let mut file = File::create_new(self.0.join(next.to_string()))?;
        file.write_all(message)?;
        file.sync_all()?;
        // The name of the file is in the folder.
        File::open(&self.0)?.sync_all()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).ok_or("name a folder for the messages")?;
    // What is signed is an assumption; `spektr_verify::diagnose` finds out.
    let verifier = Verifier::new(KeyRing::from_env()?, SignedContent::TIMESTAMP_DOT_BODY);
    let receiver = Receiver::new(verifier, Folder(folder.into()));
    let event: LambdaEvent = serde_json::from_reader(io::stdin().lock())?;
    println!("{}", serde_json::to_string(&receiver.handle(&event))?);
    Ok(())
}
