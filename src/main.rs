//! The `warp2api` binary: everything it does is in the library.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> std::process::ExitCode {
    warp2api::cli::main()
}
