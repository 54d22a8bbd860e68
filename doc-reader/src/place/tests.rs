//! Places of members in an example.

use super::*;

fn places() -> ExamplePlaces {
    let paths = [
        "id",
        "note",
        "data",
        "data.kind",
        "data.note",
        "rows",
        "rows[]",
        "rows[].key",
        "a",
        "a.size",
        "b",
        "b.size",
    ];
    ExamplePlaces::new(&paths.map(str::to_owned))
}

#[test]
fn finds_a_member_where_the_table_says() {
    assert_eq!(places().find("id", None), ExamplePlace::Same);
    assert_eq!(places().find("data.note", None), ExamplePlace::Same);
    assert_eq!(places().find("note", None), ExamplePlace::Same);
}

#[test]
fn finds_a_member_whose_path_is_abbreviated() {
    assert_eq!(places().find("kind", None), ExamplePlace::At("data.kind".to_owned()));
    assert_eq!(places().find("row.key", None), ExamplePlace::At("rows[].key".to_owned()));
    assert_eq!(places().find("rows.0.key", None), ExamplePlace::At("rows[].key".to_owned()));
    assert_eq!(places().find("note", Some("data")), ExamplePlace::At("data.note".to_owned()));
}

#[test]
fn does_not_choose_among_several_places() {
    assert_eq!(places().find("size", None), ExamplePlace::Several);
    assert_eq!(places().find("weight", None), ExamplePlace::Nowhere);
}
