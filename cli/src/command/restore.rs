//! `playerdata restore`.

use clap::Args;
use playerdata::{Error, RestoreOptions, Restored, Revision, SlotName};
use serde_json::{Value, json};

use super::{Whom, closing};
use crate::{
    Exit,
    ask::{Consent, Wish},
    desk::{Desk, time},
    failure::Failure,
    output::chain,
    record::Content,
    store_args::StoreArgs,
};

/// Put a slot back to a version that was kept
///
/// The state that it replaces is kept as a version. Refused while a session
/// holds the player. An outbox or escrow in the version has been acted on
/// since: it is left out, and that is reported.
#[derive(Clone, Debug, Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    whom: Whom,

    /// The slot
    #[arg(value_name = "SLOT")]
    slot: SlotName,

    /// The revision that was kept
    #[arg(value_name = "REVISION")]
    revision: u64,

    /// Take the player from a session that holds them; whatever that session
    /// has not saved is lost
    #[arg(long)]
    steal: bool,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    store: StoreArgs,
}

impl Restore {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.store).await?;
        let restored = self.restore(&desk).await;
        closing(desk, restored).await
    }

    async fn restore(&self, desk: &Desk) -> Result<Exit, Failure> {
        let (player, slot) = (&self.whom.player, &self.slot);
        let revision = Revision::new(self.revision);
        let kept = desk.backend.version(player, slot, revision);
        let kept = desk.ask("read the version", kept).await?;
        let version =
            kept.ok_or_else(|| Failure::NoVersion(player.clone(), slot.clone(), revision))?;
        let left_out = match Content::of(&version, &desk.codec) {
            Content::Readable { envelope, .. } => acted_on(envelope.as_ref()),
            Content::Unreadable { why, .. } => return Err(Failure::Unreadable(revision, why)),
        };
        let what = format!(
            "restore revision {revision} of {slot} of player {player}, saved {}",
            time(version.saved_at)
        );
        let made = match self.consent.to(&what)? {
            Wish::Leave => return Ok(Exit::No),
            Wish::Say => None,
            Wish::Do => Some(self.write(desk, revision).await?),
        };
        let json = || {
            json!({
                "player": player,
                "slot": slot,
                "restored": revision,
                "revision": made.map(|made| made.revision),
                "replaced": made.map(|made| made.replaced),
                "left_out": left_out,
            })
        };
        let words = || {
            let said = match &made {
                None => format!("would {what}"),
                Some(made) => format!("{slot} of player {player} is at revision {}", made.revision),
            };
            let left = left_out.iter();
            let left =
                left.map(|it| format!("\nleft out, because it has been acted on since: {it}"));
            format!("{said}{}", left.collect::<String>())
        };
        desk.answer(json, words)?;
        Ok(Exit::Ended)
    }

    async fn write(&self, desk: &Desk, revision: Revision) -> Result<Restored, Failure> {
        let (player, slot) = (&self.whom.player, &self.slot);
        let mut options = RestoreOptions::new();
        if self.steal {
            options = options.steal();
        }
        let server = desk.server(&self.consent.accept_hazard).await?;
        let restored = server.restore(player, slot, revision, options).await;
        desk.dismiss(server).await;
        restored.map_err(|error| match error {
            // It has gone since it was looked at, or is no record of this type.
            Error::NoVersion { .. } => Failure::NoVersion(player.clone(), slot.clone(), revision),
            Error::Undecodable { source, .. } => Failure::Unreadable(revision, chain(&*source)),
            other => other.into(),
        })
    }
}

/// What of an envelope has been sent or decided since.
fn acted_on(envelope: Option<&Value>) -> Vec<&'static str> {
    let has = |member: &str| envelope.is_some_and(|it| it.get(member).is_some());
    ["outbox", "escrow"]
        .into_iter()
        .filter(|it| has(it))
        .collect()
}
