//! What the documents refer to is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use spektr_tests::corpus;

/// Returns the files below a folder with one ending, without what is built, installed or hidden.
fn files(folder: &Path, end: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (path, name) = (entry.path(), entry.file_name().into_string().expect("UTF-8"));
        if path.is_dir() {
            if name != "target" && name != "node_modules" && !name.starts_with('.') {
                files(&path, end, found);
            }
        } else if name.ends_with(end) {
            found.push(path);
        }
    }
}

/// Returns the paths to which a document links, without addresses and anchors.
fn links(text: &str) -> Vec<&str> {
    let ends = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let paths = ends.map(|(link, _)| link.split('#').next().unwrap_or_default());
    paths.filter(|path| !path.is_empty() && !path.contains("://") && !path.contains(' ')).collect()
}

#[test]
fn links_between_files_lead_to_files() {
    let mut documents = Vec::new();
    files(corpus::workspace_root(), ".md", &mut documents);
    let mut count = 0;
    for document in &documents {
        let text = corpus::read(document);
        let folder = document.parent().expect("a folder");
        for link in links(&text) {
            assert!(folder.join(link).exists(), "{}: {link}", document.display());
            count += 1;
        }
    }
    assert!(count > 250, "{count}");
}

/// Returns the numbers of the decisions by their letter, in the order of the text.
fn decisions(text: &str) -> BTreeMap<char, Vec<usize>> {
    let mut numbers = BTreeMap::<_, Vec<_>>::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("- **")) {
        let Some((name, _)) = line.split_once("**") else { continue };
        let (letter, number) = name.split_at(1);
        if let Ok(number) = number.parse() {
            numbers.entry(letter.chars().next().expect("a letter")).or_default().push(number);
        }
    }
    numbers
}

#[test]
fn decisions_are_numbered_and_those_that_are_cited_exist() {
    let text = corpus::read(&corpus::workspace_root().join("ARCHITECTURE.md"));
    let decisions = decisions(&text);
    assert_eq!(decisions.keys().collect::<String>(), "ACDGIJKPRSTV");
    for (letter, numbers) in &decisions {
        assert_eq!(*numbers, (1..=numbers.len()).collect::<Vec<_>>(), "{letter}");
    }
    let (mut sources, mut count) = (Vec::new(), 0);
    files(corpus::workspace_root(), ".rs", &mut sources);
    files(corpus::workspace_root(), ".md", &mut sources);
    for source in sources {
        let text = corpus::read(&source);
        for cited in text.split(concat!("(ARCHITECTURE.md", ", ")).skip(1) {
            let (letter, rest) = cited.split_at(1);
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let letter = letter.chars().next().expect("a letter");
            let number: usize = digits.parse().expect("a number");
            let is_there = decisions.get(&letter).is_some_and(|all| all.contains(&number));
            assert!(is_there, "{}: {letter}{number}", source.display());
            count += 1;
        }
    }
    assert!(count >= 20, "{count}");
}
