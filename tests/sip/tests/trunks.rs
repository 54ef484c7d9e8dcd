//! Trunks as a whole: registration, proxies, failover, health, and what comes uninvited.

use std::{
    net::UdpSocket,
    time::{Duration, Instant},
};

use bellpush_call::{
    Credentials, FarFailure, ProxyAddress, Registration, RegistrationStatus, SipTransport, SipUser,
    TrunkConfig, TrunkEvent, TrunkStatus, Trunks,
};
use bellpush_core::ids::TrunkId;
use bellpush_sip_tests::{
    Call, Certificate, HOST_NAME, Kamailio, Names, PATIENCE, Service, Sipp, target, trunk, trunks,
    trunks_config,
};
use bellpush_test_support::ports::free_port;

type Result = anyhow::Result<()>;

fn credentials(password: &str) -> Option<Credentials> {
    Some(Credentials { username: "1000".into(), password: password.into() })
}

fn registration() -> anyhow::Result<Option<Registration>> {
    let user = Some(SipUser::try_from("1000")?);
    Ok(Some(Registration { user, expires: Duration::from_secs(60) }))
}

/// Waits until a trunk is as it should be.
async fn status(trunks: &Trunks, id: TrunkId, wanted: fn(&TrunkStatus) -> bool) -> TrunkStatus {
    let start = Instant::now();
    loop {
        let status = trunks.status(id).unwrap_or_default();
        if wanted(&status) {
            return status;
        }
        assert!(start.elapsed() < PATIENCE, "{status:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_trunk_registers_calls_through_the_proxy_and_says_goodbye() -> Result {
    for algorithm in ["MD5", "SHA-256"] {
        through_kamailio(algorithm).await?;
    }
    Ok(())
}

async fn through_kamailio(algorithm: &str) -> Result {
    let sipp = Sipp::start("plain_answer").await?;
    let kamailio = Kamailio::start(sipp.port, algorithm, None).await?;
    let trunk = TrunkConfig {
        credentials: credentials("secret"),
        registration: registration()?,
        keep_alive: Some(Duration::from_secs(1)),
        ..trunk(kamailio.port)
    };
    let (id, target) = (trunk.id, target(&trunk));
    let trunks = trunks(vec![trunk]).await?;
    let registered = |status: &TrunkStatus| {
        status.registration == RegistrationStatus::Registered && status.round_trip.is_some()
    };
    let healthy = status(&trunks, id, registered).await;
    assert_eq!((healthy.is_healthy, healthy.last_error), (Some(true), None));
    let mut call = Call::start(&trunks, target).await?;
    call.answer().await?;
    call.hang_up().await?;
    sipp.finish().await?;
    trunks.set(Vec::new());
    assert_eq!(trunks.status(id), None);
    Ok(())
}

#[tokio::test]
async fn a_registrar_that_refuses_is_told_in_the_status() -> Result {
    let kamailio = Kamailio::start(free_port()?, "MD5", None).await?;
    let trunk = TrunkConfig {
        credentials: credentials("wrong"),
        registration: registration()?,
        ..trunk(kamailio.port)
    };
    let id = trunk.id;
    let trunks = trunks(vec![trunk.clone()]).await?;
    let failed = |status: &TrunkStatus| status.registration == RegistrationStatus::Failed;
    let refused = status(&trunks, id, failed).await;
    assert_eq!(refused.last_error.as_deref(), Some("REGISTER: 401 Unauthorized"));
    // The right password, while the server runs.
    trunks.set(vec![TrunkConfig { credentials: credentials("secret"), ..trunk }]);
    status(&trunks, id, |status| status.registration == RegistrationStatus::Registered).await;
    Ok(())
}

#[tokio::test]
async fn a_registration_that_is_too_brief_is_lengthened() -> Result {
    let sipp = Sipp::start("brief_registration").await?;
    let trunk = TrunkConfig { registration: registration()?, ..trunk(sipp.port) };
    let id = trunk.id;
    let trunks = trunks(vec![trunk]).await?;
    status(&trunks, id, |status| status.registration == RegistrationStatus::Registered).await;
    sipp.finish().await
}

#[tokio::test]
async fn requests_go_to_the_outbound_proxy_and_name_the_domain() -> Result {
    let proxy = Sipp::start("plain_answer").await?;
    let trunk = TrunkConfig {
        // Which no DNS knows.
        domain: "pbx.invalid".into(),
        outbound_proxy: Some(ProxyAddress { host: "127.0.0.1".into(), port: Some(proxy.port) }),
        ..trunk(5_070)
    };
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    let mut call = Call::start(&trunks, target).await?;
    call.answer().await?;
    proxy.heard("INVITE sip:100@pbx.invalid:5070 SIP/2.0").await?;
    proxy.heard("To: <sip:100@pbx.invalid>").await?;
    call.hang_up().await?;
    proxy.finish().await
}

#[tokio::test]
async fn tls_is_spoken_with_who_has_a_trusted_certificate_and_with_nobody_else() -> Result {
    let own = Certificate::make()?;
    let sipp = Sipp::start("plain_answer").await?;
    let kamailio = Kamailio::start(sipp.port, "MD5", Some(&own)).await?;
    let trusting = TrunkConfig {
        transport: SipTransport::Tls,
        credentials: credentials("secret"),
        trusted_certificates: Some(own.file()),
        ..trunk(kamailio.port + 1)
    };
    let doubting = TrunkConfig {
        id: TrunkId::from_uuid(uuid::Uuid::now_v7()),
        trusted_certificates: None,
        ..trusting.clone()
    };
    let (good, bad) = (target(&trusting), target(&doubting));
    let id = doubting.id;
    let trunks = trunks(vec![trusting, doubting]).await?;
    let mut refused = Call::start(&trunks, bad).await?;
    assert!(matches!(refused.next().await?, TrunkEvent::Failed(FarFailure::Transport)));
    let error = trunks.status(id).and_then(|status| status.last_error).unwrap_or_default();
    assert!(error.contains("certificate"), "{error}");
    let mut call = Call::start(&trunks, good).await?;
    call.answer().await?;
    call.hang_up().await?;
    sipp.finish().await
}

#[tokio::test]
async fn a_proxy_that_is_started_anew_is_spoken_to_over_tls_again() -> Result {
    let own = Certificate::make()?;
    let sipp = Sipp::start("plain_answer").await?;
    let mut kamailio = Kamailio::start(sipp.port, "MD5", Some(&own)).await?;
    let trunk = TrunkConfig {
        transport: SipTransport::Tls,
        credentials: credentials("secret"),
        trusted_certificates: Some(own.file()),
        keep_alive: Some(Duration::from_secs(1)),
        ..trunk(kamailio.port + 1)
    };
    let (id, target) = (trunk.id, target(&trunk));
    let trunks = trunks(vec![trunk]).await?;
    status(&trunks, id, |status| status.is_healthy == Some(true)).await;
    kamailio.stop().await?;
    status(&trunks, id, |status| status.is_healthy == Some(false)).await;
    kamailio.start_again().await?;
    let healthy = status(&trunks, id, |status| status.is_healthy == Some(true)).await;
    assert_eq!(healthy.last_error, None);
    let mut call = Call::start(&trunks, target).await?;
    call.answer().await?;
    call.hang_up().await?;
    sipp.finish().await
}

/// The trunks of a domain whose targets DNS names.
async fn trunks_by_names(names: &Names, trunk: TrunkConfig) -> anyhow::Result<Trunks> {
    let mut config = trunks_config();
    config.dns = Some(names.address);
    let trunks = Trunks::start(config).await?;
    trunks.set(vec![trunk]);
    Ok(trunks)
}

fn by_name(domain: &str) -> TrunkConfig {
    TrunkConfig { domain: domain.into(), port: None, ..trunk(0) }
}

#[tokio::test]
async fn a_target_that_is_silent_or_out_of_order_gives_way_to_the_next() -> Result {
    let silent = UdpSocket::bind("127.0.0.1:0")?;
    let broken = Sipp::start("unavailable").await?;
    let sipp = Sipp::start("plain_answer").await?;
    let name = "_sip._udp.pbx.example.";
    let service = |priority, port| Service { name, priority, host: HOST_NAME, port };
    let names = Names::start(vec![
        service(3, sipp.port),
        service(1, silent.local_addr()?.port()),
        service(2, broken.port),
    ])
    .await?;
    let trunk = by_name("pbx.example");
    let (id, target) = (trunk.id, target(&trunk));
    let trunks = trunks_by_names(&names, trunk).await?;
    let mut call = Call::start(&trunks, target).await?;
    call.answer().await?;
    call.hang_up().await?;
    sipp.finish().await?;
    broken.finish().await?;
    let status = trunks.status(id).unwrap_or_default();
    let answering = status.targets.values().filter(|answers| **answers).count();
    assert_eq!((status.targets.len(), answering, status.is_healthy), (3, 1, Some(true)));
    Ok(())
}

#[tokio::test]
async fn a_domain_that_says_that_it_has_no_such_service_is_not_called() -> Result {
    let name = "_sip._udp.pbx.example.";
    let names = Names::start(vec![Service { name, priority: 0, host: HOST_NAME, port: 0 }]).await?;
    let trunk = by_name("pbx.example");
    let (id, target) = (trunk.id, target(&trunk));
    let trunks = trunks_by_names(&names, trunk).await?;
    let mut call = Call::start(&trunks, target).await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Transport)));
    call.end().await?;
    let error = trunks.status(id).and_then(|status| status.last_error).unwrap_or_default();
    assert!(error.contains("does not offer SIP"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_trunk_that_nobody_answers_on_fails_the_call() -> Result {
    let silent = UdpSocket::bind("127.0.0.1:0")?;
    let trunk = TrunkConfig {
        keep_alive: Some(Duration::from_secs(1)),
        ..trunk(silent.local_addr()?.port())
    };
    let (id, target) = (trunk.id, target(&trunk));
    let trunks = trunks(vec![trunk]).await?;
    let mut call = Call::start(&trunks, target).await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Transport)));
    call.end().await?;
    let down = status(&trunks, id, |status| status.is_healthy == Some(false)).await;
    assert!(down.last_error.is_some());
    Ok(())
}

