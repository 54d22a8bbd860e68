//! Tests the findings about signing keys, and about files with secrets that others can read.

use crate::{Diagnosis, KEYS, MARKER, Setting, chmod, closed_port};

#[test]
fn a_key_file_that_others_can_read_is_a_fault_and_one_of_a_group_a_warning() {
    let setting = Setting::new();
    let keys = setting.write("keys.toml", "[[keys]]\nid = 'a'\nsecret = 'marker-of-a-secret'\n");
    let doctor = |mode| {
        chmod(&keys, mode);
        Diagnosis::of(&mut setting.command(None, &["--keys", "keys.toml"]))
    };
    doctor(0o644).assert(&[
        "fault: file keys.toml: all accounts have rights on a file with a secret (mode 644); \
         chmod 600 keys.toml",
    ]);
    doctor(0o640).assert(&[
        "warning: file keys.toml: its group has rights on a file with a secret (mode 640); \
         chmod 600 keys.toml",
    ]);
    doctor(0o400).assert(&[]);
}

#[test]
fn a_configuration_file_with_a_password_is_a_secret() {
    let setting = Setting::new();
    let port = closed_port();
    let url = format!("postgres://app:{MARKER}@127.0.0.1:{port}/inbox?sslmode=disable");
    let path = setting.write("spektr.toml", &format!("store = '{url}'\n"));
    chmod(&path, 0o604);
    setting.doctor(&[]).assert(&[
        "fault: file spektr.toml: all accounts have rights on a file with a secret (mode 604); \
         chmod 600 spektr.toml",
        &format!(
            "fault: inbox postgres://app@127.0.0.1:{port}/inbox: cannot connect to the database: \
             error connecting to server: Connection refused (os error 111); see that the server \
             runs, takes writes and lets this role in, and that the URL is right"
        ),
    ]);
}

#[test]
fn a_key_that_has_ended_is_a_fault_if_no_other_is_valid() {
    let setting = Setting::new();
    let ended =
        "[[keys]]\nid = 'old'\nsecret = 'marker-of-a-secret'\nnot_after = 2020-01-01T00:00:00Z\n";
    setting.of_keys(ended).assert(&[
        "fault: key old: it has ended at 2020-01-01T00:00:00Z, and no other is valid: every \
         delivery is refused; ask the sender for the next key and put it into the key file, under \
         its own id",
    ]);
    let next = "[[keys]]\nid = 'new'\nsecret = 'another-secret-of-ours'\n";
    setting.of_keys(&format!("{ended}{next}")).assert(&[
        "warning: key old: it has ended at 2020-01-01T00:00:00Z; remove it from the key file",
    ]);
}

#[test]
fn the_same_secret_under_two_ids_is_found_in_whatever_encoding() {
    let setting = Setting::new();
    let keys = "[[keys]]\nid = 'a'\nsecret = 'marker-of-a-secret'\n\
                [[keys]]\nid = 'b'\nsecret = 'another-secret-of-ours'\n\
                [[keys]]\nid = 'c'\nencoding = 'hex'\n\
                secret = '6d61726b65722d6f662d612d736563726574'\n";
    setting.of_keys(keys).assert(&[
        "fault: key c: it has the same secret as key a; copy the secret of each id from the \
         sender; each rotation creates a new secret",
    ]);
}

#[test]
fn keys_that_cannot_be_read_are_a_fault() {
    let setting = Setting::new();
    let key = "[[keys]]\nid = 'a'\nsecret = 'marker-of-a-secret'\n";
    let form = "a key file has a table [[keys]] with id and secret per key, and optionally \
                encoding, not_before and not_after";
    setting.of_keys(&format!("{key}{key}")).assert(&[&format!(
        "fault: keys: the key file keys.toml cannot be used: keys 1 and 2 have the same id; {form}"
    )]);
    let said = Diagnosis::of(&mut setting.command(None, &["--keys", "none.toml"]));
    said.assert(&[&format!(
        "fault: keys: cannot read none.toml: No such file or directory (os error 2); {form}"
    )]);
    let said = Diagnosis::of(&mut setting.command(None, &[]));
    said.assert(&[
        "fault: keys: there is no signing key; set SPEKTR_WEBHOOK_KEYS='KEY_ID=SECRET', or name a \
         key file with --keys FILE (a table [[keys]] with id and secret per key)",
    ]);
}

#[test]
fn a_key_file_that_the_environment_hides_is_a_warning() {
    let setting = Setting::new();
    setting.write("keys.toml", "[[keys]]\nid = 'a'\nsecret = 'marker-of-a-secret'\n");
    setting.write("spektr.toml", "keys_file = 'keys.toml'\n");
    setting.doctor(&[]).assert(&[
        "warning: keys: keys.toml is not used, because SPEKTR_WEBHOOK_KEYS is set; unset the \
         variable to change keys while the service runs, or remove keys_file",
    ]);
    Diagnosis::of(&mut setting.command(None, &[])).assert(&[]);
    Diagnosis::of(&mut setting.command(KEYS, &["--keys", "keys.toml"])).assert(&[]);
}

#[test]
fn a_short_secret_and_deliveries_without_one_are_warnings() {
    let setting = Setting::new();
    let short = [
        "utf8-15=fifteen letters",
        "utf8-16=sixteen letters.",
        "hex-15:hex=00112233445566778899aabbccddee",
        "base64-16:base64=AAECAwQFBgcICQoLDA0ODw==",
    ];
    let said = Diagnosis::of(&mut setting.command(Some(&short.join(",")), &[]));
    let remedy = "its secret has 15 bytes, which can be guessed; use a secret of 16 bytes or more";
    said.assert(&[
        &format!("warning: key utf8-15: {remedy}"),
        &format!("warning: key hex-15: {remedy}"),
    ]);
    Diagnosis::of(&mut setting.command(None, &["--unsigned"])).assert(&[
        "warning: keys: nothing is verified: --unsigned accepts what anybody posts; remove \
         --unsigned, unless the workspace has signing switched off",
    ]);
}

#[test]
fn a_token_that_is_too_short_is_a_fault() {
    let setting = Setting::new();
    setting.write("token.txt", "short");
    setting.doctor(&["--ops-token-file", "token.txt"]).assert(&[
        "fault: token of operations: the token in token.txt cannot be used: it has fewer than 20 \
         characters; the file holds one token on one line: (umask 077; openssl rand -hex 32 > FILE)",
    ]);
}
