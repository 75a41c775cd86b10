//! Where a manager's documents come from, made once its settings are final.

use std::fmt;

use serde_json::Value;

use super::StartError;
use crate::{
    Document, DocumentError, GameDocument, InventoryError, InventoryLimits, PlayerId, Settings,
    SettingsError, SettingsProblem,
    codec::{ENVELOPE, Envelope},
    document_type::{Completion, Origin},
    schema,
};

type Make<D> = Box<dyn FnOnce(&Settings) -> Result<Origin<D>, StartError> + Send>;
type Limit<D> = Box<dyn Fn(&mut D, InventoryLimits) + Send + Sync>;

/// Makes the origin of documents.
pub(super) struct MakeOrigin<D> {
    make: Make<D>,
    /// Hands the limits of the settings to a game's own type.
    limit: Option<Limit<D>>,
    /// What is wrong with settings for this kind of document.
    problem: fn(&Settings, has_limit: bool) -> Option<SettingsProblem>,
}

impl<D> fmt::Debug for MakeOrigin<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MakeOrigin")
    }
}

impl MakeOrigin<Document> {
    /// A [`Document`]'s defaults and rules are those of the settings.
    pub(super) fn of_documents() -> Self {
        Self {
            make: Box::new(document_origin),
            limit: None,
            problem: |settings, _| default_data_problem(settings),
        }
    }
}

impl<D: GameDocument> MakeOrigin<D> {
    /// A game's own type makes its own defaults.
    pub(super) fn of(defaults: impl Fn(&PlayerId) -> D + Send + Sync + 'static) -> Self {
        let origin = Origin {
            defaults: Box::new(defaults),
            prepare: Box::new(|_| ()),
            completion: None,
        };
        Self {
            make: Box::new(|_| Ok(origin)),
            limit: None,
            problem: |settings, has_limit| settings.limits_problem().filter(|_| !has_limit),
        }
    }

    pub(super) fn limited(
        self,
        limit: impl Fn(&mut D, InventoryLimits) + Send + Sync + 'static,
    ) -> Self {
        Self {
            limit: Some(Box::new(limit)),
            ..self
        }
    }

    /// Checks the settings, with what they mean for this kind of document.
    pub(super) fn check(&self, settings: &Settings) -> Result<(), SettingsError> {
        settings.check_and((self.problem)(settings, self.limit.is_some()))
    }

    pub(super) fn make(self, settings: &Settings) -> Result<Origin<D>, StartError> {
        let origin = (self.make)(settings)?;
        let Some(limit) = self.limit else {
            return Ok(origin);
        };
        let (prepare, limits) = (origin.prepare, settings.document_rules().inventory);
        Ok(Origin {
            prepare: Box::new(move |document| {
                prepare(document);
                limit(document, limits);
            }),
            ..origin
        })
    }
}

/// Whether a new player's document could be saved; if it is none, that is
/// reported elsewhere.
fn default_data_problem(settings: &Settings) -> Option<SettingsProblem> {
    let document = Document::from_json(settings.default_data.clone().into()).ok()?;
    let mut json = serde_json::to_vec(&document).ok()?;
    Envelope::of_defaults(schema::keys_of(&document))
        .put_on(&mut json)
        .ok()?;
    let (bytes, limit) = (json.len(), settings.max_document_bytes);
    (bytes > limit).then_some(SettingsProblem::DefaultDataTooLarge { bytes, limit })
}

fn document_origin(settings: &Settings) -> Result<Origin<Document>, StartError> {
    let rules = settings.document_rules();
    let json = Value::Object(settings.default_data.clone());
    // Parsed afresh for every player, so that no two share anything (S7).
    let gained = default_document(&json).map_err(StartError::DefaultData)?;
    let defaults = move |_: &PlayerId| {
        Document::from_json(json.clone()).expect("the same JSON has just been read")
    };
    let prepare = move |document: &mut Document| document.set_rules(rules);
    let completion = Completion {
        keys: schema::keys_of(&gained),
        complete: Box::new(move |document| schema::reconcile(document, &gained)),
    };
    Ok(Origin {
        defaults: Box::new(defaults),
        prepare: Box::new(prepare),
        completion: Some(completion),
    })
}

/// Reads the defaults, and refuses what no document can be given, though one
/// that was stored may have it.
fn default_document(json: &Value) -> Result<Document, DocumentError> {
    let document = Document::from_json(json.clone())?;
    if json.get(ENVELOPE).is_some() {
        return Err(DocumentError::CoreValue { name: ENVELOPE });
    }
    if document.inventory().has("", 1) {
        return Err(InventoryError::EmptyName.into());
    }
    Ok(document)
}
