//! The recipes of `docs/operations.md`, each command as it stands there.

use std::{collections::VecDeque, fs, path::Path, process::Command};

use playerdata_process::{Ended, Folder, Process};
use rustix::process::Signal;
use serde_json::json;

use super::{
    Operator as _,
    scene::{Figure, put_in_place, rich},
};
use crate::{
    game::Play as _,
    raw::{Damage, Raw},
    stores::on_every_store,
};

on_every_store! {
    the_recipes_of_the_operators_guide_do_what_they_say,
}

/// What is done beside the commands of a recipe, and looked at after them.
type Play = fn(&Folder, &mut Recipe);

/// What is to be done for each, and what has come of it.
const RECIPES: [(&str, Play); 7] = [
    ("A player's sword is gone", a_lost_sword),
    ("A deploy wrote nonsense", a_bad_deploy),
    ("A record can't be read", a_damaged_record),
    ("A server died, and its players wait", a_dead_server),
    ("Redis came back empty", an_empty_store),
    ("The game moves house", a_move),
    ("Erase somebody for good", an_erasure),
];

fn the_recipes_of_the_operators_guide_do_what_they_say(folder: &Folder) {
    let mut recipes = Recipe::all();
    for (title, follow) in RECIPES {
        let at = recipes.iter().position(|recipe| recipe.title == title);
        let mut recipe = recipes.remove(at.unwrap_or_else(|| panic!("{title:?} is gone")));
        Raw::of(folder).wipe();
        follow(folder, &mut recipe);
        assert_eq!(recipe.lines, [""; 0], "{title}: it has more commands");
    }
    let titles: Vec<_> = recipes.iter().map(|recipe| &recipe.title).collect();
    assert_eq!(titles, [""; 0], "these are followed by nobody");
}

/// A recipe, and those of its commands that were not given yet.
struct Recipe {
    title: String,
    lines: VecDeque<String>,
}

impl Recipe {
    fn all() -> Vec<Self> {
        let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
        let guide = fs::read_to_string(guide).expect("the guide is there");
        let (_, recipes) = guide.split_once("### Recipes\n").expect("it has recipes");
        let (recipes, _) = recipes.split_once("\n## ").expect("it goes on");
        let recipes = recipes.split("\n#### ").skip(1);
        let recipes = recipes.map(|recipe| {
            let (title, text) = recipe.split_once('\n').expect("it has a title");
            let blocks = text.split("```sh\n").skip(1);
            let blocks = blocks.filter_map(|block| block.split("```").next());
            Self {
                title: title.to_owned(),
                lines: blocks.flat_map(str::lines).map(str::to_owned).collect(),
            }
        });
        recipes.collect()
    }

    /// Gives the next command, in a shell.
    #[track_caller]
    fn next(&mut self, folder: &Folder) -> Ended {
        let line = self.lines.pop_front().expect("it has one more command");
        let program = Path::new(env!("CARGO_BIN_EXE_playerdata"));
        let path = program.parent().expect("it is in a folder");
        let paths = std::env::var("PATH").unwrap_or_default();
        let store = folder.store().address().unwrap_or("sqlite:players.db");
        let mut shell: Command = folder.command("sh");
        shell
            .args(["-c", &line])
            .env("PATH", format!("{}:{paths}", path.display()))
            .env("PLAYERDATA_STORE", store)
            .env("NEW_STORE", "sqlite:new.db");
        let ended = Process::start(&mut shell).end();
        let may_fail = line.contains("# ends with 1 if");
        let code = i32::from(line.contains("# ends with 1:"));
        assert!(
            ended.code == Some(code) || may_fail && ended.code == Some(1),
            "{line}: {ended:#?}"
        );
        ended
    }

    /// Gives the next command, whose answer has these words in it, in whatever
    /// columns.
    #[track_caller]
    fn next_with(&mut self, folder: &Folder, words: &str) -> Ended {
        let ended = self.next(folder);
        let answers = ended.answers.join("\n");
        let answers: Vec<_> = answers.split_whitespace().collect();
        assert!(answers.join(" ").contains(words), "{words:?}: {ended:#?}");
        ended
    }
}

