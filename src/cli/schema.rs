//! `schema`: the message types themselves, listed, shown, filled in, compiled and compared. It must not know what any of
//! them is for.

use std::{fs, path::Path};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{
    cli::{
        args::{SchemaArguments, SchemaCommand},
        descriptor_set,
        exit::{Exit, Failure, OrExit as _},
        output::Output,
    },
    schema::{self, Change, Schema},
};

/// Runs the verb.
pub(crate) fn run(arguments: &SchemaArguments, schema: &Schema, output: &mut Output) -> Result<(), Failure> {
    match &arguments.what {
        SchemaCommand::List { search, json } => list(schema, search.as_deref(), *json, output),
        SchemaCommand::Show { name } => show(schema, name, output),
        SchemaCommand::Template { name, depth, choices } => {
            template(schema, name, usize::from(*depth), choices, output)
        }
        SchemaCommand::Compile { directory, output: file, comments } => compile(directory, file, *comments, output),
        SchemaCommand::Diff { file, json } => diff(schema, file, *json, output),
    }
}

/// What `list` lists: its kind and its name.
type Entry = (&'static str, String);

fn list(schema: &Schema, search: Option<&str>, as_json: bool, output: &mut Output) -> Result<(), Failure> {
    let found: Vec<Entry> = match search {
        None => types(schema).collect(),
        Some(search) => {
            let wanted = search.to_lowercase();
            // Where a type stands is part of its name, but a field matches by its own.
            let types = types(schema).filter(|(_, name)| name.to_lowercase().contains(&wanted));
            let members = members(schema)
                .filter(|(_, name)| name.rsplit('.').next().is_some_and(|last| last.to_lowercase().contains(&wanted)));
            types.chain(members).collect()
        }
    };
    if found.is_empty() {
        let search = search.unwrap_or_default();
        return Err(Failure::new(Exit::Failed, format!("nothing in the schema has `{search}` in its name")));
    }
    for (kind, name) in &found {
        match as_json {
            true => output.json(&json!({"kind": kind, "name": name}))?,
            false => output.text(&format!("{kind:<8}{name}\n"))?,
        }
    }
    Ok(())
}

/// Message types and enums, those of the Warp package first.
fn types(schema: &Schema) -> impl Iterator<Item = Entry> {
    let messages = schema.messages().map(|message| ("message", schema::short_name(&message).to_owned()));
    let enums = schema.pool().all_enums().map(|found| ("enum", schema::within_package(found.full_name()).to_owned()));
    let mut types: Vec<Entry> = messages.chain(enums).collect();
    types.sort_by_key(|(_, name)| (name.starts_with("google.") || name.starts_with("warp2api."), name.clone()));
    types.into_iter()
}

fn members(schema: &Schema) -> impl Iterator<Item = Entry> {
    let fields = schema.messages().flat_map(|message| message.fields().collect::<Vec<_>>());
    let fields = fields.map(|field| ("field", schema::within_package(field.full_name()).to_owned()));
    let named = |found: prost_reflect::EnumDescriptor| {
        let name = schema::within_package(found.full_name()).to_owned();
        found.values().map(|value| ("value", format!("{name}.{}", value.name()))).collect::<Vec<_>>()
    };
    let mut members: Vec<Entry> = fields.chain(schema.pool().all_enums().flat_map(named)).collect();
    members.sort_by(|left, right| left.1.cmp(&right.1));
    members.into_iter()
}

fn show(schema: &Schema, name: &str, output: &mut Output) -> Result<(), Failure> {
    let definition = schema.definition(name).or_exit(Exit::Usage)?;
    Ok(output.text(&schema::proto_text(schema, &definition))?)
}

fn template(schema: &Schema, name: &str, depth: usize, choices: &[String], output: &mut Output) -> Result<(), Failure> {
    let descriptor = schema.message(name).or_exit(Exit::Usage)?;
    let template = schema::template(&descriptor, depth, choices).map_err(|path| {
        Failure::usage(format!("`{path}` is no variant of a oneof in this template"))
            .hint("without --choose the template says which there are; --depth shows more of them")
    })?;
    let pretty = serde_json::to_string_pretty(&template.json).context("writing the template")?;
    output.text(&format!("{pretty}\n"))?;
    output.flush()?;
    for choice in &template.choices {
        output.note(&format!("choose one: {choice}"));
    }
    for cut in &template.cut {
        output.note(&format!("left empty: {cut}"));
    }
    Ok(())
}

fn compile(directory: &Path, file: &Path, comments: bool, output: &mut Output) -> Result<(), Failure> {
    let bytes = schema::compile(directory, comments).or_exit(Exit::Input)?;
    if file == Path::new("-") {
        if output.manner().data_terminal {
            return Err(Failure::usage("a descriptor set is no text for a terminal").hint("give a file with --output"));
        }
        return Ok(output.data(&bytes)?);
    }
    fs::write(file, &bytes).with_context(|| format!("cannot write {}", file.display())).or_exit(Exit::Failed)?;
    let schema = Schema::from_descriptor_set(&bytes).or_exit(Exit::Failed)?;
    output.note(&format!("{}: {} message types, {} bytes", file.display(), schema.messages().count(), bytes.len()));
    Ok(())
}

fn diff(before: &Schema, file: &Path, as_json: bool, output: &mut Output) -> Result<(), Failure> {
    let after = match file.is_dir() {
        true => {
            let bytes = schema::compile(file, false).or_exit(Exit::Input)?;
            Schema::from_descriptor_set(&bytes).or_exit(Exit::Input)?
        }
        false => descriptor_set(file)?,
    };
    let changes = schema::compare(before, &after);
    let breaking = changes.iter().filter(|change| change.breaks_wire).count();
    if as_json {
        let listed: Vec<Value> = changes.iter().map(change_json).collect();
        output.json(&json!({"wire_compatible": breaking == 0, "changes": listed}))?;
    } else {
        for change in &changes {
            let mark = if change.breaks_wire { "!" } else { " " };
            output.text(&format!("{mark} {:<11}{} ({})\n", change.effect.name(), change.place, change.detail))?;
        }
    }
    output.flush()?;
    match (changes.len(), breaking) {
        (0, _) => output.note("the schemas are the same"),
        (all, 0) => output.note(&format!("{all} changes; the wire stays compatible")),
        (all, breaking) => {
            let message = format!("the wire does not stay compatible: {breaking} of {all} changes break it");
            return Err(Failure::new(Exit::Failed, message));
        }
    }
    Ok(())
}

fn change_json(change: &Change) -> Value {
    json!({
        "effect": change.effect.name(),
        "place": change.place,
        "detail": change.detail,
        "breaks_wire": change.breaks_wire
    })
}
