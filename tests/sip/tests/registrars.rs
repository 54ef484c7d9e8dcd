//! Registrars that grant what nobody asked for.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use anyhow::Context as _;
use bellpush_call::{
    CallerIdentity, Credentials, DisplayName, FarFailure, Registration, RegistrationStatus,
    SipTransport, SipUser, TrunkConfig, TrunkEvent, Trunks, TrunksConfig,
};
use bellpush_core::ids::TrunkId;
use bellpush_sip_tests::{
    Call, HOST_NAME, Message, Names, PATIENCE, Peer, Service, read_message, reply, target, trunk,
    trunks, trunks_config,
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

type Result = anyhow::Result<()>;

fn registering(peer: &Peer) -> anyhow::Result<TrunkConfig> {
    let user = Some(SipUser::try_from("1000")?);
    Ok(TrunkConfig {
        credentials: Some(Credentials { username: "1000".into(), password: "secret".into() }),
        registration: Some(Registration { user, expires: Duration::from_secs(3_600) }),
        ..trunk(peer.port)
    })
}

/// Answers each REGISTER that comes in this time. Returns how many came.
async fn registrar(
    peer: &Peer,
    lasts: Duration,
    mut answer: impl FnMut(usize, &str) -> (String, String),
) -> anyhow::Result<usize> {
    let end = Instant::now() + lasts;
    let mut count = 0;
    while let Some(request) = peer.within(end.saturating_duration_since(Instant::now())).await? {
        count += 1;
        let (status, more) = answer(count, request.header("Contact")?);
        peer.reply(&request, &status, &more, "").await?;
    }
    Ok(count)
}

#[tokio::test]
async fn a_registrar_that_grants_no_time_or_has_a_new_nonce_each_time_is_left_in_peace() -> Result {
    let grants_nothing = |_: usize, contact: &str| {
        ("200 OK".to_owned(), format!("Contact: {contact};expires=0\r\n"))
    };
    let grants_a_second = |_: usize, contact: &str| {
        ("200 OK".to_owned(), format!("Contact: {contact};expires=1\r\n"))
    };
    let always_stale = |count: usize, _: &str| {
        let nonce = count.to_string();
        (
            "401 No".to_owned(),
            format!("WWW-Authenticate: Digest realm=\"x\", nonce=\"{nonce}\", stale=true\r\n"),
        )
    };
    let refuses = |_: usize, _: &str| ("503 No".to_owned(), "Retry-After: 60\r\n".to_owned());
    let lasts = Duration::from_secs(8);
    let mut peers = Vec::new();
    for _ in 0..4 {
        peers.push(Peer::start().await?);
    }
    let configs = peers.iter().map(registering).collect::<anyhow::Result<Vec<_>>>()?;
    let _trunks = trunks(configs).await?;
    let (nothing, second, stale, refused) = tokio::try_join!(
        registrar(&peers[0], lasts, grants_nothing),
        registrar(&peers[1], lasts, grants_a_second),
        registrar(&peers[2], lasts, always_stale),
        registrar(&peers[3], lasts, refuses),
    )?;
    assert_eq!((nothing, second, stale, refused), (1, 1, 4, 1));
    Ok(())
}

#[tokio::test]
async fn a_binding_that_the_registrar_rewrites_is_renewed_in_its_own_time() -> Result {
    let peer = Peer::start().await?;
    let config = registering(&peer)?;
    let id = config.id;
    let trunks = trunks(vec![config]).await?;
    let rewritten = |_: usize, _: &str| {
        let contact = "Contact: <sip:1000@203.0.113.9:40000>;expires=13\r\n";
        ("200 OK".to_owned(), contact.to_owned())
    };
    let count = registrar(&peer, Duration::from_secs(15), rewritten).await?;
    assert_eq!(count, 2);
    let status = trunks.status(id).context("no trunk")?;
    assert_eq!(status.registration, RegistrationStatus::Registered);
    Ok(())
}

/// What a registrar must never be believed: a number of seconds that is no time.
#[tokio::test]
async fn a_registrar_that_wants_or_grants_an_eternity_is_asked_for_the_time_of_the_trunk() -> Result
{
    let huge = u64::MAX;
    let peer = Peer::start().await?;
    let config = TrunkConfig {
        registration: Some(Registration {
            user: Some(SipUser::try_from("1000")?),
            expires: Duration::from_secs(12),
        }),
        ..registering(&peer)?
    };
    let id = config.id;
    let trunks = trunks(vec![config]).await?;
    let mut asked = Vec::new();
    for (status, more) in [
        ("423 Too Brief", format!("Min-Expires: {huge}\r\n")),
        ("423 Too Brief", "Min-Expires: 13\r\n".to_owned()),
        ("200 OK", format!("Expires: {huge}\r\n")),
        ("200 OK", String::new()),
    ] {
        let request = peer.receive("REGISTER").await?;
        asked.push(request.header("Expires")?.to_owned());
        peer.reply(&request, status, &more, "").await?;
    }
    // Refused; after a while lengthened at once; and renewed in time, whatever was granted.
    assert_eq!(asked, ["12", "12", "13", "13"]);
    registered(&trunks, id).await
}

/// Waits until a trunk says that it is registered.
async fn registered(trunks: &Trunks, id: TrunkId) -> Result {
    let begin = Instant::now();
    while trunks.status(id).context("no trunk")?.registration != RegistrationStatus::Registered {
        anyhow::ensure!(begin.elapsed() < PATIENCE, "not registered");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Knows bindings by their Contact, and takes its time to forget one. Returns those that are left when nothing
/// has come for a while.
async fn slow_to_forget(peer: &Peer) -> anyhow::Result<BTreeSet<String>> {
    const DELAY: Duration = Duration::from_millis(500);
    let mut bindings = BTreeSet::new();
    let mut forgetting = VecDeque::<(Instant, Message)>::new();
    loop {
        let due = forgetting.front().map(|(at, _)| at.saturating_duration_since(Instant::now()));
        match peer.within(due.unwrap_or(4 * DELAY)).await? {
            Some(request) if request.header("Expires")? == "0" => {
                // The same may come once more before it is answered.
                if forgetting.iter().all(|(_, before)| before.text != request.text) {
                    forgetting.push_back((Instant::now() + DELAY, request));
                }
            }
            Some(request) => {
                bindings.insert(request.contact()?.to_owned());
                let more = format!("Contact: {};expires=600\r\n", request.header("Contact")?);
                peer.reply(&request, "200 OK", &more, "").await?;
            }
            None => {
                let Some((_, request)) = forgetting.pop_front() else { return Ok(bindings) };
                bindings.remove(request.contact()?);
                peer.reply(&request, "200 OK", "", "").await?;
            }
        }
    }
}

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"mine\", nonce=\"1\"\r\n";

/// It might be anybody who is called.
#[tokio::test]
async fn a_call_is_not_signed_in_before_the_registrar_has_said_who_the_trunk_is() -> Result {
    let peer = Peer::start().await?;
    let config = registering(&peer)?;
    let trunks = trunks(vec![config.clone()]).await?;
    let mut early = Call::start(&trunks, target(&config)).await?;
    let invite = peer.receive("INVITE").await?;
    peer.reply(&invite, "401 No", CHALLENGE, "").await?;
    assert!(matches!(early.next().await?, TrunkEvent::Failed(FarFailure::Rejected)));

    let peer = Peer::start().await?;
    let config = registering(&peer)?;
    trunks.set(vec![config.clone()]);
    let register = peer.receive("REGISTER").await?;
    peer.reply(&register, "401 No", CHALLENGE, "").await?;
    let register = peer.receive("REGISTER").await?;
    assert!(register.header("Authorization")?.contains("realm=\"mine\""));
    let granted = format!("Contact: {}\r\n", register.header("Contact")?);
    peer.reply(&register, "200 OK", &granted, "").await?;
    registered(&trunks, config.id).await?;
    // That is still known when the trunk is another, before it has registered anew.
    let rewrite_contact = !config.rewrite_contact;
    let changed = TrunkConfig { rewrite_contact, ..config.clone() };
    for config in [config, changed] {
        trunks.set(vec![config.clone()]);
        let mut call = Call::start(&trunks, target(&config)).await?;
        let invite = peer.receive("INVITE").await?;
        peer.reply(&invite, "401 No", CHALLENGE, "").await?;
        let invite = peer.receive("INVITE").await?;
        assert!(invite.header("Authorization")?.contains("realm=\"mine\""));
        peer.reply(&invite, "486 Busy Here", "", "").await?;
        assert!(matches!(call.next().await?, TrunkEvent::Failed(FarFailure::Busy)));
    }
    Ok(())
}

#[tokio::test]
async fn a_trunk_that_is_changed_stays_registered_at_a_registrar_that_forgets_slowly() -> Result {
    let peer = Peer::start().await?;
    let config = registering(&peer)?;
    let id = config.id;
    let trunks = trunks(vec![config.clone()]).await?;
    let named = |name: &str| -> anyhow::Result<TrunkConfig> {
        let display_name = Some(DisplayName::try_from(name)?);
        let caller = CallerIdentity { display_name, ..config.caller.clone() };
        Ok(TrunkConfig { caller, ..config.clone() })
    };
    let changing = async {
        registered(&trunks, id).await?;
        trunks.set(vec![named("Reception")?]);
        registered(&trunks, id).await?;
        // Changed, taken out, put in again and changed once more, before the registrar says a word.
        trunks.set(vec![named("Desk")?]);
        trunks.set(Vec::new());
        trunks.set(vec![named("Shop")?]);
        trunks.set(vec![named("Door")?]);
        registered(&trunks, id).await
    };
    let (bindings, ()) = tokio::try_join!(slow_to_forget(&peer), changing)?;
    assert_eq!(bindings.len(), 1, "{bindings:?}");
    Ok(())
}

/// The next REGISTER over a connection of its own, answered so.
async fn registers(
    listener: &TcpListener,
    status: &str,
    more: &str,
) -> anyhow::Result<(TcpStream, Message)> {
    let next = timeout(PATIENCE, listener.accept()).await;
    let (mut stream, _) = next.context("nobody registers")??;
    let request = read_message(&mut stream).await?;
    anyhow::ensure!(request.text.starts_with("REGISTER "), "{}", request.text);
    stream.write_all(&reply(&request, status, more, b"")?).await?;
    Ok((stream, request))
}

/// What is bound to it may be gone as well.
#[tokio::test]
async fn a_registration_whose_connection_is_lost_is_made_anew_over_another() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let trunk = TrunkConfig {
        transport: SipTransport::Tcp,
        registration: Some(Registration { user: None, expires: Duration::from_secs(3_600) }),
        ..trunk(listener.local_addr()?.port())
    };
    let id = trunk.id;
    let trunks = trunks(vec![trunk]).await?;
    let (stream, first) = registers(&listener, "200 OK", "Expires: 3600\r\n").await?;
    registered(&trunks, id).await?;
    drop(stream);
    let (_open, second) = registers(&listener, "200 OK", "Expires: 3600\r\n").await?;
    assert_ne!(first.contact()?, second.contact()?);
    registered(&trunks, id).await
}

#[tokio::test]
async fn a_registrar_that_wants_to_be_left_alone_is_while_another_is_asked_again() -> Result {
    let (refusing, other) =
        (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
    let name = "_sip._tcp.pbx.example.";
    let service = |priority, port| Service { name, priority, host: HOST_NAME, port };
    let address = other.local_addr()?;
    let names =
        Names::start(vec![service(1, refusing.local_addr()?.port()), service(2, address.port())])
            .await?;
    // It takes no connection yet.
    drop(other);
    let config = TrunksConfig { dns: Some(names.address), ..trunks_config() };
    let trunks = Trunks::start(config).await?;
    let trunk = TrunkConfig {
        domain: "pbx.example".into(),
        port: None,
        transport: SipTransport::Tcp,
        registration: Some(Registration { user: None, expires: Duration::from_secs(3_600) }),
        ..trunk(0)
    };
    let id = trunk.id;
    trunks.set(vec![trunk]);
    let more = "Retry-After: 600\r\n";
    let (mut stream, _) = registers(&refusing, "503 Maintenance", more).await?;
    let other = TcpListener::bind(address).await?;
    let (_open, _) = registers(&other, "200 OK", "Expires: 3600\r\n").await?;
    registered(&trunks, id).await?;
    let again = timeout(Duration::from_millis(100), read_message(&mut stream)).await;
    assert!(again.is_err(), "{again:?}");
    Ok(())
}