fn with_sword(currency: u64) -> serde_json::Value {
    let sword = json!({"Name": "Starter Sword", "ItemType": "Object", "Quantity": 1});
    json!({"Currency": currency, "Inventory": [sword], "GiftBank": {}})
}

fn without_sword(currency: u64) -> serde_json::Value {
    json!({"Currency": currency, "Inventory": [], "GiftBank": {}})
}

fn a_lost_sword(folder: &Folder, recipe: &mut Recipe) {
    let documents = [with_sword(1), with_sword(2), without_sword(3)];
    put_in_place(folder, &[Figure::new("7", documents)]);
    recipe.next_with(
        folder,
        "revision saved kept schema bytes 2 2026-02-28T12:00:00.000Z",
    );
    let found = recipe.next_with(folder, "Currency 2 → 3");
    let answers = found.answers.join("\n");
    assert!(answers.contains("Inventory[Starter Sword]"), "{answers}");
    recipe.next_with(folder, "letter sword-of-7 is sent");
    recipe.next_with(folder, "sword-of-7 operator.");
    let play = ["--player", "7"];
    let played = folder.run(&play, "claim sword-of-7\nitem 'Starter Sword'\n");
    assert!(played.answers[1].contains("\"Quantity\":1"), "{played:#?}");

    recipe.next_with(folder, "would restore revision 2 of Slot1 of player 7");
    recipe.next_with(folder, "Slot1 of player 7 is at revision 5");
    recipe.next_with(folder, "Currency 2");
    let versions = folder.json(0, &["versions", "7", "Slot1"]);
    assert_eq!(
        versions["versions"][0]["revision"],
        json!(4),
        "it can be undone"
    );
}

fn a_bad_deploy(folder: &Folder, recipe: &mut Recipe) {
    let nonsense = || json!({"Currency": "NaN"});
    let mut figures = vec![Figure::new("lucky", [rich(1), rich(2)])];
    for player in ["7", "8", "9"] {
        figures.push(Figure::new(player, [rich(1), rich(2), nonsense()]));
    }
    put_in_place(folder, &figures);
    recipe.next_with(folder, "3 slots would be restored, 1 untouched, 0 skipped");
    recipe.next_with(folder, "3 slots restored, 1 untouched, 0 skipped");
    recipe.next_with(folder, "4 players and 4 records checked: 0 faults");
    for player in ["7", "8", "9", "lucky"] {
        let shown = folder.json(0, &["show", player]);
        assert_eq!(shown["slots"][0]["document"]["Currency"], json!(2));
        assert_eq!(shown["lock"], json!(null));
    }
    // Who is held, or has no version from before, is left and told.
    Raw::of(folder).wipe();
    put_in_place(
        folder,
        &[
            Figure::new("held", [rich(1), rich(2), nonsense()]),
            Figure::new("new", [nonsense()]).later(2),
        ],
    );
    let mut play = folder.play(&["--player", "held", "--server", "busy"]);
    assert_eq!(play.ask("get Currency"), "\"NaN\"");
    let rewind = ["rewind", "--before", "2026-03-01 10:00:00", "--yes"];
    let left = folder.give(&rewind);
    assert_eq!(left.code, Some(1), "{left:#?}");
    assert_eq!(left.answers, ["0 slots restored, 0 untouched, 2 skipped"]);
    for told in [
        "skipped: player held, Slot1: ",
        "skipped: player new, Slot1: no version from before is kept",
    ] {
        assert!(left.messages.contains(told), "{left:#?}");
    }
    play.signal(Signal::KILL);
    play.ended();
    folder.json(0, &["free", "held", "--yes"]);
    for (restored, untouched) in [(1, 0), (0, 1)] {
        folder.write("names", "held\n");
        let again = folder.json(0, &[&rewind[..], &["--players", "names"]].concat());
        assert_eq!(again["restored"], json!(restored));
        assert_eq!(again["untouched"], json!(untouched), "it is made once");
    }
}

