//! The standard document of examples and tests.

use super::Document;

const STANDARD: &str = concat!(
    r#"{"Currency":500,"Level":1,"CurrentXP":0,"XPtoNextLevel":1000,"#,
    r#""Inventory":[{"Name":"Starter Sword","ItemType":"Object","Quantity":1},"#,
    r#"{"Name":"Bread","ItemType":"Object","Quantity":5}],"#,
    r#""EquippedItems":{"Weapon":null,"Head":null,"Torso":null,"Legs":null,"#,
    r#""Boots":null,"Neck":null,"Ring1":null,"Ring2":null},"#,
    r#""Reputation":{"Nordraxia":1},"GiftBank":{}}"#,
);

impl Document {
    /// The standard document of examples and tests: what a new player of a
    /// role-playing game begins with. Each one is made afresh.
    #[must_use]
    pub fn standard() -> Self {
        serde_json::from_str(STANDARD).expect("the standard document is a document")
    }
}
