//! STUB, see the interface notes.
