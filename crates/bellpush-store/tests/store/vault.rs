//! Secrets at rest.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use base64::{Engine, prelude::BASE64_STANDARD};
use bellpush_store::{KeyRing, MasterKey, vault::VaultError};
use secrecy::ExposeSecret;
use tempfile::TempDir;

const IDENTITY: &str = "integration:int_1:signing";

fn ring() -> KeyRing {
    MasterKey::from_bytes([7; 32]).into()
}

fn read(text: &str) -> Result<KeyRing, VaultError> {
    KeyRing::from_text(&text.into())
}

#[test]
fn a_sealed_secret_opens_for_its_own_record() {
    let sealed = ring().seal(IDENTITY, &"whsec_1".into()).unwrap();
    assert_eq!(ring().open(IDENTITY, &sealed).unwrap().expose_secret(), "whsec_1");
    assert!(!BASE64_STANDARD.decode(&sealed).unwrap().windows(5).any(|part| part == b"whsec"));
}

#[test]
fn the_same_secret_is_sealed_differently_each_time() {
    let seal = || ring().seal(IDENTITY, &"whsec_1".into()).unwrap();
    assert_ne!(seal(), seal());
}

#[test]
fn a_secret_moved_to_another_record_does_not_open() {
    let sealed = ring().seal(IDENTITY, &"whsec_1".into()).unwrap();
    let error = ring().open("integration:int_2:signing", &sealed).unwrap_err();
    assert!(matches!(error, VaultError::Unreadable), "{error:?}");
}

#[test]
fn another_key_does_not_open() {
    let sealed = ring().seal(IDENTITY, &"whsec_1".into()).unwrap();
    let error = KeyRing::from(MasterKey::from_bytes([8; 32])).open(IDENTITY, &sealed).unwrap_err();
    assert!(matches!(error, VaultError::Unreadable), "{error:?}");
}

#[test]
fn no_byte_can_be_changed() {
    let sealed = ring().seal(IDENTITY, &"whsec_1".into()).unwrap();
    let bytes = BASE64_STANDARD.decode(sealed).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let error = ring().open(IDENTITY, &BASE64_STANDARD.encode(changed)).unwrap_err();
        match error {
            VaultError::OtherVersion(0) => assert_eq!(at, 0),
            VaultError::Unreadable => assert_ne!(at, 0),
            other => panic!("{other:?}"),
        }
    }
    for length in 0..bytes.len() {
        let cut = BASE64_STANDARD.encode(&bytes[..length]);
        assert!(ring().open(IDENTITY, &cut).is_err());
    }
}

#[test]
fn a_master_key_is_read_in_either_writing() {
    let sealed = ring().seal(IDENTITY, &"whsec_1".into()).unwrap();
    for text in ["07".repeat(32), BASE64_STANDARD.encode([7; 32]) + "\n"] {
        assert!(read(&text).unwrap().open(IDENTITY, &sealed).is_ok());
    }
    for text in
        ["".to_owned(), "07".repeat(31), "0x".repeat(32), "+7".repeat(32), "\u{e9}".repeat(32)]
    {
        let error = read(&text).unwrap_err();
        assert!(matches!(error, VaultError::NotAKey), "{text:?} was read");
    }
}

#[test]
fn a_master_key_is_made_once_and_for_this_user_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("master.key");
    let made = KeyRing::load_or_create(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(dir.path().read_dir().unwrap().count(), 1, "no draft is left behind");
    let sealed = made.seal(IDENTITY, &"whsec_1".into()).unwrap();
    assert!(KeyRing::load_or_create(&path).unwrap().open(IDENTITY, &sealed).is_ok());
}

#[test]
fn a_master_key_that_can_t_be_read_is_never_replaced() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("master.key");
    std::fs::write(&path, "half a k").unwrap();
    assert!(matches!(KeyRing::load_or_create(&path), Err(VaultError::NotAKey)));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "half a k");
    let missing = dir.path().join("missing/master.key");
    assert!(matches!(KeyRing::load_or_create(&missing), Err(VaultError::File { .. })));
}

#[test]
fn nothing_of_a_key_is_shown() {
    assert_eq!(format!("{:?}", MasterKey::from_bytes([7; 32])), "MasterKey(…)");
    assert!(!format!("{:?}", ring()).contains("7,"));
}

