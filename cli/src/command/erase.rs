//! `playerdata erase`.

use clap::Args;
use playerdata::{Error, SlotName};
use serde_json::json;

use super::{Whom, closing};
use crate::{
    Exit,
    ask::{Consent, Wish},
    desk::Desk,
    failure::Failure,
    store_args::StoreArgs,
};

/// Remove everything that is stored for a player, for good
///
/// Slots, versions and mail are removed, and the store is read again to make
/// sure. Refused while a session holds the player. One number stays, by which
/// late commands of old sessions are recognised.
#[derive(Clone, Debug, Args)]
pub(crate) struct Erase {
    #[command(flatten)]
    whom: Whom,

    #[command(flatten)]
    consent: Consent,

    #[command(flatten)]
    store: StoreArgs,
}

impl Erase {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let desk = Desk::at(&self.store).await?;
        let erased = self.erase(&desk).await;
        closing(desk, erased).await
    }

    async fn erase(&self, desk: &Desk) -> Result<Exit, Failure> {
        let player = &self.whom.player;
        if let Some(lock) = desk.holder(player).await? {
            return Err(Failure::Held(player.clone(), Box::new(lock)));
        }
        let listed = desk
            .ask("list the slots", desk.backend.list(player))
            .await?;
        let slots: Vec<_> = listed.into_iter().map(|summary| summary.slot).collect();
        let names: Vec<_> = slots.iter().map(SlotName::as_str).collect();
        let has = match &*names {
            [] => "who has no slots".to_owned(),
            names => format!("who has {}", names.join(", ")),
        };
        let what = format!("erase player {player}, {has}");
        let erased = match self.consent.to(&what)? {
            Wish::Leave => return Ok(Exit::No),
            Wish::Say => false,
            Wish::Do => {
                self.erase_and_look(desk, &slots).await?;
                true
            }
        };
        let json = || json!({"player": player, "slots": slots, "erased": erased});
        let words = || match erased {
            true => format!("player {player} is erased: nothing is stored for them any more"),
            false => format!("would {what}"),
        };
        desk.answer(json, words)?;
        Ok(Exit::Ended)
    }

    /// Erases the player, and looks whether anything is left: slots, or versions
    /// or mail of those that there were.
    async fn erase_and_look(&self, desk: &Desk, slots: &[SlotName]) -> Result<(), Failure> {
        let player = &self.whom.player;
        let server = desk.server(&self.consent.accept_hazard).await?;
        let erased = server.erase(player).await;
        desk.dismiss(server).await;
        erased.map_err(|error| match error {
            Error::PlayerHeld { player, holder } => Failure::Held(player, Box::new(holder)),
            other => other.into(),
        })?;
        let known = desk.backend.known_letters(player, None, 1);
        let known = desk.ask("list the letters", known).await?;
        let left = desk
            .ask("list the slots", desk.backend.list(player))
            .await?;
        let mut is_empty = left.is_empty() && known.is_empty();
        for slot in slots {
            let versions = desk.backend.versions(player, slot);
            let versions = desk.ask("list the versions", versions).await?;
            is_empty &= versions.is_empty();
        }
        match is_empty {
            true => Ok(()),
            false => Err(Failure::WrittenMeanwhile(player.clone())),
        }
    }
}
