//! Lines that are not commands, and commands that are refused: each is
//! reported, loses nothing, and the game goes on.

use std::io::Write;

use playerdata_process::Folder;

use crate::game::Play as _;

#[test]
fn a_line_that_makes_no_sense_is_answered_with_an_error() {
    let folder = Folder::new();
    let mut play = folder.play(&[]);
    for (line, told) in [
        ("gte Currency", "error: \"gte\" is not a command"),
        ("get", "error: usage: get KEY [SUB]"),
        ("set Currency five", "error: five is not JSON"),
        ("set Currency {\"a\": ", "error: {\"a\": is not JSON"),
        ("inc Currency lots", "error: \"lots\" is not a number"),
        ("add Health Potion 3", "in quotes"),
        ("add Bread -3", "is not a whole number"),
        ("item 'Bread", "error: a quote is not closed"),
        ("load ../../etc", "is not a valid slot name"),
        ("\u{1b}[31mget\u{7}", "is not a command"),
    ] {
        let answer = play.ask(line);
        assert!(
            answer.starts_with("error: ") && answer.contains(told),
            "{line}: {answer}"
        );
    }
    assert_eq!(play.ask("get Currency"), "500");
    play.end().expect(0, &["ended"]);
}

#[test]
fn a_refused_command_says_why_and_changes_nothing() {
    let folder = Folder::new();
    let mut play = folder.play(&[]);
    let before = play.ask("show");
    for (line, told) in [
        ("get Nothing", "there is no Nothing"),
        ("get Currency Sub", "not a table"),
        ("set Nothing 5", "new attributes are not allowed"),
        ("set Inventory []", "is a core value"),
        ("set Currency -1", "below zero"),
        ("dec Currency 501", "below zero"),
        ("inc Currency 1.5", "not a whole number"),
        ("inc Currency 18446744073709551615", "would overflow"),
        ("inc Inventory 1", "core value"),
        ("remove Bread 6", "there are 5"),
        ("remove Cake 1", "there are 0"),
        ("add Bread 18446744073709551615", "would overflow"),
        ("add Bread 1 Weapon", "its ItemType is"),
        ("item Cake", "there is no item \"Cake\""),
        ("item Bread Smell", "has no field"),
        ("edit Bread Quantity 0", "whole number above 0"),
        (
            "edit Bread Name \"Starter Sword\"",
            "there is an item of that name",
        ),
    ] {
        let answer = play.ask(line);
        assert!(
            answer.starts_with("error: ") && answer.contains(told),
            "{line}: {answer}"
        );
    }
    assert_eq!(play.ask("show"), before);
    play.end().expect(0, &["ended"]);
}

#[test]
fn empty_lines_and_comments_get_no_answer() {
    let ended = Folder::new().run(&[], "\n  \n# get Currency\r\n\nget Level\r\n");
    ended.expect(0, &["1", "ended"]);
}

#[test]
fn a_line_that_is_too_long_is_refused_whole_and_the_next_is_read() {
    let folder = Folder::new();
    let long = "x".repeat(1 << 20);
    let input = format!("set Currency \"{long}\"\nget Currency\n{long}");
    let refusal = "error: the line is longer than 65536 bytes";
    folder
        .run(&[], input)
        .expect(0, &[refusal, "500", refusal, "ended"]);
}

#[test]
fn a_line_that_is_no_text_is_refused_and_the_next_is_read() {
    let folder = Folder::new();
    let mut play = folder.play(&[]);
    play.input()
        .write_all(b"set Currency \"\xff\xfe\"\n")
        .unwrap();
    assert_eq!(play.answer(), "error: the line is not UTF-8 text");
    assert_eq!(play.ask("get Currency"), "500");
}

#[test]
fn an_answer_is_one_line_whatever_is_in_the_value() {
    let folder = Folder::new();
    let mut play = folder.play(&[]);
    let answer = play.ask(r#"set EquippedItems Weapon "a\nb\u001b[31m\u2028""#);
    assert!(answer.starts_with("\"a\\nb\\u001b[31m"), "{answer}");
    assert_eq!(play.ask("get Level"), "1");
}

#[test]
fn random_bytes_never_end_the_game_in_any_other_way_than_well() {
    // The middle square of Weyl's sequence: the same bytes in every run.
    let (mut square, mut weyl) = (0_u64, 0_u64);
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        weyl = weyl.wrapping_add(0xb5ad_4ece_da1c_e2a9);
        square = square
            .wrapping_mul(square)
            .wrapping_add(weyl)
            .rotate_left(32);
        square.to_le_bytes()
    })
    .take(20_000)
    .flatten()
    .collect();
    let ended = Folder::new().run(&["--store", "memory:"], bytes);
    assert_eq!(ended.code, Some(0), "{}", ended.messages);
    assert_eq!(ended.answers.last().unwrap(), "ended");
}
