//! Incrementing, decrementing and comparing numbers: rule V4.

use super::*;

#[test]
fn v3_incrementing_never_makes_a_value() {
    let mut document = Document::standard().with_rules(rules().with_new_attributes(true));
    for amount in [1, -1] {
        for key in [
            Key::from("Gems"),
            ("Reputation", "Sud").into(),
            ("Gems", "x").into(),
        ] {
            assert!(matches!(
                refused(&mut document, |d| d.increment(key, amount)),
                DocumentError::Missing { .. }
            ));
            refused(&mut document, |d| d.decrement(key, amount));
        }
    }
}

#[test]
fn v4_64_bit_integers_are_exact() {
    let mut document = varied().with_rules(rules().with_negative_values(true));
    document.set("Level", u64::MAX - 1).unwrap();
    assert_eq!(
        document.increment("Level", 1).unwrap().as_u64(),
        Some(u64::MAX)
    );
    refused(&mut document, |d| d.increment("Level", 1));
    assert_eq!(
        document.decrement("Level", u64::MAX).unwrap().as_u64(),
        Some(0)
    );
    assert_eq!(
        document.increment("Level", i64::MIN).unwrap().as_i64(),
        Some(i64::MIN)
    );
    let error = refused(&mut document, |d| d.decrement("Level", 1));
    assert_eq!(
        error.to_string(),
        "Level is -9223372036854775808: adding -1 would overflow"
    );
    document.set("Level", 9_007_199_254_740_992_i64).unwrap();
    assert_eq!(
        document.increment("Level", 1).unwrap().as_i64(),
        Some(9_007_199_254_740_993)
    );
}

#[test]
fn v4_floats_stay_floats_and_finite() {
    let mut document = varied();
    assert_eq!(
        document.increment("Speed", 0.25).unwrap().as_f64(),
        Some(1.75)
    );
    assert_eq!(
        document.decrement("Speed", 0.75).unwrap().as_f64(),
        Some(1.0)
    );
    assert!(
        document.get::<Value>("Speed").unwrap().is_f64(),
        "1.0 is still a float"
    );
    assert_eq!(document.increment("Speed", 2).unwrap().as_f64(), Some(3.0));
    assert!(document.get::<Value>("Speed").unwrap().is_f64());
    for amount in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = refused(&mut document, |d| d.increment("Speed", amount));
        assert!(matches!(error, DocumentError::NotFinite { .. }));
        refused(&mut document, |d| d.increment("Level", amount));
        let error = refused(&mut document, |d| d.set("Speed", amount));
        assert!(matches!(error, DocumentError::NotStorable { .. }));
        refused(&mut document, |d| d.set("Seen", vec![1.0, amount]));
    }
    document.set("Speed", f64::MAX).unwrap();
    let error = refused(&mut document, |d| d.increment("Speed", f64::MAX));
    assert!(matches!(error, DocumentError::Overflow { .. }));
}

#[test]
fn v4_mixed_numbers_are_converted_exactly_or_refused() {
    let mut document = varied();
    assert_eq!(document.increment("Level", 2.0).unwrap(), Number::from(3));
    assert!(
        document.get::<Value>("Level").unwrap().is_u64(),
        "an integer stays one"
    );
    let error = refused(&mut document, |d| d.increment("Level", 0.5));
    assert_eq!(
        error.to_string(),
        "Level is the integer 3, and 0.5 is not a whole number"
    );
    let error = refused(&mut document, |d| d.increment("Level", 1e300));
    assert!(matches!(error, DocumentError::Overflow { .. }));
    let error = refused(&mut document, |d| {
        d.increment("Speed", 9_007_199_254_740_993_i64)
    });
    assert_eq!(
        error.to_string(),
        "Speed is a float, and 9007199254740993 can't be represented exactly as one"
    );
    refused(&mut document, |d| d.increment("Speed", u64::MAX));
    document
        .increment("Speed", 9_007_199_254_740_992_i64)
        .unwrap();
}

#[test]
fn v4_nothing_goes_below_zero_unless_allowed() {
    let mut document = varied();
    let error = refused(&mut document, |d| d.decrement("Currency", 501));
    assert_eq!(
        error.to_string(),
        "Currency would be -1, and values below zero are not allowed"
    );
    refused(&mut document, |d| d.increment("Currency", -501));
    refused(&mut document, |d| d.decrement("Speed", 1.75));
    refused(&mut document, |d| d.set("Currency", -1));
    refused(&mut document, |d| d.set("Speed", -0.1));
    refused(&mut document, |d| d.set(("Reputation", "Sud"), -1));
    refused(&mut document, |d| d.increment("Debt", 2));
    assert_eq!(document.increment("Debt", 3).unwrap(), Number::from(0));
    assert_eq!(
        document.decrement("Currency", 500).unwrap(),
        Number::from(0)
    );
    document.set("Reputation", json!({"Sud": -1})).unwrap();

    document.set_rules(rules().with_negative_values(true));
    assert_eq!(document.decrement("Currency", 1).unwrap(), Number::from(-1));
    document.set("Level", -7).unwrap();
    assert_eq!(document.increment("Level", 3).unwrap(), Number::from(-4));
}

#[test]
fn v4_only_numbers_are_incremented() {
    let mut document = varied();
    for (key, says) in [
        ("Title", "Title is a string, not a number"),
        ("Home", "Home is null, not a number"),
        ("Reputation", "Reputation is a table, not a number"),
    ] {
        assert_eq!(
            refused(&mut document, |d| d.increment(key, 1)).to_string(),
            says
        );
        refused(&mut document, |d| d.decrement(key, 1));
    }
}

#[test]
fn v4_amounts_come_in_every_type_of_number() {
    let mut document = Document::standard();
    document.increment("Level", 1_u8).unwrap();
    document.increment("Level", 1_i8).unwrap();
    document.increment("Level", 1_u16).unwrap();
    document.increment("Level", 1_i32).unwrap();
    document.increment("Level", 1_usize).unwrap();
    document.increment("Level", 1_f32).unwrap();
    document.increment("Level", Number::from(1)).unwrap();
    document.decrement("Level", i8::MIN).unwrap();
    assert_eq!(document.get::<i64>("Level").unwrap(), 8 + 128);
}

#[test]
fn f7_increments_and_decrements_keep_the_rules_of_negatives_and_attributes() {
    let mut document = Document::standard();
    assert_eq!(
        document.decrement("Currency", 200).unwrap(),
        Number::from(300)
    );
    refused(&mut document, |d| d.decrement("Currency", 301));
    refused(&mut document, |d| d.increment("Currency", -301));
    refused(&mut document, |d| d.set("Currency", -1));
    refused(&mut document, |d| d.decrement("Gems", -5));
    assert_eq!(
        document.decrement("Currency", -5).unwrap(),
        Number::from(305)
    );
    document.set_rules(rules().with_negative_values(true));
    assert_eq!(
        document.decrement("Currency", 306).unwrap(),
        Number::from(-1)
    );
}
