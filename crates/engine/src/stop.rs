//! Asking a run to stop: begin nothing new, finish what runs.

use tokio::sync::watch;

/// Asks a run to stop. Dropping it never stops anything.
#[derive(Clone, Debug)]
pub struct StopHandle(watch::Sender<bool>);

/// Tells a run that it shall stop.
#[derive(Clone, Debug)]
pub struct StopSignal(Option<watch::Receiver<bool>>);

/// A handle and the signal that it gives.
#[must_use]
pub fn stop_signal() -> (StopHandle, StopSignal) {
    let (sender, receiver) = watch::channel(false);
    (StopHandle(sender), StopSignal(Some(receiver)))
}

impl StopHandle {
    /// Asks to stop; asking again changes nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl StopSignal {
    /// A signal that never comes.
    #[must_use]
    pub fn never() -> Self {
        Self(None)
    }

    /// Whether somebody asked to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.as_ref().is_some_and(|receiver| *receiver.borrow())
    }

    /// Waits until somebody asks to stop; for ever, if nobody can.
    pub async fn stopped(&mut self) {
        if let Some(receiver) = &mut self.0
            && receiver.wait_for(|stopped| *stopped).await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
