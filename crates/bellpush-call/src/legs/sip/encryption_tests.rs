//! Keys for SRTP in session descriptions.

use super::*;

#[test]
fn keys_are_offered_by_policy() {
    for (policy, protocol, keys) in [
        (SrtpPolicy::Off, "RTP/AVP", 0),
        (SrtpPolicy::Optional, "RTP/AVP", 4),
        (SrtpPolicy::Required, "RTP/SAVP", 4),
    ] {
        let offer = Negotiation::new(local(policy)).offer();
        assert!(offer.contains(&format!("m=audio 20000 {protocol} ")), "{offer}");
        assert_eq!(offer.matches("a=crypto:").count(), keys, "{offer}");
    }
}

#[test]
fn media_is_encrypted_with_the_suite_that_the_far_side_took() {
    use base64::Engine as _;
    let secret = [&b"YS___semctl"[..], &[0x89; 33]].concat();
    for (tag, name, suite) in [
        (1, "AEAD_AES_128_GCM", SrtpSuite::AeadAes128Gcm),
        (2, "AES_CM_128_HMAC_SHA1_80", SrtpSuite::AesCm128HmacSha1Tag80),
        (3, "AEAD_AES_256_GCM", SrtpSuite::AeadAes256Gcm),
        (4, "AES_CM_128_HMAC_SHA1_32", SrtpSuite::AesCm128HmacSha1Tag32),
    ] {
        let key = &secret[..suite.key_len() + suite.salt_len()];
        let key = base64::engine::general_purpose::STANDARD.encode(key);
        let crypto = format!("a=crypto:{tag} {name} inline:{key}");
        let answer = sdp(&format!("m=audio 4000 RTP/SAVP 8\n        {crypto}"));
        let mut negotiation = Negotiation::new(local(SrtpPolicy::Required));
        let offer = negotiation.offer();
        assert!(offer.contains(&format!("a=crypto:{tag} {name} inline:")), "{offer}");
        let keys = negotiation.accept(&answer).unwrap().srtp.clone().unwrap();
        assert_eq!((keys.ours.suite(), keys.theirs.suite()), (suite, suite));
        let (ours, salt) = keys.ours.parts();
        assert_eq!(ours, vec![tag; suite.key_len()]);
        assert_eq!(salt, vec![tag; suite.salt_len()]);
        assert!(keys.theirs.parts().0.starts_with(b"YS___semctl"));
        assert!(!format!("{keys:?}").contains("137"), "a key shows in {keys:?}");
    }
}

#[test]
fn a_key_that_is_too_short_for_its_suite_is_none() {
    let crypto = format!("a=crypto:1 AEAD_AES_256_GCM inline:{KEY}");
    let answer = sdp(&format!("m=audio 4000 RTP/SAVP 8\n        {crypto}"));
    let mut negotiation = Negotiation::new(local(SrtpPolicy::Required));
    negotiation.offer();
    assert!(matches!(negotiation.accept(&answer), Err(SdpError::Encryption)));
}

#[test]
fn a_far_side_without_keys_is_refused_only_where_they_are_required() {
    let plain = sdp("m=audio 4000 RTP/AVP 8");
    for (policy, works) in
        [(SrtpPolicy::Off, true), (SrtpPolicy::Optional, true), (SrtpPolicy::Required, false)]
    {
        let mut negotiation = Negotiation::new(local(policy));
        negotiation.offer();
        assert_eq!(negotiation.accept(&plain).is_ok(), works);
        assert_eq!(negotiation.answer(&plain).is_ok(), works);
    }
}

#[test]
fn keys_with_what_we_do_not_have_are_passed_over() {
    for crypto in [
        format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4"),
        format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP"),
        format!("a=crypto:1 AEAD_AES_256_GCM inline:{KEY}"),
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2hvcnQ=".to_owned(),
    ] {
        let answer = sdp(&format!("m=audio 4000 RTP/SAVP 8\n        {crypto}"));
        let mut negotiation = Negotiation::new(local(SrtpPolicy::Optional));
        negotiation.offer();
        assert_eq!(negotiation.accept(&answer), Err(SdpError::Encryption), "{crypto}");
    }
}

#[test]
fn an_answer_with_keys_is_encrypted_or_is_none() {
    let suite = "AES_CM_128_HMAC_SHA1_80";
    for (crypto, is_encrypted) in [
        (format!("2 {suite} inline:{KEY}"), Some(true)),
        (format!("2 {suite} inline:{KEY} WSH=128"), Some(true)),
        (format!("2 {suite} inline:{KEY}|2^31 "), Some(true)),
        (format!("2  {suite}   inline:{KEY} \t"), Some(true)),
        (format!("2 {suite} inline:{KEY}|2^31|1:1"), None),
        (format!("2 {suite} inline:{KEY} WSH=128 UNENCRYPTED_SRTP"), None),
        ("nonsense".to_owned(), None),
    ] {
        let answer = sdp(&format!("m=audio 4000 RTP/AVP 8\r\na=crypto:{crypto}"));
        let mut negotiation = Negotiation::new(local(SrtpPolicy::Optional));
        negotiation.offer();
        let plan = negotiation.accept(&answer).map(|plan| plan.srtp.is_some());
        assert_eq!(plan, is_encrypted.ok_or(SdpError::Encryption), "{crypto}");
    }
}
