//! STUB
pub mod catalogue;
pub mod identity;
