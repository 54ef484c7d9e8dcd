//! Calls that go on, and come, while something else is measured on their server.

use std::{cell::Cell, rc::Rc, time::Duration};

use anyhow::ensure;
use bellpush_test_support::server::{Options as ServerOptions, ServerProcess};
use tokio::{task::JoinHandle, time};

use super::{
    Bench, SETTLE,
    answerer::Answerer,
    callers::Callers,
    mode::Mode,
    stream::Beginnings,
    subject::{self, Bellpush, Subject},
};

/// Calls that are set up at the same time.
const AT_ONCE: usize = 8;
/// The time between two calls that come while it is measured.
const BETWEEN: Duration = Duration::from_millis(200);

/// Calls of a server that another measurement has started.
pub(crate) struct Beside {
    callers: Rc<Callers>,
    answerer: Answerer,
    coming: JoinHandle<()>,
    came: Rc<Cell<usize>>,
}

impl Beside {
    /// What the server needs for at most so many.
    pub(crate) fn settings(settings: ServerOptions, most: usize) -> ServerOptions {
        subject::for_calls(settings, most)
    }

    /// Has so many calls up, and then five more a second, until there are the most.
    pub(crate) async fn start(
        server: &ServerProcess,
        calls: usize,
        most: usize,
    ) -> anyhow::Result<Self> {
        let began = Beginnings::of(most);
        let callers = Rc::new(Callers::start([127, 10], false, began.clone())?);
        let answerer = Answerer::start(false, began)?;
        let bellpush = Bellpush::at(server, Mode::PassThrough, answerer.sip).await?;
        time::sleep(SETTLE).await;
        let bench = Bench {
            subject: Subject::Bellpush(bellpush),
            mode: Mode::PassThrough,
            seconds: SETTLE,
            at_once: AT_ONCE,
            flood: None,
            memory_with_one: 0.0,
        };
        let visitors = bench.subject.open(0..calls, AT_ONCE).await?;
        ensure!(bench.place(&callers, visitors).await? == 0, "a call failed");
        let came = Rc::new(Cell::new(0));
        let coming = tokio::task::spawn_local({
            let (callers, came) = (Rc::clone(&callers), Rc::clone(&came));
            async move {
                for end in calls..most {
                    time::sleep(BETWEEN).await;
                    let Ok(visitors) = bench.subject.open(end..end + 1, 1).await else { continue };
                    if bench.place(&callers, visitors).await.is_ok_and(|failed| failed == 0) {
                        came.set(came.get() + 1);
                    }
                }
            }
        });
        Ok(Self { callers, answerer, coming, came })
    }

    /// Ends them. How many came meanwhile.
    pub(crate) async fn stop(self) -> usize {
        self.coming.abort();
        // What it held is given back only when it is gone.
        let _ = self.coming.await;
        if let Ok(callers) = Rc::try_unwrap(self.callers) {
            callers.stop();
        }
        self.answerer.stop();
        self.came.get()
    }
}
