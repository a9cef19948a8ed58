//! The `warp2api` binary: everything it does is in the library.

fn main() -> std::process::ExitCode {
    warp2api::cli::main()
}
