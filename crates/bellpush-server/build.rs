//! Makes sure that the folder of the built web parts exists, so that the server compiles before
//! they are built; it then answers with a sentence that says how to build them.

fn main() -> std::io::Result<()> {
    let dist = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    std::fs::create_dir_all(&dist)?;
    println!("cargo:rerun-if-changed={}", dist.display());
    Ok(())
}
