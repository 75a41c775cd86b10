//! Lists the cases: `cargo run -p playerdata-conformance --example cases`.

use playerdata_conformance::all_cases;

fn main() {
    for case in all_cases() {
        match case.group {
            None => println!("{case}"),
            Some(group) => println!("{case} (group {group})"),
        }
    }
    let optional = all_cases().filter(|case| case.group.is_some()).count();
    let all = all_cases().count();
    println!(
        "{} cases for every store, {optional} in groups",
        all - optional
    );
}
