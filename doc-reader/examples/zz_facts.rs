fn main() {
    let b = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    match spektr_doc_reader::read(&b) {
        Ok(p) => println!("{}", serde_json::to_string_pretty(&p).unwrap()),
        Err(e) => println!("error: {e}"),
    }
}