#[tokio::test]
async fn a_connection_that_is_refused_fails_the_call_at_once() -> Result {
    let trunk = TrunkConfig { transport: SipTransport::Tcp, ..trunk(free_port()?) };
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    let start = Instant::now();
    let mut call = Call::start(&trunks, target).await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Transport)));
    assert!(start.elapsed() < PATIENCE / 4);
    Ok(())
}

#[tokio::test]
async fn a_call_on_a_trunk_that_does_not_run_fails() -> Result {
    let trunks = trunks(Vec::new()).await?;
    let mut call = Call::start(&trunks, target(&trunk(5060))).await?;
    assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Transport)));
    call.end().await
}

/// Sends a request from outside and returns the status of the answer, if one comes.
fn ask(socket: &UdpSocket, trunks: &Trunks, method: &str, to_tag: &str) -> Option<String> {
    let from = socket.local_addr().ok()?;
    let branch = uuid::Uuid::now_v7().simple();
    let request = format!(
        "{method} sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{branch}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:y@127.0.0.1>;tag=1\r\nTo: <sip:x@127.0.0.1>{to_tag}\r\n\
         Call-ID: {branch}\r\nCSeq: 1 {method}\r\nContact: <sip:y@{from}>\r\nContent-Length: 0\r\n\r\n"
    );
    socket.send_to(request.as_bytes(), trunks.local_addr()).ok()?;
    let mut buffer = [0; 2_000];
    let (length, _) = socket.recv_from(&mut buffer).ok()?;
    let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
    Some(answer.split(' ').nth(1)?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_call_in() -> Result {
    let trunks = trunks(Vec::new()).await?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    for (method, to_tag, status) in [
        ("OPTIONS", "", "200"),
        ("INVITE", "", "403"),
        ("REGISTER", "", "405"),
        ("BYE", ";tag=2", "481"),
        ("INVITE", ";tag=2", "481"),
    ] {
        let answer = ask(&socket, &trunks, method, to_tag);
        assert_eq!(answer.as_deref(), Some(status), "{method}");
    }
    Ok(())
}

/// Noise that looks more or less like SIP, the same in every run.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let message = b"INVITE sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\n\
        From: <sip:y@h>;tag=1\r\nTo: <sip:x@h>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
    let mut bytes = message.to_vec();
    match random() % 4 {
        0 => bytes = (0..random() % 600).map(|_| (random() >> 24) as u8).collect(),
        1 => bytes.truncate((random() % 200) as usize),
        _ => {
            for _ in 0..=random() % 8 {
                let at = (random() % bytes.len() as u64) as usize;
                bytes[at] = (random() >> 24) as u8;
            }
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_under_a_flood_of_broken_messages() -> Result {
    let sipp = Sipp::start("plain_answer").await?;
    let trunk = trunk(sipp.port);
    let target = target(&trunk);
    let trunks = trunks(vec![trunk]).await?;
    let to = trunks.local_addr();
    let flood = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        for seed in 0..20_000 {
            // What the system's buffer does not take is lost, as on the way.
            let _ = socket.send_to(&noise(seed), to);
        }
        Ok(())
    });
    let mut call = Call::start(&trunks, target).await?;
    call.answer().await?;
    flood.await??;
    call.hang_up().await?;
    sipp.finish().await?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    let alive = (0..10).any(|_| ask(&socket, &trunks, "OPTIONS", "").as_deref() == Some("200"));
    assert!(alive, "the SIP port is dead");
    Ok(())
}
