//! Orders of other branches: asked for at the hub by their tickets, while there is a line.

use shared::domain::TicketNumber;
use tokio::sync::watch;

use super::transport::Transport;
use crate::counter::Changed;
use crate::storage::Storage;

/// What somebody asked for last, and what came of it. Kept in memory: nobody waits for it over a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) ticket: TicketNumber,
    pub(crate) answer: Answer,
}

/// The hub's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It was not given yet.
    Awaited,
    /// The order comes with the next exchange, and stays here.
    Coming,
    /// No order has this ticket.
    Unknown,
    /// The hub could not be asked.
    NoLine,
}

/// Asks the hub whenever somebody asks here, until `stop` becomes true.
pub(crate) async fn ask_hub(
    storage: Storage,
    transport: Transport,
    asked: watch::Sender<Option<Asked>>,
    mut stop: watch::Receiver<bool>,
) {
    tokio::select! {
        () = answer_all(&storage, &transport, &asked) => {}
        // An error means that whoever could stop it is gone, which stops it too.
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn answer_all(
    storage: &Storage,
    transport: &Transport,
    asked: &watch::Sender<Option<Asked>>,
) {
    let mut questions = asked.subscribe();
    let is_open = |asked: &Option<Asked>| {
        asked
            .as_ref()
            .is_some_and(|asked| asked.answer == Answer::Awaited)
    };
    loop {
        let Ok(question) = questions.wait_for(is_open).await.map(|asked| asked.clone()) else {
            return;
        };
        let Some(question) = question else { continue };
        let answer = match transport.find(question.ticket.as_str()).await {
            Ok(reply) if reply.order.is_some() => Answer::Coming,
            Ok(_) => Answer::Unknown,
            Err(problem) => {
                tracing::warn!(%problem, "the hub could not be asked for an order");
                Answer::NoLine
            }
        };
        asked.send_if_modified(|asked| match asked {
            // Somebody may have asked for another one meanwhile.
            Some(asked) if asked.ticket == question.ticket => {
                asked.answer = answer;
                true
            }
            _ => false,
        });
        storage.announce(Changed::Sync);
    }
}
