//! STUB: filled by the schema piece.

use crate::{
    cli::{args::DecodeArguments, exit::Failure, output::Output},
    schema::Schema,
};

/// Runs the verb.
pub(crate) fn run(_arguments: &DecodeArguments, _schema: &Schema, _output: &mut Output) -> Result<(), Failure> {
    Err(Failure::usage("this verb is not there yet"))
}
