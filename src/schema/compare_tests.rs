use crate::schema::{Schema, compare, compile};

fn schema(source: &str) -> Schema {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("syntax = \"proto3\";\npackage p;\n{source}\n");
    std::fs::write(folder.path().join("p.proto"), text).unwrap();
    Schema::from_descriptor_set(&compile(folder.path(), false).unwrap()).unwrap()
}

/// The changes from one source to the other, `!` in front of those that break the wire.
fn changes(before: &str, after: &str) -> Vec<String> {
    compare(&schema(before), &schema(after))
        .iter()
        .map(|change| {
            let mark = if change.breaks_wire { "! " } else { "" };
            format!("{mark}{} {}: {}", change.effect.name(), change.place, change.detail)
        })
        .collect()
}

fn fields(before: &str, after: &str) -> Vec<String> {
    changes(&format!("message M {{ {before} }}"), &format!("message M {{ {after} }}"))
}

#[test]
fn a_schema_does_not_differ_from_itself() {
    assert_eq!(compare(&Schema::embedded(), &Schema::embedded()), []);
}

#[test]
fn fields_come_go_and_change() {
    assert_eq!(fields("int32 a = 1;", "int32 a = 1; string b = 2;"), ["added p.M.b: string = 2"]);
    assert_eq!(fields("int32 a = 1; string b = 2;", "int32 a = 1;"), ["removed p.M.b: string = 2"]);
    assert_eq!(fields("int32 a = 1;", "int32 b = 1;"), ["renamed p.M.a: now b = 1"]);
    assert_eq!(fields("int32 a = 1;", "int32 a = 2;"), ["! renumbered p.M.a: 1 → 2"]);
    assert_eq!(
        fields("int32 a = 1; int32 b = 2;", "int32 b = 1; int32 a = 2;"),
        ["! renumbered p.M.a: 1 → 2; 1 is now b", "! renumbered p.M.b: 2 → 1; 2 is now a"]
    );
}

#[test]
fn types_that_are_written_alike_are_told_from_those_that_are_not() {
    assert_eq!(fields("int32 a = 1;", "int64 a = 1;"), ["retyped p.M.a: int32 → int64"]);
    assert_eq!(fields("string a = 1;", "bytes a = 1;"), ["retyped p.M.a: string → bytes"]);
    assert_eq!(fields("int32 a = 1;", "sint32 a = 1;"), ["! retyped p.M.a: int32 → sint32"]);
    assert_eq!(fields("fixed32 a = 1;", "float a = 1;"), ["! retyped p.M.a: fixed32 → float"]);
    assert_eq!(fields("string a = 1;", "repeated string a = 1;"), ["retyped p.M.a: string → repeated string"]);
    assert_eq!(fields("int32 a = 1;", "repeated int32 a = 1;"), ["! retyped p.M.a: int32 → repeated int32"]);
    assert_eq!(
        fields("map<string, int32> a = 1;", "map<string, string> a = 1;"),
        ["! retyped p.M.a: map<string, int32> → map<string, string>"]
    );
    assert_eq!(
        changes(
            "message A { int32 x = 1; } message B { string x = 1; } message M { A a = 1; }",
            "message A { int32 x = 1; } message B { string x = 1; } message M { B a = 1; }"
        ),
        ["! retyped p.M.a: p.A → p.B"]
    );
}

#[test]
fn oneofs_matter_where_fields_come_to_exclude_each_other() {
    let apart = "optional int32 a = 1; optional int32 b = 2;";
    assert_eq!(
        fields(apart, "oneof x { int32 a = 1; int32 b = 2; }"),
        ["! regrouped p.M.a: no oneof → oneof x", "! regrouped p.M.b: no oneof → oneof x"]
    );
    assert_eq!(
        fields("optional int32 a = 1;", "oneof x { int32 a = 1; int32 b = 2; }").first().unwrap(),
        "regrouped p.M.a: no oneof → oneof x"
    );
    assert_eq!(
        fields("oneof x { int32 a = 1; int32 b = 2; }", "oneof y { int32 a = 1; int32 b = 2; }"),
        ["regrouped p.M.a: oneof x → oneof y", "regrouped p.M.b: oneof x → oneof y"]
    );
}

#[test]
fn messages_and_enums_come_go_and_change() {
    assert_eq!(
        changes(
            "message A { int32 x = 1; } message M { A a = 1; }",
            "message B { int32 x = 1; } message M { B a = 1; }"
        ),
        ["renamed p.A: now p.B"]
    );
    assert_eq!(changes("message A {}", "message B {}"), ["removed p.A: message", "added p.B: message"]);
    assert_eq!(
        changes("enum E { Z = 0; A = 1; B = 2; C = 3; }", "enum E { Z = 0; AA = 1; B = 4; D = 5; }"),
        ["renamed p.E.A: now AA = 1", "! renumbered p.E.B: 2 → 4", "removed p.E.C: = 3", "added p.E.D: = 5"]
    );
    assert_eq!(changes("message M {}", "message M {} enum E { Z = 0; }"), ["added p.E: enum"]);
}
