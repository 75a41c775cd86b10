//! `playerdata restore`.

use clap::Args;
use playerdata::{
    Clock as _, Revision, SlotName, SystemClock,
    backend::{Encoding, Record},
};
use serde_json::json;

use super::{Whom, closing};
use crate::{
    Exit,
    ask::{Consent, Wish},
    desk::{Desk, time},
    failure::Failure,
    hold::{Hold, Presence},
    place::Place,
    record::{Content, without_what_was_acted_on},
};

/// At least this many versions stay when one is restored.
const KEPT: usize = 8;

/// Make a kept version what a slot has
///
/// What it replaces is kept as a version. It is refused while a session holds
/// the player. What has been sent or decided since (an outbox, an escrow) is
/// left out of the version, and that is said.
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

    /// Take the player from a session that holds the player; what that has not
    /// saved is lost
    #[arg(long)]
    steal: bool,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    place: Place,
}

impl Restore {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.place).await?;
        let restored = self.restore(&desk).await;
        closing(desk, restored).await
    }

    async fn restore(&self, desk: &Desk) -> Result<Exit, Failure> {
        let (player, slot) = (&self.whom.player, &self.slot);
        let revision = Revision::new(self.revision);
        let kept = desk.backend.version(player, slot, revision);
        let kept = desk.ask("read the version", kept).await?;
        let mut version =
            kept.ok_or_else(|| Failure::NoVersion(player.clone(), slot.clone(), revision))?;
        if let Content::Unreadable { why, .. } = Content::of(&version, &desk.codec) {
            return Err(Failure::Unreadable(revision, why));
        }
        let left_out = without_what_was_acted_on(&mut version.body);
        let what = format!(
            "restore revision {revision} of {slot} of player {player}, saved {}",
            time(version.saved_at)
        );
        let made = match self.consent.to(&what)? {
            Wish::Leave => return Ok(Exit::No),
            Wish::Say => None,
            Wish::Do => Some(self.write(desk, &version).await?),
        };
        let json = || {
            json!({
                "player": player,
                "slot": slot,
                "restored": revision,
                "revision": made,
                "left_out": left_out,
            })
        };
        let words = || {
            let said = match made {
                None => format!("would {what}"),
                Some(made) => format!("{slot} of player {player} is at revision {made}"),
            };
            let left = left_out.iter();
            let left = left.map(|it| format!("\nleft out, for it was acted on since: {it}"));
            format!("{said}{}", left.collect::<String>())
        };
        desk.answer(json, words)?;
        Ok(Exit::Ended)
    }

    async fn write(&self, desk: &Desk, version: &Record) -> Result<Revision, Failure> {
        desk.refuse_hazards(&self.consent.accept_hazard).await?;
        let presence = Presence::begin(desk).await?;
        let player = &self.whom.player;
        let made = match Hold::take(desk, &presence, player, self.steal).await {
            Ok(mut hold) => {
                let made = self.write_under(desk, &mut hold, version).await;
                // What was written is written, whether the lock goes or lapses.
                let released = hold.release().await;
                made.and_then(|made| released.map(|()| made))
            }
            Err(failure) => Err(failure),
        };
        presence.leave().await;
        made
    }

    async fn write_under(
        &self,
        desk: &Desk,
        hold: &mut Hold<'_>,
        version: &Record,
    ) -> Result<Revision, Failure> {
        let (player, slot) = (&self.whom.player, &self.slot);
        let opened = hold.open(slot).await?;
        // A store that can't tell what it holds may not be able to copy it.
        let replaced = opened.record.as_ref().map(|record| record.body.encoding);
        if replaced.is_some_and(|encoding| encoding != Encoding::Unknown) {
            let listed = desk.backend.versions(player, slot);
            let listed = desk.ask("list the versions", listed).await?;
            let most = KEPT.max(listed.len() + 1);
            hold.keep(slot, u32::try_from(most).unwrap_or(u32::MAX))
                .await?;
        }
        let now = SystemClock.now();
        hold.save(slot, opened.revision, now, &version.body).await
    }
}
