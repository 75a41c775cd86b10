//! The document's arithmetic against a model that is too simple to be wrong.

use proptest::prelude::*;
use serde_json::{Number, Value, json};

use super::{Amount, Document, DocumentRules};

/// Any number that JSON holds, those at the edges more often.
fn numbers() -> impl Strategy<Value = Number> {
    prop_oneof![
        (-20..20_i64).prop_map(Number::from),
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        prop::sample::select(vec![i64::MIN, i64::MAX, -1, 0, 1]).prop_map(Number::from),
        prop::sample::select(vec![u64::MAX, u64::MAX - 1, 1 << 63]).prop_map(Number::from),
        (-1_000..1_000_i32).prop_map(|n| Number::from_f64(f64::from(n) / 4.0).unwrap()),
        (prop::num::f64::NORMAL | prop::num::f64::ZERO)
            .prop_map(|float| Number::from_f64(float).unwrap()),
    ]
}

fn whole(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or(number.as_u64().map(i128::from))
}

/// What the sum must be; `None` if it must be refused.
fn sum(value: &Number, amount: &Number, negative: bool) -> Option<Number> {
    let sum: Number = match (whole(value), whole(amount)) {
        (Some(value), Some(amount)) => (value + amount).to_string().parse().ok()?,
        (Some(value), None) => {
            let amount = amount.as_f64()?;
            let same = amount as i128;
            if same as f64 != amount || same.unsigned_abs() > 1 << 65 {
                return None;
            }
            (value + same).to_string().parse().ok()?
        }
        (None, Some(amount)) => {
            let float = amount as f64;
            if float as i128 != amount {
                return None;
            }
            Number::from_f64(value.as_f64()? + float)?
        }
        (None, None) => Number::from_f64(value.as_f64()? + amount.as_f64()?)?,
    };
    // The parser makes a float of an integer that is too large.
    let fits = sum.is_f64() == value.is_f64();
    let sign = negative || sum.as_f64()? >= 0.0;
    (fits && sign).then_some(sum)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn increments_and_decrements_are_exact_or_refused(
        value in numbers(),
        amount in numbers(),
        negative in any::<bool>(),
        entry in any::<bool>(),
    ) {
        let key = ("T", entry.then_some("n"));
        let json = if entry { json!({"T": {"n": value}}) } else { json!({"T": value}) };
        let rules = DocumentRules::default().with_negative_values(negative);
        let before = Document::from_json(json).unwrap().with_rules(rules);
        let expected = sum(&value, &amount, negative);

        let mut document = before.clone();
        prop_assert_eq!(document.increment(key, &amount).ok(), expected.clone());
        match &expected {
            Some(sum) => {
                prop_assert_eq!(&document.get::<Value>(key).unwrap(), &Value::from(sum.clone()));
            }
            None => prop_assert!(document == before),
        }

        // Taking the opposite does the same.
        let mut document = before.clone();
        let opposite = -Amount::from(&amount);
        prop_assert_eq!(document.decrement(key, opposite).ok(), expected);
    }

    #[test]
    fn integers_and_floats_are_compared_exactly(value in numbers(), other in numbers()) {
        let document = Document::from_json(json!({"T": value})).unwrap();
        let expected = match (whole(&value), whole(&other)) {
            (Some(value), Some(other)) => value >= other,
            // An integer and a float compare as the float does with the
            // integer's neighbour on its side.
            (Some(value), None) => {
                let other = other.as_f64().unwrap();
                other < -1e20 || (other < 1e20 && value >= other.ceil() as i128)
            }
            (None, Some(other)) => {
                let value = value.as_f64().unwrap();
                value > 1e20 || (value > -1e20 && value.floor() as i128 >= other)
            }
            (None, None) => value.as_f64() >= other.as_f64(),
        };
        prop_assert_eq!(document.at_least("T", &other), expected);
    }

    #[test]
    fn setting_and_getting_a_number_gives_it_back(value in numbers()) {
        let mut document = Document::standard()
            .with_rules(DocumentRules::default().with_negative_values(true));
        document.set("Level", &value).unwrap();
        let text = serde_json::to_string(&document).unwrap();
        let back: Document = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(back.get::<Number>("Level").unwrap(), value);
        prop_assert!(back == document);
    }
}
