//! Prints the OpenAPI document of `/v1`.
#![allow(clippy::print_stdout, reason = "printing is all it does")]

fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string_pretty(&bellpush_server::openapi())?);
    Ok(())
}
