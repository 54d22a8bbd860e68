//! The signing keys: whether they can be read, when they are valid, and whether they are secret.

use std::time::Duration;

use spektr_verify::{KeyRing, SigningKey, UnixSeconds};

use super::Finding;
use crate::config::Config;
use crate::keys::{SecretText, fingerprint};
use crate::serving::ServeArguments;
use crate::terminal::safe;
use crate::time;

/// A key that ends within this time gets a warning. An alert of `ops/prometheus` has the same time.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);

/// Secrets with fewer bytes can be guessed, because one signature is enough to test a guess.
const SHORTEST: usize = 16;

const NEXT: &str = "ask the sender for the next key and put it into the key file, under its own id";

/// Examines the keys as of a point in time.
pub(crate) fn keys(arguments: &ServeArguments, config: &Config, now: UnixSeconds) -> Vec<Finding> {
    if arguments.unsigned {
        return vec![Finding::warning(
            "keys",
            "nothing is verified: --unsigned accepts what anybody posts",
            "remove --unsigned, unless the workspace has signing switched off",
        )];
    }
    let read = || Ok((arguments.keys.ring(config)?, arguments.keys.secret_texts(config)?));
    let mut findings = match read() {
        Ok((ring, texts)) => of(&ring, &texts, now),
        Err(failure) => vec![Finding::failed("keys", &failure, "correct the key file")],
    };
    if let Some(file) = arguments.keys.hidden_file(config) {
        let file = file.display().to_string();
        findings.push(Finding::warning(
            "keys",
            format!("{} is not used, because {} is set", safe(&file), KeyRing::ENV_VAR),
            "unset the variable to change keys while the service runs, or remove keys_file",
        ));
    }
    findings
}

fn of(ring: &KeyRing, texts: &[SecretText], now: UnixSeconds) -> Vec<Finding> {
    let keys: Vec<_> = ring.ids().filter_map(|id| ring.key(id.as_str())).collect();
    let has_valid = ring.has_valid_key_at(now);
    let mut findings: Vec<_> = keys.iter().map(|key| validity(key, has_valid, now)).collect();
    for text in texts.iter().filter(|text| text.length() < SHORTEST) {
        if let Some(key) = ring.key(&text.id) {
            let length = text.length();
            findings.push(Finding::warning(
                subject(key),
                format!("its secret has {length} bytes, which can be guessed"),
                format!("use a secret of {SHORTEST} bytes or more"),
            ));
        }
    }
    findings.extend(repeated(&keys));
    findings
}

fn subject(key: &SigningKey) -> String {
    format!("key {}", key.id().shown())
}

fn validity(key: &SigningKey, has_valid: bool, now: UnixSeconds) -> Finding {
    let subject = subject(key);
    if key.is_valid_at(now) {
        return match key.not_after() {
            Some(last) if last.abs_diff(now) < SOON => {
                Finding::warning(subject, format!("it ends at {}", time::rfc_3339(last)), NEXT)
            }
            _ => Finding::ok(subject, in_use(key, now)),
        };
    }
    let ended = key.not_after().filter(|last| *last < now);
    let text = match (ended, key.not_before()) {
        (Some(last), _) => format!("it has ended at {}", time::rfc_3339(last)),
        (None, Some(first)) if has_valid => {
            return Finding::ok(subject, format!("it begins at {}", time::rfc_3339(first)));
        }
        (None, first) => {
            format!("it begins at {}", time::rfc_3339(first.unwrap_or(now)))
        }
    };
    if has_valid {
        Finding::warning(subject, text, "remove it from the key file")
    } else {
        let text = format!("{text}, and no other is valid: every delivery is refused");
        Finding::fault(subject, text, NEXT)
    }
}

/// Says how old a valid key is, and until when it is valid.
fn in_use(key: &SigningKey, now: UnixSeconds) -> String {
    let age = key.not_before().map(|first| first.abs_diff(now).as_secs() / (24 * 3600));
    let age = age.map(|days| match days {
        1 => "1 day old".to_owned(),
        days => format!("{days} days old"),
    });
    let end = key.not_after().map(|last| format!("valid until {}", time::rfc_3339(last)));
    let end = end.unwrap_or_else(|| "valid without an end".to_owned());
    age.into_iter().chain([end]).collect::<Vec<_>>().join(", ")
}

/// Finds keys with the same secret as an earlier key, by comparing their signatures.
fn repeated(keys: &[&SigningKey]) -> Vec<Finding> {
    let signed: Vec<_> = keys.iter().map(|key| (*key, fingerprint(key))).collect();
    let mut findings = Vec::new();
    for (index, (key, signature)) in signed.iter().enumerate() {
        let first = signed.iter().take(index).find(|(_, other)| other == signature);
        if let Some((other, _)) = first {
            findings.push(Finding::fault(
                subject(key),
                format!("it has the same secret as key {}", other.id().shown()),
                "copy the secret of each id from the sender; each rotation creates a new secret",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Severity;

    const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);
    const DAY: u64 = 24 * 3600;

    /// Returns the findings about keys that are valid from and until some days from now.
    fn said(validities: &[(Option<i64>, Option<i64>)]) -> Vec<(Severity, String)> {
        let at = |days: i64| NOW.as_secs().saturating_add_signed(days * DAY as i64);
        let table = |(index, (first, last)): (usize, &(Option<i64>, Option<i64>))| {
            let member = |name: &str, days: &Option<i64>| {
                days.map(|days| format!("{name} = {}\n", at(days))).unwrap_or_default()
            };
            let (first, last) = (member("not_before", first), member("not_after", last));
            format!("[[keys]]\nid = 'k{index}'\nsecret = 'secret {index}'\n{first}{last}")
        };
        let document: String = validities.iter().enumerate().map(table).collect();
        let ring = KeyRing::from_toml(&document).expect("keys");
        of(&ring, &[], NOW).into_iter().map(|finding| (finding.level, finding.text)).collect()
    }

    #[test]
    fn a_key_says_its_age_and_its_end() {
        let [one] = &said(&[(Some(-10), Some(14))])[..] else { panic!() };
        let expected = "10 days old, valid until 2027-01-29T08:00:00Z".to_owned();
        assert_eq!(one, &(Severity::Ok, expected));
        let [one] = &said(&[(None, None)])[..] else { panic!() };
        assert_eq!(one, &(Severity::Ok, "valid without an end".to_owned()));
    }

    #[test]
    fn an_end_is_near_within_two_weeks_and_worse_if_no_other_key_is_valid() {
        let [one] = &said(&[(None, Some(13))])[..] else { panic!() };
        assert_eq!(one, &(Severity::Warning, "it ends at 2027-01-28T08:00:00Z".to_owned()));
        let [old, new] = &said(&[(None, Some(-1)), (None, None)])[..] else { panic!() };
        assert_eq!(old, &(Severity::Warning, "it has ended at 2027-01-14T08:00:00Z".to_owned()));
        assert_eq!(new.0, Severity::Ok);
        let [next, _] = &said(&[(Some(1), None), (None, None)])[..] else { panic!() };
        assert_eq!(next, &(Severity::Ok, "it begins at 2027-01-16T08:00:00Z".to_owned()));
        for validity in [(Some(1), None), (None, Some(-1))] {
            let [only] = &said(&[validity])[..] else { panic!() };
            assert_eq!(only.0, Severity::Fault);
            let end = ", and no other is valid: every delivery is refused";
            assert!(only.1.ends_with(end), "{}", only.1);
        }
    }
}