#[test]
fn the_newest_key_seals_and_each_opens_its_own() {
    let old = ring();
    let sealed = old.seal(IDENTITY, &"whsec_1".into()).unwrap();
    let both = old.with_new_key().unwrap();
    assert_eq!((old.current(), both.current()), (1, 2));
    assert!(both.open(IDENTITY, &sealed).is_ok());
    let newer = both.seal(IDENTITY, &"whsec_1".into()).unwrap();
    assert!(both.open(IDENTITY, &newer).is_ok());
    let error = old.open(IDENTITY, &newer).unwrap_err();
    assert!(matches!(error, VaultError::OtherVersion(2)), "{error:?}");

    let new = both.without(1).unwrap();
    assert!(new.open(IDENTITY, &newer).is_ok());
    let error = new.open(IDENTITY, &sealed).unwrap_err();
    assert!(matches!(error, VaultError::OtherVersion(1)), "{error:?}");
    assert!(new.without(2).is_none(), "the current key was dropped");
    assert!(new.without(1).is_none(), "there was nothing to drop");
}

#[test]
fn a_sealed_secret_can_not_be_passed_off_as_of_another_version() {
    let both = ring().with_new_key().unwrap();
    let sealed = both.seal(IDENTITY, &"whsec_1".into()).unwrap();
    let mut bytes = BASE64_STANDARD.decode(sealed).unwrap();
    bytes[0] = 1;
    let error = both.open(IDENTITY, &BASE64_STANDARD.encode(bytes)).unwrap_err();
    assert!(matches!(error, VaultError::Unreadable), "{error:?}");
}

#[test]
fn a_ring_is_read_line_by_line_or_between_commas() {
    let (one, two) = ("07".repeat(32), BASE64_STANDARD.encode([8; 32]));
    let sealed = ring().seal(IDENTITY, &"whsec_1".into()).unwrap();
    for text in [
        format!("1:{one}\n2:{two}\n"),
        format!("# ours\n\n 2 : {two} # new\n1:{one}"),
        format!("1:{one},2:{two}"),
    ] {
        let ring = read(&text).unwrap();
        assert_eq!(ring.versions().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(ring.current(), 2);
        assert!(ring.open(IDENTITY, &sealed).is_ok());
    }
    for (text, line) in [
        (format!("1:{one}\n{two}"), 2),
        (format!("1:{one}\n1:{two}"), 2),
        (format!("0:{one}"), 1),
        (format!("256:{one}"), 1),
        (format!("x:{one}"), 1),
        (format!("{one}\n2:{two}"), 1),
    ] {
        let error = read(&text).unwrap_err();
        assert!(matches!(error, VaultError::NotAVersion(at) if at == line), "{text}: {error:?}");
        assert!(!error.to_string().contains("0707"), "{error}");
    }
    assert!(matches!(read("1:short"), Err(VaultError::NotAKey)));
    assert!(matches!(read("# nothing\n"), Err(VaultError::NotAKey)));
}

#[test]
fn a_file_with_one_key_becomes_a_ring_that_reads_back() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("master.key");
    std::fs::write(&path, "07".repeat(32) + "\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o604)).unwrap();
    let sealed = ring().seal(IDENTITY, &"whsec_1".into()).unwrap();
    let rotated = KeyRing::load(&path).unwrap().with_new_key().unwrap();
    rotated.save(&path).unwrap();
    let again = KeyRing::load(&path).unwrap();
    assert_eq!(again.current(), 2);
    assert!(again.open(IDENTITY, &sealed).is_ok());
    let newer = rotated.seal(IDENTITY, &"whsec_1".into()).unwrap();
    assert!(again.open(IDENTITY, &newer).is_ok());
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(dir.path().read_dir().unwrap().count(), 1, "no draft is left behind");
}

#[test]
fn whoever_could_read_the_file_can_after_it_was_replaced_and_a_link_stays_one() {
    let folder = TempDir::new().unwrap();
    let (file, link) = (folder.path().join("real.key"), folder.path().join("master.key"));
    std::os::unix::fs::symlink("real.key", &link).unwrap();
    KeyRing::load_or_create(&file).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    // Only root may give it to another user.
    _ = std::os::unix::fs::chown(&file, Some(4_321), Some(1_234));
    let who = || {
        let it = std::fs::metadata(&file).unwrap();
        (it.uid(), it.gid(), it.permissions().mode() & 0o777)
    };
    let before = who();
    let more = ring().with_new_key().unwrap();
    more.save(&link).unwrap();
    assert_eq!(who(), before);
    assert!(link.is_symlink());
    let kept: Vec<u8> = KeyRing::load(&file).unwrap().versions().collect();
    assert_eq!(kept, more.versions().collect::<Vec<_>>());
    assert_eq!(folder.path().read_dir().unwrap().count(), 2, "no draft is left");
}
