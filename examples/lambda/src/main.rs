//! Calls the function once, as a runtime does: it reads the gateway's request from standard input,
//! and writes the response to standard output.
//!
//! ```text
//! export SPEKTR_WEBHOOK_KEYS="key-id=secret"
//! cargo run --manifest-path examples/lambda/Cargo.toml -- messages < event.json
//! ```
//!
//! Instead of a queue it uses a folder, with a file for each message.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

use spektr_example_lambda::{LambdaEvent, Queue, Receiver};
use spektr_verify::{KeyRing, SignedContent, Verifier};
use tempfile::NamedTempFile;

/// A folder with files `1`, `2` and so on, each of them complete.
struct Folder(PathBuf);

impl Folder {
    fn next_number(&self) -> io::Result<u64> {
        let mut last = 0;
        for file in fs::read_dir(&self.0)? {
            // Unfinished messages have other names.
            let number = file?.file_name().to_str().and_then(|name| name.parse().ok());
            last = last.max(number.unwrap_or_default());
        }
        Ok(last + 1)
    }
}

impl Queue for Folder {
    fn send(&self, message: &[u8]) -> io::Result<()> {
        // A message has a temporary name until it is complete and synced. An error removes the
        // file.
        let mut file = NamedTempFile::new_in(&self.0)?;
        file.write_all(message)?;
        file.as_file().sync_all()?;
        let mut number = self.next_number()?;
        // Another call may have used the number meanwhile.
        while let Err(error) = file.persist_noclobber(self.0.join(number.to_string())) {
            if error.error.kind() != io::ErrorKind::AlreadyExists {
                return Err(error.error);
            }
            file = error.file;
            number += 1;
        }
        // Syncs the folder, which holds the name of the file.
        File::open(&self.0)?.sync_all()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).ok_or("name a folder for the messages")?;
    // The signed content is an assumption; `spektr_verify::diagnose` finds the right one.
    let verifier = Verifier::new(KeyRing::from_env()?, SignedContent::TIMESTAMP_DOT_BODY);
    let receiver = Receiver::new(verifier, Folder(folder.into()));
    let event: LambdaEvent = serde_json::from_reader(io::stdin().lock())?;
    println!("{}", serde_json::to_string(&receiver.handle(&event))?);
    Ok(())
}
