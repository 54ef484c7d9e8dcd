//! docs/configuration.md names every option that `bellpush serve --help` names.

use bellpush_test_support::server::binary;

const PAGE: &str = include_str!("../../../docs/configuration.md");

#[test]
fn the_page_names_every_option_and_its_variable() -> anyhow::Result<()> {
    let help = std::process::Command::new(binary()?).args(["serve", "--help"]).output()?;
    let help = String::from_utf8(help.stdout)?;
    let mut options = 0;
    for line in help.lines().map(str::trim_start) {
        if let Some(option) = line.strip_prefix("--") {
            let name = option.split([' ', '=', '[']).next().unwrap_or_default();
            assert!(PAGE.contains(&format!("`--{name}`")), "--{name} is not in the page");
            options += 1;
        }
        if let Some((_, rest)) = line.split_once("[env: ") {
            let variable = rest.split(['=', ']']).next().unwrap_or_default();
            assert!(PAGE.contains(variable), "{variable} is not in the page");
        }
    }
    assert!(options > 20, "only {options} options were found in:\n{help}");
    Ok(())
}
