//! Prints the OpenAPI document of `/v1`.
#![allow(clippy::print_stdout, reason = "printing is all it does")]

fn main() -> Result<(), serde_json::Error> {
    println!("{}", bellpush_server::openapi().to_pretty_json()?);
    Ok(())
}
