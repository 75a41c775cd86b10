//! What a failed case prints, as the guide shows it.

use playerdata_conformance::all_cases;

use crate::{
    guide,
    half::{Half, failure},
};

#[test]
fn a_failure_looks_as_the_guide_shows() {
    let name = "locks::a_late_release_leaves_the_same_servers_later_session";
    let case = all_cases().find(|case| case.to_string() == name);
    let message = failure(case.expect("the case is there"), |clock| {
        Half::new(clock, vec!["acquire", "release", "holder"]).that_releases_anybody()
    });
    let message = message.expect("a mistake is noticed");
    assert!(guide().contains(name));
    assert!(guide().contains(message.trim()), "not shown: {message}");
}
