//! Tests the findings about the folder, the disk and the SQLite file of an inbox.

use std::fs;

use crate::support::set_table_version;
use crate::{Setting, chmod};

#[test]
fn a_folder_that_is_missing_is_no_folder_or_takes_no_files_is_a_fault() {
    let setting = Setting::new();
    setting.doctor(&["--store", "sqlite://none/inbox.db"]).assert(&[
        "fault: folder none: it does not exist; create it, as the account of the service: \
         mkdir -m 700 none",
    ]);
    setting.write("file", "");
    setting
        .doctor(&["--store", "sqlite://file/inbox.db"])
        .assert(&["fault: folder file: it is not a folder; correct --store"]);
    // Not even root can make files there.
    let error = fs::File::create("/proc/self/spektr").expect_err("is refused");
    setting.doctor(&["--store", "sqlite:///proc/self/inbox.db", "--least-free", "0MiB"]).assert(&[
        &format!(
            "fault: folder /proc/self: no file can be created in it: {error}; give it to the \
             account of the service (chown), on a disk that can be written to"
        ),
    ]);
}

#[test]
fn less_room_than_is_wanted_is_a_fault() {
    let setting = Setting::new();
    let said = setting.doctor(&["--least-free", "1000000TiB"]);
    let [finding] = said.findings()[..] else { panic!("{:#?}", said.lines) };
    let free = finding.strip_prefix("fault: disk of .: ").expect(finding);
    let (_, rest) = free.split_once(" free").expect(finding);
    let expected = ", less than 1,000,000 TiB; make room; `spektr inbox prune --older-than 30d \
                    --dry-run` shows what can go";
    assert_eq!((rest, said.code), (expected, Some(1)));
}

#[test]
fn a_file_that_cannot_be_the_inbox_is_a_fault_and_stays_as_it_is() {
    let setting = Setting::new();
    let path = setting.inbox();
    set_table_version(&path, 99);
    let bytes = fs::read(&path).expect("is there");
    setting.doctor(&[]).assert(&[
        "fault: inbox sqlite://spektr-inbox.db: version 99, and this program knows 6; run the version of spektr that has written it, or a later one",
    ]);
    assert_eq!(fs::read(&path).expect("is there"), bytes);
    set_table_version(&path, 4);
    let said = setting.doctor(&[]);
    said.assert(&[]);
    said.assert_has("ok: inbox sqlite://spektr-inbox.db: version 4, `serve` migrates it to 6");
    let mut bytes = fs::read(&path).expect("is there");
    // The field `application_id` of the SQLite header.
    bytes[68..72].copy_from_slice(b"else");
    fs::write(&path, &bytes).expect("is written");
    setting.doctor(&[]).assert(&[
        "fault: inbox sqlite://spektr-inbox.db: spektr-inbox.db is the database of another \
         program; name another file with --store, or let the account of the service read this one",
    ]);
}

#[test]
fn an_inbox_on_which_others_have_rights_is_a_warning() {
    let setting = Setting::new();
    chmod(&setting.inbox(), 0o644);
    setting.doctor(&[]).assert(&[
        "warning: inbox sqlite://spektr-inbox.db: other accounts have rights on it (mode 644); \
         set its mode to 600 (chmod); `serve` does that at its start",
    ]);
}
