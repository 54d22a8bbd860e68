//! Sessions of operators. Signing in with the token gives a cookie for an hour, without which
//! nothing can be changed.
//!
//! A session has two secrets, the cookie and the proof. The browser adds the cookie to every
//! request. The proof is in the forms of these pages, so a form of another site lacks it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustls::crypto::ring;
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;
use crate::secret::secret_file;

/// How long a session lasts.
pub(super) const LASTS: Duration = Duration::from_secs(3600);

/// The largest number of sessions. One more session ends the oldest session.
const MOST_SESSIONS: usize = 32;

/// A shorter token is refused.
const SHORTEST_TOKEN: usize = 20;

const HOW: &str = "the file holds one token on one line: (umask 077; openssl rand -hex 32 > FILE)";

/// The token that changes need. Only a MAC of it is kept, made with a key of this process.
/// Comparing the MACs takes constant time.
#[derive(Clone)]
pub(crate) struct Token {
    mac: Hmac<Sha256>,
    tag: Vec<u8>,
}

impl Token {
    /// Reads a file that holds a token and nothing else.
    pub(crate) fn of_file(path: &Path) -> Result<Self, Failure> {
        secret_file(path, "token", HOW, Self::parse)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() < SHORTEST_TOKEN {
            return Err(format!("it has fewer than {SHORTEST_TOKEN} characters"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("it contains characters other than visible ASCII".to_owned());
        }
        let mac = Hmac::new_from_slice(&random()?).map_err(|error| error.to_string())?;
        let tag = mac.clone().chain_update(text).finalize().into_bytes().to_vec();
        Ok(Self { mac, tag })
    }

    fn is(&self, text: &str) -> bool {
        self.mac.clone().chain_update(text.trim()).verify_slice(&self.tag).is_ok()
    }
}

/// Bytes that nobody can guess.
fn random() -> Result<[u8; 32], String> {
    let mut bytes = [0; 32];
    let source = ring::default_provider().secure_random;
    source.fill(&mut bytes).map_err(|_| "the system has no random bytes".to_owned())?;
    Ok(bytes)
}

fn random_text() -> Result<String, String> {
    Ok(random()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The token, if there is one, and the sessions of signed-in operators. Clones share both.
#[derive(Clone, Default)]
pub(crate) struct Access(Arc<Mutex<AccessState>>);

#[derive(Default)]
struct AccessState {
    token: Option<Token>,
    sessions: Vec<Session>,
}

/// The session of a signed-in operator.
#[derive(Clone)]
pub(super) struct Session {
    /// The hash of the cookie. The duration of a comparison of hashes does not reveal the cookie.
    hash: [u8; 32],
    /// The name that the operator has entered.
    pub(super) name: String,
    /// The secret in the forms that make changes.
    pub(super) proof: String,
    until: Instant,
    /// The notice at the top of the next page.
    notice: Option<String>,
}

impl Access {
    pub(crate) fn new(token: Option<Token>) -> Self {
        Self(Arc::new(Mutex::new(AccessState { token, sessions: Vec::new() })))
    }

    /// Reads the token again. All sessions end if the token has changed.
    pub(crate) fn read_again(&self, path: &Path) -> Result<(), Failure> {
        let before = self.lock().token.clone();
        let (token, is_same) = secret_file(path, "token", HOW, |text| {
            Ok((Token::parse(text)?, before.as_ref().is_some_and(|before| before.is(text))))
        })?;
        let mut inner = self.lock();
        inner.token = Some(token);
        if !is_same {
            inner.sessions.clear();
        }
        Ok(())
    }

    /// Removes the token and ends all sessions. Returns whether there was a token.
    pub(crate) fn revoke(&self) -> bool {
        let mut inner = self.lock();
        inner.sessions.clear();
        inner.token.take().is_some()
    }

    pub(super) fn has_token(&self) -> bool {
        self.lock().token.is_some()
    }

    /// Begins a session and returns its cookie. Returns `None` unless the token is right.
    pub(super) fn open(&self, name: &str, token: &str, now: Instant) -> Option<String> {
        let (cookie, proof) = (random_text().ok()?, random_text().ok()?);
        let mut inner = self.lock();
        if !inner.token.as_ref().is_some_and(|kept| kept.is(token)) {
            return None;
        }
        inner.sessions.retain(|session| session.until > now);
        if inner.sessions.len() == MOST_SESSIONS {
            inner.sessions.remove(0);
        }
        inner.sessions.push(Session {
            hash: Sha256::digest(&cookie).into(),
            name: name.to_owned(),
            proof,
            until: now + LASTS,
            notice: None,
        });
        Some(cookie)
    }

    pub(super) fn session(&self, cookie: &str, now: Instant) -> Option<Session> {
        let hash: [u8; 32] = Sha256::digest(cookie).into();
        let inner = self.lock();
        let mut sessions = inner.sessions.iter();
        sessions.find(|session| session.hash == hash && session.until > now).cloned()
    }

    pub(super) fn close(&self, session: &Session) {
        self.lock().sessions.retain(|other| other.hash != session.hash);
    }

    /// Sets the notice on the next page of a session.
    pub(super) fn notify(&self, session: &Session, notice: String) {
        let mut inner = self.lock();
        let mut sessions = inner.sessions.iter_mut();
        if let Some(kept) = sessions.find(|other| other.hash == session.hash) {
            kept.notice = Some(notice);
        }
    }

    pub(super) fn take_notice(&self, session: &Session) -> Option<String> {
        let mut inner = self.lock();
        inner.sessions.iter_mut().find(|other| other.hash == session.hash)?.notice.take()
    }

    fn lock(&self) -> MutexGuard<'_, AccessState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Whether the proof in a form is the proof of this session.
    pub(super) fn is_proven_by(&self, proof: Option<&str>) -> bool {
        let hash = |text: &str| -> [u8; 32] { Sha256::digest(text).into() };
        proof.is_some_and(|proof| hash(proof) == hash(&self.proof))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0123456789abcdef0123";

    #[test]
    fn a_token_that_is_short_or_of_several_words_is_refused() {
        let refused = |text: &str| Token::parse(text).err().expect(text);
        assert_eq!(refused(&TEXT[1..]), "it has fewer than 20 characters");
        assert_eq!(refused(""), "it has fewer than 20 characters");
        let visible = "it contains characters other than visible ASCII";
        assert_eq!(refused(&format!("{TEXT} {TEXT}")), visible);
        assert_eq!(refused(&format!("{TEXT}\n{TEXT}")), visible);
        assert!(Token::parse(&format!("{TEXT}\r\n")).is_ok_and(|token| token.is(TEXT)));
    }

    #[test]
    fn a_session_begins_with_the_token_and_ends_after_an_hour_or_when_it_is_closed() {
        let access = Access::new(Token::parse(TEXT).ok());
        let now = Instant::now();
        assert_eq!(access.open("eve", &TEXT[1..], now), None);
        assert_eq!(Access::default().open("eve", "", now), None);
        let cookie = access.open("ada", TEXT, now).expect("the token is right");
        let name = |cookie: &str, at| access.session(cookie, at).map(|session| session.name);
        let last = now + LASTS - Duration::from_millis(1);
        assert_eq!(name(&cookie, last).as_deref(), Some("ada"));
        assert_eq!(name(&cookie, now + LASTS), None);
        assert_eq!(name(&cookie[1..], now), None);
        let session = access.session(&cookie, now).expect("is there");
        assert!(session.is_proven_by(Some(&session.proof)));
        for proof in [None, Some(""), Some(&cookie[..])] {
            assert!(!session.is_proven_by(proof));
        }
        access.notify(&session, "done".to_owned());
        assert_eq!(access.take_notice(&session).as_deref(), Some("done"));
        assert_eq!(access.take_notice(&session), None);
        access.close(&session);
        assert_eq!(name(&cookie, now), None);
    }

    #[test]
    fn sessions_are_bounded_and_the_oldest_gives_way() {
        let access = Access::new(Token::parse(TEXT).ok());
        let now = Instant::now();
        let open = |name: usize| access.open(&name.to_string(), TEXT, now).expect("is opened");
        let cookies: Vec<_> = (0..=MOST_SESSIONS).map(open).collect();
        let names = cookies.iter().filter_map(|cookie| access.session(cookie, now));
        let names: Vec<_> = names.map(|session| session.name).collect();
        let expected: Vec<_> = (1..=MOST_SESSIONS).map(|name| name.to_string()).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn another_token_ends_the_sessions_and_the_same_one_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let access = Access::new(Token::parse(TEXT).ok());
        let now = Instant::now();
        let cookie = access.open("ada", TEXT, now).expect("the token is right");
        let read = |text: &str| {
            std::fs::write(&path, text).expect("is written");
            access.read_again(&path).is_ok()
        };
        assert!(read(TEXT));
        assert!(access.session(&cookie, now).is_some());
        assert!(!read("short"));
        assert!(access.session(&cookie, now).is_some());
        assert!(read(&format!("{TEXT}4")));
        assert!(access.session(&cookie, now).is_none());
        assert_eq!(access.open("ada", TEXT, now), None);
    }
}
