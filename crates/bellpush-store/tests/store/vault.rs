//! Secrets at rest.

use std::os::unix::fs::PermissionsExt;

use base64::{Engine, prelude::BASE64_STANDARD};
use bellpush_store::{MasterKey, vault::VaultError};
use secrecy::ExposeSecret;
use tempfile::TempDir;

use crate::site::master_key;

const IDENTITY: &str = "integration:int_1:signing";

#[test]
fn a_sealed_secret_opens_for_its_own_record() {
    let sealed = master_key().seal(IDENTITY, &"whsec_1".into()).unwrap();
    assert_eq!(master_key().open(IDENTITY, &sealed).unwrap().expose_secret(), "whsec_1");
    assert!(!BASE64_STANDARD.decode(&sealed).unwrap().windows(5).any(|part| part == b"whsec"));
}

#[test]
fn the_same_secret_is_sealed_differently_each_time() {
    let seal = || master_key().seal(IDENTITY, &"whsec_1".into()).unwrap();
    assert_ne!(seal(), seal());
}

#[test]
fn a_secret_moved_to_another_record_does_not_open() {
    let sealed = master_key().seal(IDENTITY, &"whsec_1".into()).unwrap();
    let error = master_key().open("integration:int_2:signing", &sealed).unwrap_err();
    assert!(matches!(error, VaultError::Unreadable), "{error:?}");
}

#[test]
fn another_key_does_not_open() {
    let sealed = master_key().seal(IDENTITY, &"whsec_1".into()).unwrap();
    let error = MasterKey::from_bytes([8; 32]).open(IDENTITY, &sealed).unwrap_err();
    assert!(matches!(error, VaultError::Unreadable), "{error:?}");
}

#[test]
fn no_byte_can_be_changed() {
    let sealed = master_key().seal(IDENTITY, &"whsec_1".into()).unwrap();
    let bytes = BASE64_STANDARD.decode(sealed).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let error = master_key().open(IDENTITY, &BASE64_STANDARD.encode(changed)).unwrap_err();
        match error {
            VaultError::OtherVersion(0) => assert_eq!(at, 0),
            VaultError::Unreadable => assert_ne!(at, 0),
            other => panic!("{other:?}"),
        }
    }
    for length in 0..bytes.len() {
        let cut = BASE64_STANDARD.encode(&bytes[..length]);
        assert!(master_key().open(IDENTITY, &cut).is_err());
    }
}

#[test]
fn a_master_key_is_read_in_either_writing() {
    let sealed = master_key().seal(IDENTITY, &"whsec_1".into()).unwrap();
    for text in ["07".repeat(32), BASE64_STANDARD.encode([7; 32]) + "\n"] {
        let key = MasterKey::from_text(&text.into()).unwrap();
        assert!(key.open(IDENTITY, &sealed).is_ok());
    }
    for text in
        ["".to_owned(), "07".repeat(31), "0x".repeat(32), "+7".repeat(32), "\u{e9}".repeat(32)]
    {
        let error = MasterKey::from_text(&text.clone().into()).unwrap_err();
        assert!(matches!(error, VaultError::NotAKey), "{text:?} was read");
    }
}

#[test]
fn a_master_key_is_made_once_and_for_this_user_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("master.key");
    let made = MasterKey::load_or_create(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(dir.path().read_dir().unwrap().count(), 1, "no draft is left behind");
    let sealed = made.seal(IDENTITY, &"whsec_1".into()).unwrap();
    assert!(MasterKey::load_or_create(&path).unwrap().open(IDENTITY, &sealed).is_ok());
}

#[test]
fn a_master_key_that_can_t_be_read_is_never_replaced() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("master.key");
    std::fs::write(&path, "half a k").unwrap();
    assert!(matches!(MasterKey::load_or_create(&path), Err(VaultError::NotAKey)));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "half a k");
    let missing = dir.path().join("missing/master.key");
    assert!(matches!(MasterKey::load_or_create(&missing), Err(VaultError::File { .. })));
}

#[test]
fn nothing_of_a_key_is_shown() {
    assert_eq!(format!("{:?}", master_key()), "MasterKey(…)");
}
