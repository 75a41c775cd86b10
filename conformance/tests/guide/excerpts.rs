//! The code in the guide that is not compiled there is compiled elsewhere.

use std::fs;

use crate::{docs, guide};

/// Excerpts of sources: blocks that begin with a comment that names a file.
/// All other blocks of Rust are compiled as tests of the documentation.
fn excerpts(guide: &str) -> Vec<(&str, &str)> {
    let blocks = guide.split("```rs\n// ").skip(1);
    let excerpts = blocks.map(|block| {
        let (block, _) = block.split_once("\n```").expect("a block ends");
        block.split_once('\n').expect("an excerpt has lines")
    });
    excerpts.collect()
}

/// Lines without their indentation.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).collect()
}

#[test]
fn every_excerpt_is_in_the_file_it_names_word_for_word() {
    let guide = guide();
    let found = excerpts(&guide);
    let blocks = guide.matches("```rs\n").count();
    assert!(blocks > 0 && blocks == found.len(), "each names a file");
    for (file, excerpt) in found {
        let source = fs::read_to_string(docs().join("..").join(file)).expect(file);
        let (source, excerpt) = (lines(&source), lines(excerpt));
        let there = source
            .windows(excerpt.len())
            .any(|window| window == excerpt);
        assert!(there, "not in {file}:\n{}", excerpt.join("\n"));
    }
}

#[test]
fn every_file_that_the_guide_links_to_is_there() {
    let guide = guide();
    let targets = guide.split("](").skip(1).filter_map(|rest| {
        let (target, _) = rest.split_once(')')?;
        (!target.contains("://") && !target.starts_with('#')).then_some(target)
    });
    for target in targets {
        let file = target.split('#').next().unwrap_or(target);
        assert!(docs().join(file).exists(), "{target} is not there");
    }
}
