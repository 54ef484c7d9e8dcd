//! Structured logs on standard error.

use std::io::IsTerminal;

use anyhow::Context;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt as _, filter_fn},
    fmt::MakeWriter,
    layer::{Filter, SubscriberExt as _},
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::config::{Config, LogFormat};

/// Libraries that log what strangers send. The SIP stack logs whole messages, with what visitors typed
/// and with answers to challenges. Those that read STUN and DTLS log a line for each odd part of a
/// packet, before it is known who has sent it.
const SILENT: [&str; 3] = ["rsipstack", "is", "dimpl"];

/// Starts logging as configured.
///
/// # Errors
/// When the filter can't be understood.
pub(crate) fn start(config: &Config) -> anyhow::Result<()> {
    let has_colours = std::io::stderr().is_terminal();
    let layer = layer(config.log_format, std::io::stderr, has_colours);
    let filter = filter(&config.log_level)?;
    tracing_subscriber::registry().with(layer.with_filter(filter)).init();
    Ok(())
}

fn layer<S, W>(format: LogFormat, writer: W, has_colours: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_ansi(has_colours).with_writer(writer);
    match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}

fn filter<S: Subscriber>(level: &str) -> anyhow::Result<impl Filter<S> + use<S>> {
    // The libraries below log what concerns their own developers.
    let quiet = "sqlx=warn,sea_orm=warn,hyper=warn";
    let filter = EnvFilter::try_new(format!("{quiet},{level}")).with_context(|| {
        format!("--log-level: {level:?} is not like info or info,bellpush_call=debug")
    })?;
    // Beside it, so that no level of the operator's can undo it.
    Ok(filter.and(filter_fn(|metadata| !is_silent(metadata.target()))))
}

fn is_silent(target: &str) -> bool {
    let library = target.split("::").next().unwrap_or_default();
    SILENT.contains(&library)
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(level: &str, log: fn()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = layer(LogFormat::Text, move || writer.clone(), false);
        let subscriber =
            tracing_subscriber::registry().with(layer.with_filter(filter(level).unwrap()));
        tracing::subscriber::with_default(subscriber, log);
        let written = lines.0.lock().unwrap().clone();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn no_level_makes_libraries_log_what_strangers_send() {
        let levels =
            ["trace", "is=trace,is::stun=trace,dimpl::dtls12::engine=trace,rsipstack::a=trace"];
        for level in levels {
            let lines = lines(&format!("{level},bellpush=info"), || {
                tracing::warn!(target: "is::stun", "a");
                tracing::error!(target: "is", "b");
                tracing::error!(target: "dimpl::dtls12::engine", "c");
                tracing::error!(target: "rsipstack::a", "d");
                tracing::warn!(target: "bellpush", "kept");
            });
            assert!(lines.contains("kept") && lines.lines().count() == 1, "{lines}");
        }
        let other = lines("info", || tracing::warn!(target: "island", "another library's"));
        assert!(other.contains("another library's"), "{other}");
    }
}