fn a_damaged_record(folder: &Folder, recipe: &mut Recipe) {
    put_in_place(folder, &[Figure::new("7", [rich(1), rich(2)])]);
    Raw::of(folder).damage("7", "Slot1", Damage::Foreign);
    folder.write("good.json", &rich(5).to_string());
    recipe.next_with(folder, "fault player 7, Slot1: ");
    recipe.next_with(folder, "It can't be read: ");
    recipe.next(folder);
    let damaged = fs::read(folder.path().join("damaged.bin")).expect("it was written");
    let damaged = String::from_utf8_lossy(&damaged);
    assert!(damaged.contains("another program's"), "{damaged}");
    recipe.next_with(folder, "Slot1 of player 7 is at revision");
    let shown = folder.json(0, &["show", "7"]);
    assert_eq!(shown["slots"][0]["document"], rich(5));
    recipe.next_with(folder, "Slot1 of player 7 is at revision");
    recipe.next_with(folder, "0 faults");
    for _ in 0..4 {
        recipe.next(folder);
    }
    let shown = folder.json(0, &["show", "7"]);
    assert_eq!(shown["slots"][0]["document"], rich(1));
}

fn a_dead_server(folder: &Folder, recipe: &mut Recipe) {
    let mut play = folder.play(&["--player", "7", "--server", "dead"]);
    assert_eq!(play.ask("save"), "saved revision 1");
    play.signal(Signal::KILL);
    play.ended();
    // As if it had died a minute ago.
    Raw::of(folder).lapse_leases();
    recipe.next_with(folder, "server dead");
    recipe.next_with(folder, "dead-lock");
    recipe.next_with(folder, "player 7 is free");
    recipe.next_with(folder, "player 7: free");
    let played = folder.run(&["--player", "7"], "get Currency\n");
    played.expect(0, &["500", "ended"]);
}

fn an_empty_store(folder: &Folder, recipe: &mut Recipe) {
    let figures = ["7", "8"].map(|player| Figure::new(player, [rich(1), rich(2)]));
    put_in_place(folder, &figures);
    recipe.next(folder);
    Raw::of(folder).wipe();
    recipe.next(folder);
    recipe.next_with(folder, "would import 2 players");
    recipe.next_with(folder, "2 players written, 0 already there");
    recipe.next_with(folder, "2 players and 2 records checked: 0 faults");
    let shown = folder.json(0, &["show", "8"]);
    assert_eq!(shown["slots"][0]["document"], rich(2));
    let versions = folder.json(0, &["versions", "8", "Slot1"]);
    assert_eq!(versions["versions"][0]["revision"], json!(1));
}

fn a_move(folder: &Folder, recipe: &mut Recipe) {
    let figures = ["7", "8"].map(|player| {
        Figure::new(player, [rich(1), rich(2)]).with_letter("gift", &json!({"Bread": 1}))
    });
    put_in_place(folder, &figures);
    recipe.next_with(folder, "would copy 2 players");
    recipe.next_with(folder, "2 players written, 0 already there");
    recipe.next_with(folder, "are the same");
    recipe.next_with(folder, "2 players and 2 records checked: 0 faults");
    let there = ["--store", "sqlite:new.db"];
    let mail = folder.json(0, &[&["mail", "8", "Slot1"], &there[..]].concat());
    assert_eq!(mail["letters"][0]["id"], json!("gift"));
    let versions = folder.json(0, &[&["versions", "8", "Slot1"], &there[..]].concat());
    assert_eq!(versions["versions"].as_array().map(Vec::len), Some(1));
}

fn an_erasure(folder: &Folder, recipe: &mut Recipe) {
    let secret = |currency: u64| json!({"Currency": currency, "Says": "my-very-own-words"});
    let figure = Figure::new("7", [secret(1), secret(2)]);
    let letter = json!({"Says": "my-very-own-letter"});
    let figures = [
        figure.with_letter("gift", &letter),
        Figure::new("other", [rich(1)]),
    ];
    put_in_place(folder, &figures);
    let raw = Raw::of(folder);
    for words in ["my-very-own-words", "my-very-own-letter"] {
        assert!(raw.has(words), "{words}");
    }
    recipe.next_with(folder, "would erase player 7, who has Slot1");
    recipe.next_with(folder, "player 7 is erased");
    for _ in 0..4 {
        recipe.next(folder);
    }
    assert!(!raw.has("my-very-own"), "it is nowhere in the store");
    let shown = folder.json(0, &["show", "other"]);
    assert_eq!(shown["slots"][0]["document"], rich(1));
}
