use serde_json::json;

use crate::Document;

#[test]
fn values_nested_as_deep_as_is_allowed_are_read_again_and_deeper_ones_refused() {
    let nested = |depth| (1..depth).fold(json!([]), |inner, _| json!([inner]));
    let mut document = Document::standard();
    document.set(("Reputation", "Deep"), nested(100)).unwrap();
    document
        .inventory_mut()
        .edit("Bread", "Deep", nested(100))
        .unwrap();
    document.gift_bank_mut().put("Deep", nested(100)).unwrap();
    let text = serde_json::to_string(&document).unwrap();
    assert!(serde_json::from_str::<Document>(&text).unwrap() == document);

    assert!(document.set("Level", nested(101)).is_err());
    assert!(
        document
            .inventory_mut()
            .edit("Bread", "Deep", nested(101))
            .is_err()
    );
    assert!(document.gift_bank_mut().put("Deeper", nested(101)).is_err());
}
