//! Wire bytes as JSON without a schema: every field by number, with a guess at what length-delimited values hold. It must
//! not know descriptors.
